//! A head in a contrast of no protocol in particular, on a coarse grid: what a network learns from
//! that is to know a brain by its shape, not by its greys (Billot 2023, doi
//! 10.1016/j.media.2023.102789).

use super::head::{Head, HeadError, HeadShape, Tissue, TissueDraw, TissueMaps};
use super::head::{shape_head, tissue_maps, tissue_of};
use super::physics::decay::spoiled_echo;
use crate::preprocess::{SmoothError, gaussian_smooth};
use crate::random::Stream;
use crate::regions::{PartitionError, Region, Side, partition};
use crate::volume::{
    Grid, GridError, Interpolation, ResampleError, Volume, VoxelPoint, linear_at, resample,
    resample_nearest,
};
use nalgebra::{Matrix4, Rotation3, Vector3};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Voxels of the image and its regions.
pub const ANY_CONTRAST_MM: f64 = 2.0;

/// How one is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastDraw {
    /// Size and form of the head.
    pub shape: HeadShape,
    /// Tissue values.
    pub tissue: TissueDraw,
    /// How bright what is.
    pub signal: Signal,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
    /// Turns about the head's x, y and z axes in degrees, in this order, about the brain's middle.
    pub rotation_deg: [f64; 3],
    /// Size of the voxels that are scanned, before they are laid onto the grid.
    pub voxel_mm: [f64; 3],
    /// How far short of the brain's two ends the field of view ends along each axis in mm; below 0
    /// is room beyond them.
    pub cut_mm: [[f64; 2]; 3],
    /// Whether everything but the brain and its fluid is blank.
    pub stripped: bool,
    /// Standard deviation of the coefficients of the shading's logarithm.
    pub shading: f64,
    /// Standard deviation of the noise, as a share of the mean of what is not blank.
    pub noise: f64,
    /// Seed of shading and noise.
    pub seed: u64,
}

/// How bright what is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Signal {
    /// `density · |1 - 2e^(-TI/T1) + e^(-TR/T1)| · e^(-TE R2)`: T1w where TI is short, FLAIR where it
    /// nulls fluid.
    Inversion {
        /// Inversion time.
        ti_ms: f64,
        /// Repetition time.
        tr_ms: f64,
        /// Echo time.
        te_ms: f64,
        /// R2 as a share of R2*.
        r2_share: f64,
    },
    /// A spoiled echo: T2*w at a long TE; T2w at a long TE, a flip of 90° and less than all of R2*.
    Spoiled {
        /// Flip angle.
        flip_angle_deg: f64,
        /// Repetition time.
        tr_ms: f64,
        /// Echo time.
        te_ms: f64,
        /// R2 as a share of R2*.
        r2_share: f64,
    },
    /// A brightness of its own for each tissue, from 0 to 1.
    Painted(BTreeMap<String, f64>),
}

/// An image and its regions, on one grid of [`ANY_CONTRAST_MM`].
#[derive(Debug, Clone)]
pub struct AnyContrast {
    /// The image; the brain's mean is 500.
    pub image: Volume<f32>,
    /// Regions as [`crate::regions::Region::code`] has them.
    pub regions: Volume<u8>,
}

/// A head that cannot be shown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ContrastError {
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error(transparent)]
    Regions(#[from] PartitionError),
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

impl ContrastDraw {
    /// Draws one: six in ten of a T1w, FLAIR, T2w or gradient-echo sequence, the others painted; turned
    /// by up to 15°; voxels of 1 to 2.5 mm with slices of up to 7 mm, most of them axial; one in four
    /// without anything but the brain; one in six at each end of the stack with a part of the brain
    /// left out.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let stream = &mut Stream::new(seed, "any-contrast", 0);
        let shape = HeadShape::draw(stream);
        let tissue = TissueDraw::draw(stream);
        let signal = Signal::draw(stream);
        let plane = stream.uniform(1.0, 2.5);
        let mut voxel_mm = [plane; 3];
        let thick = if stream.chance(0.7) {
            2
        } else {
            stream.index(2)
        };
        voxel_mm[thick] = log_uniform(stream, [1.0, 7.0]);
        let room = |stream: &mut Stream, most: f64| -stream.uniform(2.0, most);
        let end = |stream: &mut Stream, most: f64, cut: f64| {
            if stream.chance(1.0 / 6.0) {
                stream.uniform(0.0, cut)
            } else {
                room(stream, most)
            }
        };
        Self {
            shape,
            tissue,
            signal,
            mirrored: stream.chance(0.5),
            rotation_deg: std::array::from_fn(|_| stream.uniform(-15.0, 15.0)),
            voxel_mm,
            cut_mm: [
                [room(stream, 30.0), room(stream, 30.0)],
                [room(stream, 35.0), room(stream, 45.0)],
                [end(stream, 60.0, 40.0), end(stream, 30.0, 30.0)],
            ],
            stripped: stream.chance(0.25),
            shading: stream.uniform(0.0, 0.3),
            noise: log_uniform(stream, [0.005, 0.12]),
            seed: stream.seed(),
        }
    }
}

