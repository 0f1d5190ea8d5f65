//! Slices must be as long as sizes say.

/// Sizes that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SizeError {
    #[error("{what} has {found} values, and its sizes ask for {expected}")]
    Length {
        what: &'static str,
        found: usize,
        expected: usize,
    },
    #[error(
        "{0}: every output must have a place, channels must be a multiple of the groups, and all must \
         fit into memory"
    )]
    Impossible(String),
}

/// # Errors
/// When the slice is longer or shorter than expected.
pub(crate) fn check_length(
    what: &'static str,
    slice: &[f32],
    expected: usize,
) -> Result<(), SizeError> {
    let found = slice.len();
    if found == expected {
        return Ok(());
    }
    Err(SizeError::Length {
        what,
        found,
        expected,
    })
}

/// The number of values of such sizes.
///
/// # Errors
/// When it is more than a slice can have.
pub(crate) fn product(sizes: &[usize]) -> Result<usize, SizeError> {
    sizes
        .iter()
        .try_fold(1usize, |all, size| all.checked_mul(*size))
        .filter(|all| isize::try_from(*all).is_ok())
        .ok_or_else(|| SizeError::Impossible(format!("{sizes:?} values")))
}
