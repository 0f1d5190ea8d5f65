//! What is done to a region before it is a mask.

use super::flood::Surroundings;
use siderin_image::preprocess::{Connectivity, close, connected_components, fill_holes};
use siderin_image::volume::Volume;

/// Dilations, and as many erosions.
const CLOSINGS: usize = 2;

/// Gaps closed, holes filled, one component: that with the most seeds, the first of equals.
pub(super) fn tidy(part: &Surroundings, region: &[usize]) -> Volume<bool> {
    let mut mask = Volume::filled(part.image.grid(), false);
    for &offset in region {
        mask.voxels_mut()[offset] = true;
    }
    let whole = fill_holes(&close(&mask, Connectivity::Six, CLOSINGS));
    let (labels, count) = connected_components(&whole, Connectivity::Six);
    let mut seeds = vec![0usize; count + 1];
    for &seed in &part.seeds {
        seeds[labels.voxels()[seed] as usize] += 1;
    }
    let kept = (1..=count).rev().max_by_key(|&label| seeds[label]);
    labels.map(|label| Some(label as usize) == kept)
}