impl Signal {
    fn draw(stream: &mut Stream) -> Self {
        match stream.index(10) {
            0 | 1 => Self::Inversion {
                ti_ms: stream.uniform(600.0, 1300.0),
                tr_ms: stream.uniform(1900.0, 2800.0),
                te_ms: stream.uniform(2.0, 6.0),
                r2_share: 1.0,
            },
            2 => Self::Inversion {
                ti_ms: stream.uniform(1800.0, 2600.0),
                tr_ms: stream.uniform(6000.0, 11000.0),
                te_ms: stream.uniform(80.0, 140.0),
                r2_share: stream.uniform(0.35, 0.65),
            },
            3 => Self::Spoiled {
                flip_angle_deg: 90.0,
                tr_ms: stream.uniform(2500.0, 8000.0),
                te_ms: stream.uniform(60.0, 120.0),
                r2_share: stream.uniform(0.35, 0.65),
            },
            4 | 5 => Self::Spoiled {
                flip_angle_deg: stream.uniform(8.0, 70.0),
                tr_ms: log_uniform(stream, [20.0, 1500.0]),
                te_ms: stream.uniform(3.0, 50.0),
                r2_share: 1.0,
            },
            _ => Self::Painted(
                Tissue::ALL
                    .iter()
                    .map(|tissue| {
                        let level = if *tissue == Tissue::Air {
                            0.0
                        } else {
                            stream.uniform(0.03, 1.0)
                        };
                        (format!("{tissue:?}"), level)
                    })
                    .collect(),
            ),
        }
    }

    /// What the density of a tissue is multiplied by first: painted ones keep the texture of their
    /// density, whatever it is.
    fn factor(&self, tissue: Tissue) -> f64 {
        let Self::Painted(levels) = self else {
            return 1.0;
        };
        let usual = tissue.constants().proton_density;
        let level = levels.get(&format!("{tissue:?}")).copied();
        level.unwrap_or_default() / usual.max(1e-3)
    }

    /// What a voxel with these properties gives.
    fn of(&self, factor: f64, density: f64, t1_ms: f64, r2star_per_s: f64) -> f64 {
        let left = |te_ms: &f64, r2_share: &f64| (-te_ms * 1e-3 * r2_share * r2star_per_s).exp();
        match self {
            Self::Inversion {
                ti_ms,
                tr_ms,
                te_ms,
                r2_share,
            } => {
                let along = 1.0 - 2.0 * (-ti_ms / t1_ms).exp() + (-tr_ms / t1_ms).exp();
                density * along.abs() * left(te_ms, r2_share)
            }
            Self::Spoiled {
                flip_angle_deg,
                tr_ms,
                te_ms,
                r2_share,
            } => density * spoiled_echo(t1_ms, *tr_ms, *flip_angle_deg) * left(te_ms, r2_share),
            Self::Painted(_) => factor * density,
        }
    }
}

fn log_uniform(stream: &mut Stream, [low, high]: [f64; 2]) -> f64 {
    stream.uniform(low.ln(), high.ln()).exp()
}

