//! A brain without a head gets sides, fluid, a skull and a scalp.

use crate::head::HeadError;
use nalgebra::{Matrix3, Vector3};
use siderin_core::regions::{Side, Structure};
use siderin_image::preprocess::distance_to_mm;
use siderin_image::volume::{Grid, Volume, VoxelPoint, canonical_orientation};

/// Room around the brain in voxels.
const MARGIN: usize = 24;
/// Sulci narrower than twice this are fluid.
const CLOSING_MM: f32 = 8.0;
/// Codes of the layers around that, and where each ends in mm.
const LAYERS: [(u16, f32); 4] = [(24, 1.5), (515, 4.0), (516, 7.5), (507, 12.0)];
const SKIN: (u16, f32) = (511, 14.0);

/// Codes with sides, in a head.
pub(super) fn with_skull(map: &Volume<f32>) -> Result<Volume<f32>, HeadError> {
    let labels = map
        .to_labels()
        .map_err(|value| HeadError::NotALabel { value })?;
    let (labels, _) = canonical_orientation(&labels)?;
    let labels = with_room(&labels)?;
    let brain = labels.map(|code| Structure::of_aseg(code).is_some());
    let midline = midline(&brain).ok_or(HeadError::NoBrain { voxels: 0 })?;
    // What is farther from all that is farther than this from the brain lies in none of its gaps.
    let around = distance_to_mm(&brain);
    let far = distance_to_mm(&around.map(|mm| mm > CLOSING_MM));
    let closed = far.map(|mm| mm > CLOSING_MM);
    let outside = distance_to_mm(&closed);
    let grid = labels.grid();
    let mut made = Volume::filled(grid, 0.0f32);
    for (offset, value) in made.voxels_mut().iter_mut().enumerate() {
        let code = match Structure::of_aseg(labels.voxels()[offset]) {
            Some((structure, _)) => {
                let at = grid.to_world(VoxelPoint::center_of(grid.index(offset))).0;
                let right = at.x > midline.dot(&Vector3::new(1.0, at.y, at.z));
                let side = if right { Side::Right } else { Side::Left };
                sided(labels.voxels()[offset], structure, side)
            }
            None => {
                let mm = outside.voxels()[offset];
                let layers = LAYERS.iter().chain([&SKIN]);
                let mut within = layers.filter(|(_, end)| mm <= *end);
                within.next().map_or(0, |(code, _)| *code)
            }
        };
        *value = f32::from(code);
    }
    Ok(made)
}

/// The code of the side; the kinds that a structure joins stay apart.
fn sided(code: u16, structure: Structure, side: Side) -> u16 {
    match (code, side) {
        (7, Side::Left) | (14..=16 | 24, _) => code,
        (7, Side::Right) => 46,
        _ => structure.aseg(side),
    }
}

fn with_room(labels: &Volume<u16>) -> Result<Volume<u16>, HeadError> {
    let shape = labels.shape();
    let grid = labels.grid();
    let back = Vector3::repeat(-(MARGIN as f64));
    let affine = grid.world_from_voxel() * nalgebra::Matrix4::new_translation(&back);
    let grown = Grid::new(shape.map(|n| n + 2 * MARGIN), affine)?;
    Ok(Volume::from_fn(&grown, |index| {
        let inside = (0..3).all(|a| (MARGIN..MARGIN + shape[a]).contains(&index[a]));
        if inside {
            labels.at(index.map(|i| i - MARGIN))
        } else {
            0
        }
    }))
}

/// The plane x = m\[0\] + m\[1\]·y + m\[2\]·z in world mm, by least squares through the middles of the rows.
fn midline(brain: &Volume<bool>) -> Option<Vector3<f64>> {
    let grid = brain.grid();
    let [nx, ny, _] = brain.shape();
    let (mut normal, mut target) = (Matrix3::zeros(), Vector3::zeros());
    for (number, row) in brain.voxels().chunks_exact(nx).enumerate() {
        let inside: Vec<usize> = (0..nx).filter(|at| row[*at]).collect();
        const LEAST_ROW: usize = 40;
        if inside.len() < LEAST_ROW {
            continue;
        }
        let mean = inside.iter().sum::<usize>() as f64 / inside.len() as f64;
        let (j, k) = (number % ny, number / ny);
        let at = grid.to_world(VoxelPoint::new(mean, j as f64, k as f64)).0;
        let basis = Vector3::new(1.0, at.y, at.z);
        normal += basis * basis.transpose();
        target += basis * at.x;
    }
    normal.try_inverse().map(|inverse| inverse * target)
}
