//! The tolerance, found by growing with one after another.

use super::Reference;
use super::flood::Surroundings;

/// Steps from 0 to 100 %.
const STEPS: usize = 200;

/// How large a region is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeAt {
    /// With this tolerance.
    pub tolerance: f32,
    /// Its voxels, before gaps are closed.
    pub voxels: usize,
}

/// The last tolerance before the region has more than `most` voxels, its region, and all sizes until
/// then. Where even the smallest tolerance is too much, the seeds alone.
pub(super) fn before_the_elbow(
    part: &Surroundings,
    reference: Reference,
    most: usize,
) -> (f32, Vec<usize>, Vec<SizeAt>) {
    let mut kept = (0.0, part.seeds.clone());
    let mut sizes = Vec::new();
    for step in 0..=STEPS {
        let tolerance = step as f32 / STEPS as f32;
        let region = part.flood(reference, tolerance, most);
        sizes.push(SizeAt {
            tolerance,
            voxels: region.len(),
        });
        if region.len() > most {
            break;
        }
        kept = (tolerance, region);
    }
    (kept.0, kept.1, sizes)
}
