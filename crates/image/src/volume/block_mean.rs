//! Coarser grids by averaging.

use super::{Grid, GridError, Volume};
use nalgebra::{Matrix4, Vector3, Vector4};
use rayon::prelude::*;

/// Averages blocks of `factor` voxels per axis; what does not fill a block at the far end
/// of an axis is averaged over the voxels there are, except that an axis always keeps at
/// least one block. Each coarse voxel's centre is the centre of its full block, so world
/// positions are kept.
///
/// # Errors
/// When the coarse grid would be impossible, which an existing grid rules out.
pub fn block_mean(volume: &Volume<f32>, factor: [usize; 3]) -> Result<Volume<f32>, GridError> {
    let shape = volume.shape();
    let factor: [usize; 3] = std::array::from_fn(|a| factor[a].clamp(1, shape[a]));
    let coarse_shape: [usize; 3] = std::array::from_fn(|a| shape[a].div_ceil(factor[a]));
    let stretch = Vector3::from_fn(|a, _| factor[a] as f64);
    let shift = stretch.map(|f| (f - 1.0) / 2.0);
    let fine_from_coarse = Matrix4::new_translation(&shift)
        * Matrix4::from_diagonal(&Vector4::new(stretch.x, stretch.y, stretch.z, 1.0));
    let grid = Grid::new(
        coarse_shape,
        volume.grid().world_from_voxel() * fine_from_coarse,
    )?;

    let mut coarse = Volume::filled(&grid, 0.0f32);
    let plane = coarse_shape[0] * coarse_shape[1];
    coarse
        .voxels_mut()
        .par_chunks_mut(plane)
        .enumerate()
        .for_each(|(k, out)| {
            let slices = k * factor[2]..((k + 1) * factor[2]).min(shape[2]);
            for fine_k in slices.clone() {
                for j in 0..shape[1] {
                    let start = volume.grid().offset([0, j, fine_k]);
                    let row = &volume.voxels()[start..start + shape[0]];
                    let out_row = &mut out[j / factor[1] * coarse_shape[0]..][..coarse_shape[0]];
                    for (block, sum) in row.chunks(factor[0]).zip(out_row) {
                        *sum += block.iter().sum::<f32>();
                    }
                }
            }
            for (index, sum) in out.iter_mut().enumerate() {
                let (i, j) = (index % coarse_shape[0], index / coarse_shape[0]);
                let wide = factor[0].min(shape[0] - i * factor[0]);
                let high = factor[1].min(shape[1] - j * factor[1]);
                *sum /= (wide * high * slices.len()) as f32;
            }
        });
    Ok(coarse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::VoxelPoint;

    #[test]
    fn averages_blocks_and_keeps_positions() {
        // Along x: 0 1 2 3 4; blocks of two average to 0.5, 2.5 and the single 4.
        let grid = Grid::axis_aligned([5, 2, 1], [1.0, 1.0, 3.0]).unwrap();
        let ramp = Volume::from_fn(&grid, |[i, _, _]| i as f32);
        let coarse = block_mean(&ramp, [2, 2, 4]).unwrap();
        assert_eq!(coarse.shape(), [3, 1, 1]);
        assert_eq!(coarse.voxels(), [0.5, 2.5, 4.0]);
        assert_eq!(coarse.grid().spacing_mm(), [2.0, 2.0, 3.0]);
        // The first block covers voxels 0 and 1 of x and y: its centre is at 0.5 mm.
        let first = coarse.grid().to_world(VoxelPoint::center_of([0, 0, 0]));
        assert_eq!(first.to_array(), [0.5, 0.5, 0.0]);
    }
}