/// Shows a head as drawn.
///
/// # Errors
/// When the shape is impossible or the head lacks the landmarks of the regions.
pub fn any_contrast(head: &Head, draw: &ContrastDraw) -> Result<AnyContrast, ContrastError> {
    let head = shape_head(head, &draw.shape)?;
    let regions = partition(&head.labels.crop(head.brain_box(0))?)?;
    let sharp = gaussian_smooth(brightness(&head, draw)?, SHARP_MM)?;
    let field = Field::of(&head, draw);
    // What is scanned reaches as far as what is shown.
    let scanned = scan(&sharp, &field.grid(draw.voxel_mm, f64::ceil)?, draw);
    let grid = field.grid([ANY_CONTRAST_MM; 3], f64::floor)?;
    let same = Matrix4::identity();
    let mut image = resample(&scanned, &grid, &same, Interpolation::Linear, 0.0)?;
    let regions = resample_nearest(&regions, &grid, &same, 0)?;
    let scale = BRAIN_LEVEL / brain_mean(&image, &regions);
    for value in image.voxels_mut() {
        *value *= scale;
    }
    let mut made = AnyContrast { image, regions };
    if draw.mirrored {
        made.mirror();
    }
    Ok(made)
}

impl AnyContrast {
    /// Exchanges left and right: of the voxels, and of the regions' sides.
    fn mirror(&mut self) {
        let row = self.image.shape()[0];
        let rows = self.image.voxels_mut().chunks_exact_mut(row);
        rows.for_each(<[f32]>::reverse);
        for regions in self.regions.voxels_mut().chunks_exact_mut(row) {
            regions.reverse();
            for code in regions {
                *code = match Region::of_code(*code) {
                    Some((region, Side::Left)) => region.code(Side::Right),
                    Some((region, Side::Right)) => region.code(Side::Left),
                    None => *code,
                };
            }
        }
    }
}

/// Width of what the map's voxels are blurred by.
const SHARP_MM: f64 = 0.5;
/// The brain's mean in the image.
const BRAIN_LEVEL: f32 = 500.0;

fn brain_mean(image: &Volume<f32>, regions: &Volume<u8>) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0.0f64);
    for (value, region) in image.voxels().iter().zip(regions.voxels()) {
        if *region > 0 {
            sum += f64::from(*value);
            count += 1.0;
        }
    }
    (sum / f64::max(count, 1.0)).max(1e-6) as f32
}

/// The head in the draw's brightness, on the grid of its map.
fn brightness(head: &Head, draw: &ContrastDraw) -> Result<Volume<f32>, SmoothError> {
    let TissueMaps {
        proton_density,
        t1_ms,
        r2star_per_s,
        ..
    } = tissue_maps(head, &draw.tissue)?;
    // By the tissue's number.
    let factors: Vec<f64> = Tissue::ALL
        .iter()
        .map(|tissue| draw.signal.factor(*tissue))
        .collect();
    let mut image = proton_density;
    image
        .voxels_mut()
        .par_iter_mut()
        .zip(head.labels.voxels())
        .zip(t1_ms.voxels().par_iter().zip(r2star_per_s.voxels()))
        .for_each(|((value, code), (t1_ms, r2star))| {
            let tissue = tissue_of(*code);
            let kept = !draw.stripped || tissue.is_parenchyma() || tissue.is_fluid();
            let [density, t1_ms, r2star] = [*value, *t1_ms, *r2star].map(f64::from);
            *value = if kept && density > 0.0 {
                let factor = factors[tissue as usize];
                draw.signal.of(factor, density, t1_ms, r2star) as f32
            } else {
                0.0
            };
        });
    Ok(image)
}

/// The part of the head that is seen, as a box that is turned.
struct Field {
    axes: Rotation3<f64>,
    /// A corner, in head mm.
    first: Vector3<f64>,
    size_mm: [f64; 3],
}

impl Field {
    fn of(head: &Head, draw: &ContrastDraw) -> Self {
        let [low, high] = head
            .extent(Tissue::is_parenchyma)
            .map(|corner| corner.0.coords);
        let [x, y, z] = draw.rotation_deg.map(f64::to_radians);
        let axes = Rotation3::from_axis_angle(&Vector3::z_axis(), z)
            * Rotation3::from_axis_angle(&Vector3::y_axis(), y)
            * Rotation3::from_axis_angle(&Vector3::x_axis(), x);
        let middle = 0.5 * (low + high);
        let start = Vector3::from_fn(|a, _| low[a] + draw.cut_mm[a][0]);
        Self {
            axes,
            first: middle + axes * (start - middle),
            size_mm: std::array::from_fn(|a| {
                let [before, behind] = draw.cut_mm[a];
                (high[a] - low[a] - before - behind).max(LEAST_FIELD_MM)
            }),
        }
    }

