//! A mask as runs of voxels: short in a message and in a file.

use serde::{Deserialize, Serialize};

/// The most voxels of a mask: a sphere of 60 mm in voxels of half a millimetre has 0.9 million.
const MOST_VOXELS: usize = 1_000_000;

/// Pairs of first offset and length, ascending, with gaps between.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Runs(Vec<usize>);

/// Numbers that are no mask of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunsError {
    #[error("{0} numbers are no pairs of first voxel and length")]
    Odd(usize),
    #[error(
        "run {run} begins at {start}, within or before the one before it; expected ascending runs"
    )]
    Order { run: usize, start: usize },
    #[error(
        "run {run} ends at voxel {end}, and the scan has {voxels}; the mask belongs to another scan"
    )]
    Outside {
        run: usize,
        end: usize,
        voxels: usize,
    },
    #[error("more than {MOST_VOXELS} voxels; mark one lesion at a time")]
    TooMany,
}

impl Runs {
    /// Of offsets in any order.
    #[must_use]
    pub fn of(offsets: &[usize]) -> Self {
        let mut sorted = offsets.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut runs: Vec<usize> = Vec::new();
        for offset in sorted {
            match runs.last_chunk_mut::<2>() {
                Some([start, length]) if *start + *length == offset => *length += 1,
                _ => runs.extend([offset, 1]),
            }
        }
        Self(runs)
    }

    /// The offsets, ascending, in a scan of so many voxels.
    ///
    /// # Errors
    /// [`RunsError`].
    pub fn offsets(&self, voxels: usize) -> Result<Vec<usize>, RunsError> {
        let (pairs, rest) = self.0.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(RunsError::Odd(self.0.len()));
        }
        let mut offsets = Vec::new();
        let mut next = 0;
        for (run, &[start, length]) in pairs.iter().enumerate() {
            if start < next || length == 0 {
                return Err(RunsError::Order { run, start });
            }
            let end = start.saturating_add(length);
            if end > voxels {
                return Err(RunsError::Outside { run, end, voxels });
            }
            if offsets.len() + length > MOST_VOXELS {
                return Err(RunsError::TooMany);
            }
            offsets.extend(start..end);
            next = end;
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_mask_is_said_so() {
        let offsets = |runs: &[usize]| Runs(runs.to_vec()).offsets(10);
        assert_eq!(offsets(&[2, 3, 7, 3]), Ok(vec![2, 3, 4, 7, 8, 9]));
        assert_eq!(offsets(&[2]), Err(RunsError::Odd(1)));
        assert_eq!(
            offsets(&[2, 3, 4, 1]),
            Err(RunsError::Order { run: 1, start: 4 })
        );
        assert_eq!(offsets(&[2, 0]), Err(RunsError::Order { run: 0, start: 2 }));
        let outside = RunsError::Outside {
            run: 0,
            end: 11,
            voxels: 10,
        };
        assert_eq!(offsets(&[8, 3]), Err(outside));
        let endless = Runs(vec![1, usize::MAX]).offsets(usize::MAX);
        assert_eq!(endless, Err(RunsError::TooMany));
    }

    proptest! {
        #[test]
        fn runs_lead_back(offsets in proptest::collection::btree_set(0usize..300, 0..80)) {
            let sorted: Vec<usize> = offsets.into_iter().collect();
            prop_assert_eq!(Runs::of(&sorted).offsets(300), Ok(sorted));
        }
    }
}
