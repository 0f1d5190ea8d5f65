//! What the network of structures says of a head, voxel by voxel.

use super::RegionError;
use crate::architectures::{
    COORDINATE_UNIT_MM, CUBE, STRUCTURE_CLASSES, STRUCTURE_LOGITS, STRUCTURE_STRIDE, StructureUnet,
};
use crate::compute::Compute;
use crate::tiling::{Cut, floats, tile_starts};
use nalgebra::Vector3;
use rayon::prelude::*;
use siderin_core::regions::{MniFrame, Side, Structure, structure_middles};
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};

/// A head by its structures, on the grid of its view.
#[derive(Debug, Clone)]
pub(super) struct StructureMap {
    /// Probability of brain tissue or fluid inside the skull.
    pub(super) inside: Volume<f32>,
    /// Probability of brain tissue.
    pub(super) tissue: Volume<f32>,
    /// The likeliest [`Structure::code`] of every voxel, in the brain or not.
    pub(super) code: Volume<u8>,
    /// Places of cubes in the brain: world mm, MNI mm.
    places: Vec<(Vector3<f64>, Vector3<f64>)>,
}

/// Larger views are looked at in parts, each voxel in the part whose middle is closest.
const MOST_VOXELS: usize = 128;
const OVERLAP: f64 = 0.25;

impl StructureMap {
    /// Looks at a head's view.
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub(super) fn of(
        network: &StructureUnet,
        view: &Volume<f32>,
        compute: &Compute,
    ) -> Result<Self, RegionError> {
        let grid = view.grid();
        let [nx, ny, nz] = view.shape();
        let volume = [nz, ny, nx];
        let tile = volume.map(|n| n.min(MOST_VOXELS).next_multiple_of(STRUCTURE_STRIDE));
        let starts: [Vec<usize>; 3] =
            std::array::from_fn(|a| tile_starts(volume[a], tile[a].min(volume[a]), OVERLAP));
        let mut map = Self {
            inside: Volume::filled(grid, 0.0),
            tissue: Volume::filled(grid, 0.0),
            code: Volume::filled(grid, 0),
            places: Vec::new(),
        };
        let mut closeness = vec![0u32; grid.voxel_count()];
        let images = [view.voxels().to_vec()];
        for &k in &starts[0] {
            for &j in &starts[1] {
                for &i in &starts[2] {
                    let start = [k, j, i];
                    let cut = Cut {
                        start,
                        tile,
                        volume,
                    };
                    let logits = compute
                        .scope(|| floats(network.logits(cut.take(&images, compute.device()))));
                    if !logits.iter().all(|z| z.is_finite()) {
                        return Err(RegionError::Diverged);
                    }
                    map.take(&logits, start, tile, &mut closeness);
                }
            }
        }
        Ok(map)
    }

    /// Takes what a part says of those voxels that no part before it had closer to its middle.
    fn take(&mut self, logits: &[f32], start: [usize; 3], tile: [usize; 3], closeness: &mut [u32]) {
        let [nx, ny, nz] = self.inside.shape();
        let cubes = tile.map(|n| n / 2);
        let [_, h, w] = cubes;
        let planes = cubes.iter().product::<usize>();
        let voxels: Vec<(f32, f32, u8)> = (0..tile[0] * tile[1])
            .into_par_iter()
            .flat_map_iter(|row| {
                let (z, y) = (row / tile[1], row % tile[1]);
                (0..tile[2]).map(move |x| {
                    let place = z % 2 * 4 + y % 2 * 2 + x % 2;
                    let cube = (z / 2 * h + y / 2) * w + x / 2;
                    voxel(|number| logits[(number * CUBE + place) * planes + cube])
                })
            })
            .collect();
        // How many voxels from the part's nearest end, and one: 0 is for what no part has seen.
        let from_end = |at: usize, axis: usize| at.min(tile[axis] - 1 - at) as u32 + 1;
        for (at, (inside, tissue, code)) in voxels.into_iter().enumerate() {
            let part = [
                at / (tile[1] * tile[2]),
                at / tile[2] % tile[1],
                at % tile[2],
            ];
            let [k, j, i] = std::array::from_fn(|a| start[a] + part[a]);
            if k >= nz || j >= ny || i >= nx {
                continue;
            }
            let offset = self.inside.grid().offset([i, j, k]);
            let close = (0..3).map(|a| from_end(part[a], a)).min().unwrap_or(1);
            if close > closeness[offset] {
                closeness[offset] = close;
                self.inside.voxels_mut()[offset] = inside;
                self.tissue.voxels_mut()[offset] = tissue;
                self.code.voxels_mut()[offset] = code;
            }
        }
        let first = (STRUCTURE_LOGITS - 3) * planes;
        for cube in 0..planes {
            let [k, j, i] = [cube / (h * w), cube / w % h, cube % w];
            let index = [start[2] + 2 * i, start[1] + 2 * j, start[0] + 2 * k];
            let seen = index[0] < nx && index[1] < ny && index[2] < nz;
            if seen && self.inside.at(index) >= 0.5 {
                let [x, y, z] = index.map(|n| n as f64 + 0.5);
                let world = self.inside.grid().to_world(VoxelPoint::new(x, y, z));
                let mni = Vector3::from_fn(|a, _| {
                    f64::from(logits[first + a * planes + cube] * COORDINATE_UNIT_MM)
                });
                self.places.push((world.0.coords, mni));
            }
        }
    }

