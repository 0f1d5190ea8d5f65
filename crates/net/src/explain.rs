//! Where a network looked for each lesion: Grad-CAM of its last block, on the scan's grid.
//!
//! A network of candidates has its own ([`crate::CandidateDetector::heat`]), at half the pixels of its fine view.

use crate::detect::{Detection, Detector, EXPLAINED};
use crate::tiling::{Heat, Stack};
use nalgebra::Matrix4;
use siderin_core::lesion::{Lesion, label_volume};
use siderin_image::volume::{Interpolation, ResampleError, Volume, resample, resample_nearest};

/// For each lesion, the features that go into the last block are weighed by how much the lesion's
/// logits grow with them, and added; what is above zero is scaled to 1 at its largest. The map holds
/// the highest of these over the first [`EXPLAINED`] lesions, on the scan's grid. None where no
/// network ran.
///
/// # Errors
/// When the scan's grid cannot be reached from the network's.
pub fn heat_map(
    detector: &Detector,
    detection: &Detection,
) -> Result<Option<Volume<f32>>, ResampleError> {
    let Some(maps) = &detection.found.maps else {
        return Ok(None);
    };
    let (native, same) = (detection.found.brain.grid(), Matrix4::identity());
    let working = maps.prepared.brain.grid();
    let labels = resample_nearest(
        &label_volume(native, &detection.found.lesions),
        working,
        &same,
        0,
    )?;
    let images: Vec<Vec<f32>> = maps
        .prepared
        .images
        .iter()
        .map(|image| image.voxels().to_vec())
        .collect();
    let predictor = detector.predictor();
    let stack = Stack::new(&images, maps.prepared.brain.voxels(), working.shape());
    let pass = predictor.pass(stack);
    let explain = predictor.network().explain(&pass);
    let lesions = &detection.found.lesions[..detection.found.lesions.len().min(EXPLAINED)];
    let mut heat = Volume::filled(working, 0f32);
    for (lesion, marked) in lesions.iter().zip(marked_voxels(lesions, &labels)) {
        let marked = if marked.is_empty() {
            // Smaller than the network's voxels.
            let at = working.to_voxel(lesion.center_world);
            vec![working.offset(working.nearest_inside(at))]
        } else {
            marked
        };
        let mut own = vec![0f32; working.voxel_count()];
        predictor.compute().scope(|| {
            explain(Heat {
                marked: &marked,
                values: &mut own,
            });
        });
        let most = own.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            for (all, own) in heat.voxels_mut().iter_mut().zip(own) {
                *all = all.max(own / most);
            }
        }
    }
    resample(&heat, native, &same, Interpolation::Linear, 0.0).map(Some)
}

/// The voxels of each lesion on the network's grid, by the lesions' order, which is their labels'.
fn marked_voxels(lesions: &[Lesion], labels: &Volume<u16>) -> Vec<Vec<usize>> {
    let mut marked = vec![Vec::new(); lesions.len()];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        let lesion = usize::from(label).checked_sub(1);
        if let Some(voxels) = lesion.and_then(|at| marked.get_mut(at)) {
            voxels.push(offset);
        }
    }
    marked
}
