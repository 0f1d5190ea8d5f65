//! The head that needs no file.

use super::labels::{Head, HeadError};
use siderin_image::scan::{ReadLimits, nifti};

/// The average of nine label maps and their mirror images, made by
/// `reproduce/src/bin/average_head.rs`.
const AVERAGE: &[u8] = include_bytes!("average_head.nii.gz");

impl Head {
    /// The head that is built in: an average of the nine training maps, with a smooth cortex
    /// and without what differs from person to person.
    ///
    /// # Errors
    /// None in practice: the embedded map is tested.
    pub fn builtin() -> Result<Self, HeadError> {
        match nifti::read_volume_from_bytes(AVERAGE, None, ReadLimits::default()) {
            Ok((_, map, _)) => Self::from_map(&map),
            Err(_) => Err(HeadError::NoBrain { voxels: 0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Tissue, tissue_of};

    #[test]
    fn it_has_a_brain_in_a_skull() {
        let head = Head::builtin().unwrap();
        let count = |tissue: Tissue| {
            let labels = head.labels().voxels();
            labels
                .iter()
                .filter(|&&code| tissue_of(code) == tissue)
                .count()
        };
        // In ml at 1 mm; adults have 400 to 600 of white matter and of cortex.
        assert!((350_000..700_000).contains(&count(Tissue::White)));
        assert!((350_000..700_000).contains(&count(Tissue::Cortex)));
        assert!(count(Tissue::CorticalBone) > 200_000);
        assert!(AVERAGE.len() < 1_000_000);
    }
}