    /// The head's place in MNI space: by the middles of its structures where enough of them are seen whole, else by
    /// the places of all that is seen. `None` where hardly anything is.
    pub(super) fn frame(&self) -> Option<MniFrame> {
        MniFrame::of_middles(&structure_middles(&self.whole_structures()))
            .or_else(|| fit(&self.places))
    }

    /// Codes of the brain without the structures that the field of view cuts.
    fn whole_structures(&self) -> Volume<u8> {
        let codes = self.brain_codes();
        let shape = codes.shape();
        let mut cut = [false; 256];
        let edge = |index: [usize; 3]| (0..3).any(|a| index[a] == 0 || index[a] + 1 == shape[a]);
        for (offset, code) in codes.voxels().iter().enumerate() {
            cut[usize::from(*code)] |= edge(codes.grid().index(offset));
        }
        codes.map(|code| if cut[usize::from(code)] { 0 } else { code })
    }

    /// [`Structure::code`]s of the brain, 0 elsewhere.
    pub(super) fn brain_codes(&self) -> Volume<u8> {
        let mut codes = self.code.clone();
        for (code, inside) in codes.voxels_mut().iter_mut().zip(self.inside.voxels()) {
            if *inside < 0.5 {
                *code = 0;
            }
        }
        codes
    }
}

/// Of one voxel, from its logits by their number: probability that it lies inside, that it is tissue, and its likeliest
/// structure.
fn voxel(logit: impl Fn(usize) -> f32) -> (f32, f32, u8) {
    let most = (0..STRUCTURE_CLASSES)
        .map(&logit)
        .fold(f32::NEG_INFINITY, f32::max);
    let (mut total, mut inside, mut tissue) = ((logit(0) - most).exp(), 0.0, 0.0);
    let mut likeliest = Structure::OuterFluid;
    for structure in Structure::ALL {
        let p = (logit(structure as usize) - most).exp();
        total += p;
        inside += p;
        if !structure.is_fluid() {
            tissue += p;
        }
        if logit(structure as usize) > logit(likeliest as usize) {
            likeliest = structure;
        }
    }
    let side = if logit(STRUCTURE_CLASSES) > 0.0 {
        Side::Right
    } else {
        Side::Left
    };
    (inside / total, tissue / total, likeliest.code(side))
}

/// The affine map that takes places to their MNI places, by least squares; once more without those that it has wrong by
/// more than twice the usual.
fn fit(places: &[(Vector3<f64>, Vector3<f64>)]) -> Option<MniFrame> {
    const LEAST_PLACES: usize = 100;
    if places.len() < LEAST_PLACES {
        return None;
    }
    let frame = MniFrame::fitted(places)?;
    let off = |(world, mni): &(Vector3<f64>, Vector3<f64>)| {
        (frame.place(WorldPoint((*world).into())) - mni).norm()
    };
    let mut distances: Vec<f64> = places.iter().map(off).collect();
    let middle = distances.len() / 2;
    let usual = *distances.select_nth_unstable_by(middle, f64::total_cmp).1;
    let kept = places.iter().filter(|place| off(place) <= 2.0 * usual);
    MniFrame::fitted(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix4;

    #[test]
    fn a_voxel_is_what_its_logits_say() {
        // Background e^0 and 12 others, lateral ventricle e^2, thalamus e^1; right.
        let logit = |number: usize| match number {
            2 => 2.0,
            6 => 1.0,
            STRUCTURE_CLASSES => 0.5,
            _ => 0.0,
        };
        let (inside, tissue, code) = voxel(logit);
        let (ventricle, thalamus) = (2f32.exp(), 1f32.exp());
        let total = 14.0 + ventricle + thalamus;
        // Of the other structures two are fluid: 11 of 13 with weight 1 are tissue.
        assert!((inside - (13.0 + ventricle + thalamus) / total).abs() < 1e-6);
        assert!((tissue - (11.0 + thalamus) / total).abs() < 1e-6);
        assert_eq!(code, Structure::LateralVentricle.code(Side::Right));
    }

    #[test]
    fn places_give_a_frame_although_some_are_wrong() {
        let truth = Matrix4::new_nonuniform_scaling(&Vector3::new(0.9, 1.1, 1.0))
            * nalgebra::Rotation3::from_euler_angles(0.2, 0.0, 0.1).to_homogeneous();
        let places: Vec<_> = (0..1000)
            .map(|n| {
                let world =
                    Vector3::new((n % 10) as f64, (n / 10 % 10) as f64, (n / 100) as f64) * 10.0;
                let mni = truth.transform_point(&world.into()).coords;
                // One in fifty is off by 80 mm.
                (
                    world,
                    if n % 50 == 7 {
                        mni.add_scalar(46.0)
                    } else {
                        mni
                    },
                )
            })
            .collect();
        let frame = fit(&places).unwrap();
        let at = siderin_image::volume::WorldPoint::new(30.0, 50.0, 20.0);
        let off = frame.place(at) - truth.transform_point(&at.0).coords;
        assert!(off.norm() < 1e-6, "{off}");
        assert!(fit(&places[..50]).is_none());
    }
}
