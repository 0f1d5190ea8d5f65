//! What the network of structures says of a head, voxel by voxel.

use super::RegionError;
use crate::architectures::{
    COORDINATE_UNIT_MM, CUBE, STRUCTURE_CLASSES, STRUCTURE_LOGITS, STRUCTURE_STRIDE, StructureUnet,
};
use crate::compute::Compute;
use crate::tiling::{Cut, floats, tile_starts};
use nalgebra::Vector3;
use rayon::prelude::*;
use siderin_core::regions::{
    ClassMaps, Frames, MniFrame, Side, Structure, structure_middles, without_cut,
};
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};

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
        let [nx, ny, nz] = view.shape();
        let volume = [nz, ny, nx];
        let tile = volume.map(|n| n.min(MOST_VOXELS).next_multiple_of(STRUCTURE_STRIDE));
        let starts: [Vec<usize>; 3] =
            std::array::from_fn(|a| tile_starts(volume[a], tile[a].min(volume[a]), OVERLAP));
        let mut seen = Seen::nothing(view.grid());
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
                    seen.take(&logits, start, tile);
                }
            }
        }
        seen.classes.sharpen(view);
        Ok(seen.map())
    }

    /// The head's places in MNI space: by the middles of the structures that are seen whole, and by the coordinates of
    /// all that is seen.
    pub(super) fn frames(&self) -> Frames {
        let whole = without_cut(&self.brain_codes());
        let fitted = fit(&self.places);
        Frames {
            of_middles: MniFrame::of_middles(&structure_middles(&whole)),
            of_coordinates: fitted.map(|(frame, _)| frame),
            spread_mm: fitted.map(|(_, spread_mm)| spread_mm),
        }
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

/// What the network says of a view, part by part.
struct Seen {
    grid: Grid,
    classes: ClassMaps,
    right: Vec<bool>,
    /// How far each voxel was from the end of the part that says most of it, in voxels and one more: 0 is for what no
    /// part has seen.
    closeness: Vec<u32>,
    /// Voxel, world mm, MNI mm of cubes.
    places: Vec<(usize, Vector3<f64>, Vector3<f64>)>,
}

/// What the network says of one voxel.
struct Voxel {
    classes: [f32; STRUCTURE_CLASSES],
    right: bool,
}

impl Seen {
    fn nothing(grid: &Grid) -> Self {
        let voxels = grid.voxel_count();
        let mut planes = vec![vec![0.0; voxels]; STRUCTURE_CLASSES];
        planes[0].fill(1.0);
        Self {
            grid: grid.clone(),
            classes: ClassMaps {
                planes,
                fluids: Structure::ALL.iter().filter(|s| s.is_fluid()).count(),
            },
            right: vec![false; voxels],
            closeness: vec![0; voxels],
            places: Vec::new(),
        }
    }

    /// Takes what a part says of those voxels that no part before it had closer to its middle.
    fn take(&mut self, logits: &[f32], start: [usize; 3], tile: [usize; 3]) {
        let shape = self.grid.shape();
        let cubes = tile.map(|n| n / 2);
        let [_, h, w] = cubes;
        let planes = cubes.iter().product::<usize>();
        let voxels: Vec<Voxel> = (0..tile[0] * tile[1])
            .into_par_iter()
            .flat_map_iter(|row| {
                let (z, y) = (row / tile[1], row % tile[1]);
                (0..tile[2]).map(move |x| {
                    let place = z % 2 * 4 + y % 2 * 2 + x % 2;
                    let cube = (z / 2 * h + y / 2) * w + x / 2;
                    Voxel::of(|number| logits[(number * CUBE + place) * planes + cube])
                })
            })
            .collect();
        let from_end = |at: usize, axis: usize| at.min(tile[axis] - 1 - at) as u32 + 1;
        for (at, voxel) in voxels.iter().enumerate() {
            let part = [
                at / (tile[1] * tile[2]),
                at / tile[2] % tile[1],
                at % tile[2],
            ];
            let [k, j, i] = std::array::from_fn(|a| start[a] + part[a]);
            if i >= shape[0] || j >= shape[1] || k >= shape[2] {
                continue;
            }
            let offset = self.grid.offset([i, j, k]);
            let close = (0..3).map(|a| from_end(part[a], a)).min().unwrap_or(1);
            if close > self.closeness[offset] {
                self.closeness[offset] = close;
                self.right[offset] = voxel.right;
                for (plane, p) in self.classes.planes.iter_mut().zip(voxel.classes) {
                    plane[offset] = p;
                }
            }
        }
        let first = (STRUCTURE_LOGITS - 3) * planes;
        for cube in 0..planes {
            let [k, j, i] = [cube / (h * w), cube / w % h, cube % w];
            let index = [start[2] + 2 * i, start[1] + 2 * j, start[0] + 2 * k];
            if (0..3).any(|a| index[a] >= shape[a]) {
                continue;
            }
            let [x, y, z] = index.map(|n| n as f64 + 0.5);
            let world = self.grid.to_world(VoxelPoint::new(x, y, z));
            let mni = Vector3::from_fn(|a, _| {
                f64::from(logits[first + a * planes + cube] * COORDINATE_UNIT_MM)
            });
            let offset = self.grid.offset(index);
            self.places.push((offset, world.0.coords, mni));
        }
    }

    fn map(self) -> StructureMap {
        let planes = &self.classes.planes;
        let sum = |from: usize| {
            let voxel = |at: usize| planes[from..].iter().map(|plane| plane[at]).sum();
            let values = (0..self.right.len()).into_par_iter().map(voxel).collect();
            Volume::new(self.grid.clone(), values).expect("a value for each voxel")
        };
        let (inside, tissue) = (sum(1), sum(1 + self.classes.fluids));
        let code = |at: usize| {
            let likeliest = Structure::ALL.into_iter().reduce(|best, next| {
                let p = |structure: Structure| planes[structure as usize][at];
                if p(next) > p(best) { next } else { best }
            });
            let side = if self.right[at] {
                Side::Right
            } else {
                Side::Left
            };
            likeliest.map_or(0, |structure| structure.code(side))
        };
        let code = (0..self.right.len()).into_par_iter().map(code).collect();
        let places = self.places.iter();
        let places = places.filter(|(offset, ..)| inside.voxels()[*offset] >= 0.5);
        StructureMap {
            places: places.map(|(_, world, mni)| (*world, *mni)).collect(),
            code: Volume::new(self.grid.clone(), code).expect("a value for each voxel"),
            inside,
            tissue,
        }
    }
}

impl Voxel {
    /// From its logits by their number.
    fn of(logit: impl Fn(usize) -> f32) -> Self {
        let logits: [f32; STRUCTURE_CLASSES] = std::array::from_fn(&logit);
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let classes = logits.map(|z| (z - most).exp());
        let total: f32 = classes.iter().sum();
        Self {
            classes: classes.map(|p| p / total),
            right: logit(STRUCTURE_CLASSES) > 0.0,
        }
    }
}

/// The affine map that takes places to their MNI places, by least squares; once more without those that it has wrong by
/// more than twice the usual. With it, their median distance from it in mm.
fn fit(places: &[(Vector3<f64>, Vector3<f64>)]) -> Option<(MniFrame, f64)> {
    const LEAST_PLACES: usize = 100;
    if places.len() < LEAST_PLACES {
        return None;
    }
    let frame = MniFrame::fitted(places)?;
    let off = |frame: &MniFrame, (world, mni): &(Vector3<f64>, Vector3<f64>)| {
        (frame.place(WorldPoint((*world).into())) - mni).norm()
    };
    let usual = |frame: &MniFrame| {
        let mut distances: Vec<f64> = places.iter().map(|place| off(frame, place)).collect();
        let middle = distances.len() / 2;
        *distances.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let most = 2.0 * usual(&frame);
    let frame = MniFrame::fitted(places.iter().filter(|place| off(&frame, place) <= most))?;
    Some((frame, usual(&frame)))
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
        let voxel = Voxel::of(logit);
        let total = 14.0 + 2f32.exp() + 1f32.exp();
        assert!(voxel.right);
        for (class, p) in voxel.classes.iter().enumerate() {
            let expected = logit(class).exp() / total;
            assert!((p - expected).abs() < 1e-6, "{class}: {p}");
        }
        let grid = Grid::axis_aligned([1; 3], [2.0; 3]).unwrap();
        let mut seen = Seen::nothing(&grid);
        for (plane, p) in seen.classes.planes.iter_mut().zip(voxel.classes) {
            plane[0] = p;
        }
        seen.right[0] = true;
        let map = seen.map();
        // Of the other structures two are fluid: 11 of 13 with weight 1 are tissue.
        assert!((map.inside.voxels()[0] - (1.0 - 1.0 / total)).abs() < 1e-6);
        assert!((map.tissue.voxels()[0] - (11.0 + 1f32.exp()) / total).abs() < 1e-6);
        let right = Structure::LateralVentricle.code(Side::Right);
        assert_eq!(map.code.voxels(), [right]);
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
        let (frame, spread_mm) = fit(&places).unwrap();
        assert!(spread_mm < 1e-6);
        let at = siderin_image::volume::WorldPoint::new(30.0, 50.0, 20.0);
        let off = frame.place(at) - truth.transform_point(&at.0).coords;
        assert!(off.norm() < 1e-6, "{off}");
        assert!(fit(&places[..50]).is_none());
    }
}
