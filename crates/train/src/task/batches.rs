//! Batches of patches, cut from prepared scans.

use crate::data::{PreparedFileError, Store};
use crate::loader::Maker;
use crate::objective::PatchBatch;
use crate::sample::{Sample, SampleDraw, Sampler, Walk, cut, offset_of};
use siderin_net::architectures::place;
use std::sync::Arc;

/// Makes batches, the same for everyone who asks. With `shows_places` each voxel's place in the head goes along, as
/// the network of regions takes it.
pub(super) fn maker(store: &Arc<Store>, sampler: Sampler, shows_places: bool) -> Maker<PatchBatch> {
    let store = Arc::clone(store);
    let mut order = sampler.walk();
    Box::new(move |number| make_batch(&store, &sampler, shows_places, &mut order, number))
}

fn make_batch(
    store: &Store,
    sampler: &Sampler,
    shows_places: bool,
    order: &mut Walk,
    number: u64,
) -> Result<PatchBatch, PreparedFileError> {
    let config = sampler.config();
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    let mut channels = 0;
    for at in 0..config.batch as u64 {
        let index = number * config.batch as u64 + at;
        let at = order.of(index);
        let material = store.material(at.0)?;
        let draw = sampler.draw(index, at, &material);
        let sample: Sample = cut(&material, config.size, &draw);
        images.extend(sample.images);
        channels = material.images.len();
        if shows_places {
            let places = places_of(&draw, config.size, material.shape);
            channels += places.len();
            images.extend(places.into_iter().flatten());
        }
        classes.extend(sample.classes);
    }
    let [d, h, w] = config.size;
    Ok(PatchBatch {
        number,
        images,
        classes,
        shape: [config.batch, channels, d, h, w],
    })
}

/// The [`place`] of each voxel of a sample, an image for each axis. A turned or stretched sample counts as
/// one that was scanned so: places are straight.
fn places_of(draw: &SampleDraw, size: [usize; 3], shape: [usize; 3]) -> [Vec<f32>; 3] {
    let voxels: usize = size.iter().product();
    let places: Vec<[f32; 3]> = (0..voxels)
        .map(|at| {
            let offset = offset_of(at, size);
            let voxel = |axis: usize| (draw.middle[axis] + offset[axis] as f64) as f32;
            place([0, 1, 2].map(voxel), shape)
        })
        .collect();
    [0, 1, 2].map(|axis| places.iter().map(|place| place[axis]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::AugmentDraw;

    #[test]
    fn places_of_a_sample_are_those_of_its_voxels() {
        let draw = SampleDraw {
            middle: [5.0, 10.0, 29.0],
            augment: AugmentDraw::default(),
        };
        let [slices, rows, columns] = places_of(&draw, [2, 4, 6], [10, 20, 30]);
        // The middle is voxel (1, 2, 3) of the sample. The first one is (2, 8, 28) of the scan: 2 slices below
        // its end, 2 rows behind and 3 columns left of its middle; the last one (7, 11, 29).
        let of = |at: usize| [slices[at], rows[at], columns[at]];
        assert_eq!(of(0), [-2.0, -2.0, -3.0].map(|steps| steps / 50.0));
        assert_eq!(of(47), [-1.0, 1.0, 2.0].map(|steps| steps / 50.0));
    }
}