    /// Its voxels of a size, their number rounded in a way.
    fn grid(&self, voxel_mm: [f64; 3], round: fn(f64) -> f64) -> Result<Grid, GridError> {
        let shape = std::array::from_fn(|a| round(self.size_mm[a] / voxel_mm[a]) as usize + 1);
        let mut affine = self.axes.to_homogeneous();
        for (a, mm) in voxel_mm.iter().enumerate() {
            affine.column_mut(a).scale_mut(*mm);
        }
        affine.fixed_view_mut::<3, 1>(0, 3).copy_from(&self.first);
        Grid::new(shape, affine)
    }
}

/// A field of view is no smaller, whatever is cut.
const LEAST_FIELD_MM: f64 = 40.0;

/// Means over voxels, with shading and the noise of a magnitude.
fn scan(sharp: &Volume<f32>, grid: &Grid, draw: &ContrastDraw) -> Volume<f32> {
    let shape = grid.shape();
    let parts = grid.spacing_mm().map(|mm| mm.ceil() as usize);
    let steps: Vec<[f64; 3]> = (0..parts.iter().product())
        .map(|at: usize| {
            let index = [
                at % parts[0],
                at / parts[0] % parts[1],
                at / (parts[0] * parts[1]),
            ];
            std::array::from_fn(|a| (index[a] as f64 + 0.5) / parts[a] as f64 - 0.5)
        })
        .collect();
    let mut stream = Stream::new(draw.seed, "shading", 0);
    let gain: [f64; 9] = std::array::from_fn(|_| draw.shading * stream.normal());
    let unit = |i: usize, n: usize| 2.0 * (i as f64 + 0.5) / n as f64 - 1.0;
    let mut image = Volume::filled(grid, 0.0f32);
    let row = shape[0];
    image
        .voxels_mut()
        .par_chunks_mut(row)
        .enumerate()
        .for_each(|(number, values)| {
            let (j, k) = (number % shape[1], number / shape[1]);
            let (y, z) = (unit(j, shape[1]), unit(k, shape[2]));
            for (i, value) in values.iter_mut().enumerate() {
                let sum: f64 = steps
                    .iter()
                    .map(|[di, dj, dk]| {
                        let place = VoxelPoint::new(i as f64 + di, j as f64 + dj, k as f64 + dk);
                        let place = sharp.grid().to_voxel(grid.to_world(place)).to_array();
                        let shape = sharp.shape();
                        let inside =
                            (0..3).all(|a| place[a] > -0.5 && place[a] < shape[a] as f64 - 0.5);
                        if inside {
                            f64::from(linear_at(sharp, place))
                        } else {
                            0.0
                        }
                    })
                    .sum();
                let x = unit(i, shape[0]);
                let basis = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
                let shading: f64 = gain.iter().zip(basis).map(|(g, b)| g * b).sum();
                *value = (sum / steps.len() as f64 * shading.exp()) as f32;
            }
        });
    let (sum, count) = image
        .voxels()
        .iter()
        .filter(|v| **v > 0.0)
        .fold((0.0f64, 0.0f64), |(sum, count), v| {
            (sum + f64::from(*v), count + 1.0)
        });
    let deviation = draw.noise * sum / f64::max(count, 1.0);
    image
        .voxels_mut()
        .par_chunks_mut(row)
        .enumerate()
        .for_each(|(number, values)| {
            let mut stream = Stream::new(draw.seed, "noise", number as u64);
            for value in values.iter_mut().filter(|v| !draw.stripped || **v > 0.0) {
                let real = f64::from(*value) + deviation * stream.normal();
                *value = real.hypot(deviation * stream.normal()) as f32;
            }
        });
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::FLUID_CODE;

    #[test]
    fn sequences_are_their_formulas() {
        let inversion = |ti_ms: f64| Signal::Inversion {
            ti_ms,
            tr_ms: 1e9,
            te_ms: 0.0,
            r2_share: 1.0,
        };
        // TI = T1 ln 2 nulls a tissue; 1 - 2/e = .26424 at TI = T1.
        let null = 1000.0 * std::f64::consts::LN_2;
        assert!(inversion(null).of(1.0, 0.8, 1000.0, 20.0) < 1e-12);
        let value = inversion(1000.0).of(1.0, 1.0, 1000.0, 20.0);
        assert!((value - 0.264_24).abs() < 1e-5, "{value}");
        // Half of 20/s over 50 ms: e^-0.5 = .60653; TR long and 90°: all of the density.
        let echo = Signal::Spoiled {
            flip_angle_deg: 90.0,
            tr_ms: 1e9,
            te_ms: 50.0,
            r2_share: 0.5,
        };
        let value = echo.of(1.0, 0.8, 1000.0, 20.0);
        assert!((value - 0.8 * 0.606_53).abs() < 1e-5, "{value}");
        // White matter of 10 % more density than usual (.70) is 10 % brighter than painted.
        let painted = Signal::Painted(BTreeMap::from([("White".into(), 0.4)]));
        let value = painted.of(painted.factor(Tissue::White), 0.77, 1000.0, 20.0);
        assert!((value - 0.44).abs() < 1e-12, "{value}");
        assert_eq!(painted.factor(Tissue::Csf), 0.0);
    }

    #[test]
    fn regions_lie_in_the_image_of_their_head() {
        let head = Head::builtin().unwrap();
        let draw = ContrastDraw {
            shape: HeadShape::as_given(),
            tissue: TissueDraw::as_given(),
            signal: Signal::Painted(BTreeMap::from([
                ("White".into(), 0.5),
                ("Cortex".into(), 1.0),
            ])),
            mirrored: false,
            rotation_deg: [0.0; 3],
            voxel_mm: [1.0; 3],
            cut_mm: [[-10.0; 2]; 3],
            stripped: true,
            shading: 0.0,
            noise: 0.0,
            seed: 1,
        };
        let made = any_contrast(&head, &draw).unwrap();
        let grid = made.image.grid();
        assert_eq!(grid.spacing_mm(), [ANY_CONTRAST_MM; 3]);
        assert!((brain_mean(&made.image, &made.regions) - BRAIN_LEVEL).abs() < 0.1);
        let is_brain = |code: u8| (1..FLUID_CODE).contains(&code);
        let parenchyma = |code: &&u16| tissue_of(**code).is_parenchyma();
        let shaped = shape_head(&head, &draw.shape).unwrap();
        let expected_mm3 = shaped.labels().voxels().iter().filter(parenchyma).count() as f64
            * shaped.labels().grid().voxel_volume_mm3();
        let found = made
            .regions
            .voxels()
            .iter()
            .filter(|c| is_brain(**c))
            .count();
        let found_mm3 = found as f64 * grid.voxel_volume_mm3();
        assert!(
            (found_mm3 / expected_mm3 - 1.0).abs() < 0.02,
            "{found_mm3} {expected_mm3}"
        );
        let mean_x = |right: bool| {
            let of_side = |offset: &usize| {
                let code = made.regions.voxels()[*offset];
                is_brain(code) && (code > 20) == right
            };
            let at = (0..grid.voxel_count())
                .filter(of_side)
                .map(|offset| grid.to_world(VoxelPoint::center_of(grid.index(offset))).0.x);
            let (sum, count) = at.fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
            sum / count
        };
        // RAS: the right is where x is larger; hemispheres are some 60 mm wide.
        assert!((40.0..90.0).contains(&(mean_x(true) - mean_x(false))));
        assert_eq!(made.image.at([0, 0, 0]), 0.0);
        let mirrored = any_contrast(
            &head,
            &ContrastDraw {
                mirrored: true,
                ..draw
            },
        )
        .unwrap();
        let [nx, ny, nz] = grid.shape();
        let (here, there) = ([20, ny / 2, nz / 2], [nx - 21, ny / 2, nz / 2]);
        assert_eq!(made.image.at(here), mirrored.image.at(there));
        // The left's region on the right.
        assert!((1..20).contains(&made.regions.at(here)));
        assert_eq!(made.regions.at(here) + 20, mirrored.regions.at(there));
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        assert_eq!(ContrastDraw::draw(3), ContrastDraw::draw(3));
        assert_ne!(ContrastDraw::draw(3), ContrastDraw::draw(4));
        let draws: Vec<ContrastDraw> = (0..200).map(ContrastDraw::draw).collect();
        let painted = |d: &&ContrastDraw| matches!(d.signal, Signal::Painted(_));
        // 40 % of 200: 80, standard deviation 7.
        let count = draws.iter().filter(painted).count();
        assert!((55..105).contains(&count), "{count}");
        for draw in &draws {
            assert!(draw.voxel_mm.iter().all(|mm| (1.0..=7.0).contains(mm)));
        }
    }
}
