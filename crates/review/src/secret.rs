//! Random names.

use std::fmt::Write;

/// 32 hexadecimal digits that nobody can guess.
///
/// # Panics
/// Without a source of randomness: then nothing may be served.
pub(crate) fn random_name() -> String {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes.iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// Whether two secrets are the same; takes as long for every wrong one of this length.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let different = |different: u8, (a, b): (u8, u8)| different | (a ^ b);
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, different) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_new_and_compare() {
        let [a, b] = [random_name(), random_name()];
        assert_eq!((a.len(), b.len()), (32, 32));
        assert_ne!(a, b);
        assert!(is_same(&a, &a.clone()) && !is_same(&a, &b) && !is_same(&a, &a[1..]));
    }
}
