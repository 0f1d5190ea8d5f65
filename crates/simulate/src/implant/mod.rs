//! Microbleeds of known size and susceptibility put into a scan that is there already.
//!
//! The field of a small ball is known in closed form, wherever it lies between voxels. In uniform tissue a voxel with it is
//! a complex number times the voxel without; a real voxel is multiplied by the same number. What is left out: tissue that
//! changes within a voxel's point spread, and of a magnitude alone the phase that the voxels had.
//!
//! - A complex scan is multiplied and wrapped again.
//! - A magnitude is multiplied by the number's absolute value.
//! - A susceptibility-weighted image by that and by the phase mask of the lesion alone
//!   ([`susceptibility_weighted`](crate::image::susceptibility_weighted)): an approximation, for the mask of a sum is
//!   not the product of masks, and vendors filter otherwise.
//!
//! Where signal is taken, noise is put back, so that a lesion's core is as loud as the rest.

mod factor;
mod files;
mod place;

pub use files::{ImplantFilesError, ImplantRecord, write_implanted};
pub use place::{ImplantRoom, PlaceImplantsError};

use crate::acquire::{Echo, Source};
use crate::exam::{FLOOR_SHARE, Seen, Truth, around_center, region_at};
use crate::head::Tissue;
use crate::protocol::Encoding;
use crate::scene::{PlacedLesion, lesion_source, mimic_sources};
use factor::Lab;
use nalgebra::Vector3;
use place::placed;
use rustfft::num_complex::Complex32;
use serde::{Deserialize, Serialize};
use siderin_core::candidates::{SearchError, scan_noise};
use siderin_core::truth::{Mimic, MimicKind, MimicShape};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, GridError, ResampleError, Volume, VoxelPoint, WorldPoint};
use std::ops::Range;

/// How the scan was made, as far as implants need to know.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplantScanner {
    /// Main field in tesla.
    pub b0_t: f64,
    /// Echo time in ms.
    pub te_ms: f64,
    /// Repetition time in ms and flip angle in degrees; without them a core has the T1 of tissue.
    pub excitation: Option<[f64; 2]>,
    /// Slice by slice, or a slab.
    pub encoding: Encoding,
    /// Share of the distance between slices that none of them excites.
    pub gap: f64,
    /// Whether the magnitude is weighted by a phase mask (SWI).
    pub weighted: bool,
}

/// What is put in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplantRequest {
    /// Microbleeds.
    pub lesions: usize,
    /// Radius of their cores in mm, smallest and largest; as many of any size.
    pub core_radius_mm: [f64; 2],
    /// Their susceptibility above the tissue's in ppm, smallest and largest.
    pub chi_ppm: [f64; 2],
    /// Shares of lobar, deep and infratentorial ones; uniform over parenchyma where none are given.
    pub shares: Option<[f64; 3]>,
    /// Calcifications: grains of the same sizes and of susceptibility below the tissue's.
    pub calcifications: usize,
    /// Pieces of veins, 6 to 20 mm long.
    pub veins: usize,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl Default for ImplantRequest {
    /// Cores and susceptibilities as the simulator draws them, the rare ends as often as the middle.
    fn default() -> Self {
        Self {
            lesions: 10,
            core_radius_mm: [0.5, 1.9],
            chi_ppm: [1.2, 3.2],
            shares: None,
            calcifications: 0,
            veins: 0,
            seed: 1,
        }
    }
}

/// A scan to put something in.
#[derive(Debug, Clone, Copy)]
pub struct ImplantSite<'a> {
    /// Magnitude, or the weighted image.
    pub magnitude: &'a Volume<f32>,
    /// Phase in rad on the same grid; not used with a weighted image.
    pub phase: Option<&'a Volume<f32>>,
    /// Where microbleeds may lie.
    pub room: &'a ImplantRoom,
}

/// A scan with implants.
#[derive(Debug, Clone)]
pub struct Implanted {
    /// As the scan's.
    pub magnitude: Volume<f32>,
    /// In rad, wrapped, where the scan has one.
    pub phase: Option<Volume<f32>>,
    /// The microbleeds.
    pub truth: Truth,
    /// What else was put in, in world mm.
    pub mimics: Vec<Mimic>,
}

/// Implants that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ImplantError {
    #[error("implanting: {what} is {value}, expected {expected}")]
    OutOfRange {
        what: &'static str,
        value: f64,
        expected: &'static str,
    },
    #[error(
        "implanting: the phase lies on another grid than the magnitude; give that of the same scan"
    )]
    PhaseGrid,
    #[error(transparent)]
    Place(#[from] PlaceImplantsError),
    #[error(transparent)]
    Noise(#[from] SearchError),
    #[error(transparent)]
    Grid(#[from] GridError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Puts microbleeds, and mimics where they are asked for, into a scan.
///
/// # Errors
/// When numbers are impossible, or there is no room.
pub fn implant(
    site: &ImplantSite,
    scanner: &ImplantScanner,
    request: &ImplantRequest,
) -> Result<Implanted, ImplantError> {
    check(site, scanner, request)?;
    let grid = site.magnitude.grid();
    let lab = Lab::new(grid, scanner)?;
    let places = placed(site.room, request)?;
    let echo = echo(scanner);
    let noise = noise(site)?;
    let mut work = Work::of(site, scanner.weighted);
    let mut stream = Stream::new(request.seed, "implant-noise", 0);
    for mimic in &places.mimics {
        let mut sources = Vec::new();
        let along_axes = mimic.mapped(|at| WorldPoint(Vector3::from(lab.mm(at)).into()));
        mimic_sources(&along_axes, &echo, &mut sources);
        let sources: Vec<Source> = sources.iter().map(|s| in_tissue(s, &echo)).collect();
        let region = lab.region(&sources);
        work.multiply(&lab.factor(&sources, &region), &region, noise, &mut stream);
    }
    let background = work.magnitude.clone();
    let mut seen = Vec::new();
    for lesion in &places.lesions {
        let center = lab.mm(world(lesion));
        let ball = lesion_source(
            Vector3::from(center),
            lesion.core_radius_mm,
            lesion.chi_ppm,
            &echo,
        );
        let source = in_tissue(&ball, &echo);
        let region = lab.region(&[source]);
        let factor = lab.factor(&[source], &region);
        seen.push(seen_of(&background, center, &region, &factor));
        work.multiply(&factor, &region, noise, &mut stream);
    }
    let truth = Truth::of(grid, &places.lesions, &seen, |lesion| {
        let world = world(lesion);
        let regions = site.room.regions.as_ref();
        (world, regions.and_then(|regions| region_at(regions, world)))
    });
    Ok(Implanted {
        magnitude: work.magnitude,
        phase: work.phase,
        truth,
        mimics: places.mimics,
    })
}

fn world(lesion: &PlacedLesion) -> WorldPoint {
    let [x, y, z] = lesion.center_head_mm;
    WorldPoint::new(x, y, z)
}

fn check(
    site: &ImplantSite,
    scanner: &ImplantScanner,
    request: &ImplantRequest,
) -> Result<(), ImplantError> {
    /// Far more than find room; each needs a number in a mask of 16 bits.
    const MOST: f64 = 10_000.0;
    let [small, large] = request.core_radius_mm;
    let [weak, strong] = request.chi_ppm;
    let ranges = [
        (
            "the number of microbleeds",
            request.lesions as f64,
            0.0,
            MOST,
            "at most 10000",
        ),
        ("the main field", scanner.b0_t, 0.2, 11.7, "0.2 to 11.7 T"),
        ("the echo time", scanner.te_ms, 1.0, 100.0, "1 to 100 ms"),
        ("the gap", scanner.gap, 0.0, 0.8, "a share from 0 to 0.8"),
        (
            "the smallest core",
            small,
            0.1,
            large.min(5.0),
            "a radius of 0.1 to 5 mm, at most the largest",
        ),
        (
            "the largest core",
            large,
            0.1,
            5.0,
            "a radius of 0.1 to 5 mm",
        ),
        (
            "the weakest core",
            weak,
            0.05,
            strong.min(20.0),
            "0.05 to 20 ppm, at most the strongest",
        ),
        ("the strongest core", strong, 0.05, 20.0, "0.05 to 20 ppm"),
    ];
    for (what, value, low, high, expected) in ranges {
        if !(low..=high).contains(&value) {
            return Err(ImplantError::OutOfRange {
                what,
                value,
                expected,
            });
        }
    }
    let grid = site.magnitude.grid();
    if site
        .phase
        .is_some_and(|phase| !phase.grid().matches(grid, 1e-3))
    {
        return Err(ImplantError::PhaseGrid);
    }
    Ok(())
}

/// Without a known excitation everything is fully relaxed.
pub(crate) fn echo(scanner: &ImplantScanner) -> Echo {
    const RELAXED: [f64; 2] = [1e6, 90.0];
    let [tr_ms, flip_angle_deg] = scanner.excitation.unwrap_or(RELAXED);
    Echo {
        b0_t: scanner.b0_t,
        te_ms: scanner.te_ms,
        tr_ms,
        flip_angle_deg,
    }
}

/// A source whose signal is a multiple of that of white matter.
fn in_tissue(source: &Source, echo: &Echo) -> Source {
    let white = Tissue::White.constants();
    let white = echo.signal(white.proton_density, white.t1_ms, white.r2star_per_s);
    Source {
        signal: (f64::from(source.signal) / white) as f32,
        ..*source
    }
}

/// Standard deviation of the noise, as an upper estimate.
fn noise(site: &ImplantSite) -> Result<f32, ImplantError> {
    let brain = &site.room.parenchyma;
    let relative = scan_noise(site.magnitude, brain)?;
    Ok(relative * site.room.typical_signal(site.magnitude))
}

/// The images as they change.
pub(crate) struct Work {
    pub(crate) magnitude: Volume<f32>,
    pub(crate) phase: Option<Volume<f32>>,
}

impl Work {
    fn of(site: &ImplantSite, weighted: bool) -> Self {
        Self {
            magnitude: site.magnitude.clone(),
            phase: site.phase.filter(|_| !weighted).cloned(),
        }
    }

    /// Multiplies a part by complex numbers, and puts back the noise that they take.
    pub(crate) fn multiply(
        &mut self,
        factor: &[Complex32],
        region: &[Range<usize>; 3],
        noise: f32,
        stream: &mut Stream,
    ) {
        let grid = self.magnitude.grid().clone();
        let mut factors = factor.iter();
        for k in region[2].clone() {
            for j in region[1].clone() {
                for i in region[0].clone() {
                    let Some(factor) = factors.next() else { return };
                    let offset = grid.offset([i, j, k]);
                    let phase = self.phase.as_ref().map_or(0.0, |p| p.voxels()[offset]);
                    let before = Complex32::from_polar(self.magnitude.voxels()[offset], phase);
                    let lost = (1.0 - factor.norm_sqr()).max(0.0).sqrt() * noise;
                    let put_back = Complex32::new(stream.normal() as f32, stream.normal() as f32);
                    let after = before * factor + put_back * lost;
                    self.magnitude.voxels_mut()[offset] = after.norm();
                    if let Some(phase) = &mut self.phase {
                        phase.voxels_mut()[offset] = after.arg();
                    }
                }
            }
        }
    }
}

/// Where a lesion is seen, by the simulator's rule.
fn seen_of(
    background: &Volume<f32>,
    center_mm: [f64; 3],
    region: &[Range<usize>; 3],
    factor: &[Complex32],
) -> Seen {
    let grid = background.grid();
    let mut loss = Vec::with_capacity(factor.len());
    let mut factors = factor.iter();
    // In a void there is nothing to lose: what is around says how much there should be.
    let around: Vec<f32> = rows(grid, region)
        .map(|at| background.voxels()[at])
        .collect();
    let usual = median(around.clone());
    for before in around {
        let Some(factor) = factors.next() else { break };
        let taken = before * (1.0 - factor.norm());
        loss.push(
            taken
                / before
                    .max(FLOOR_SHARE as f32 * usual)
                    .max(f32::MIN_POSITIVE),
        );
    }
    around_center(grid, center_mm, region, &loss)
}

fn median(mut values: Vec<f32>) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Offsets of a part, x fastest.
fn rows<'a>(grid: &'a Grid, region: &'a [Range<usize>; 3]) -> impl Iterator<Item = usize> + 'a {
    let [xs, ys, zs] = region;
    zs.clone().flat_map(move |k| {
        ys.clone()
            .flat_map(move |j| xs.clone().map(move |i| grid.offset([i, j, k])))
    })
}

/// A mimic to be put in.
fn vein(points: Vec<[f64; 3]>, radius_mm: f64, chi_ppm: f64) -> Mimic {
    let radius_mm = vec![radius_mm; points.len()];
    Mimic {
        kind: MimicKind::MedullaryVein,
        chi_ppm,
        shape: MimicShape::Tube {
            points_mm: points,
            radius_mm,
        },
    }
}

fn calcification(points: Vec<[f64; 3]>, radius_mm: Vec<f64>, chi_ppm: f64) -> Mimic {
    Mimic {
        kind: MimicKind::PallidalCalcification,
        chi_ppm,
        shape: MimicShape::Grains {
            points_mm: points,
            radius_mm,
        },
    }
}

/// The middle of a voxel, in world mm.
fn center_of(grid: &Grid, offset: usize) -> WorldPoint {
    grid.to_world(VoxelPoint::center_of(grid.index(offset)))
}

/// What the comparison with the full simulation needs.
#[cfg(test)]
pub(crate) mod tests_support {
    use super::{ImplantScanner, Lab, seen_of};
    pub(crate) use super::{Work, echo};
    use crate::acquire::{Echo, Source};
    use crate::exam::Truth;
    use crate::scene::{PlacedLesion, lesion_source};
    use nalgebra::Vector3;
    use rustfft::num_complex::Complex32;
    use siderin_core::truth::LesionTruth;
    use siderin_image::volume::{Grid, Volume};
    use std::ops::Range;

    pub(crate) fn lab(grid: &Grid, scanner: &ImplantScanner) -> Lab {
        Lab::new(grid, scanner).unwrap()
    }

    pub(crate) fn in_tissue(center: [f64; 3], lesion: &PlacedLesion, echo: &Echo) -> Source {
        let center = Vector3::from(center);
        let ball = lesion_source(center, lesion.core_radius_mm, lesion.chi_ppm, echo);
        super::in_tissue(&ball, echo)
    }

    pub(crate) fn seen(
        background: &Volume<f32>,
        center: [f64; 3],
        region: &[Range<usize>; 3],
        factor: &[Complex32],
        lesion: &PlacedLesion,
    ) -> LesionTruth {
        let seen = seen_of(background, center, region, factor);
        let lesions = std::slice::from_ref(lesion);
        let truth = Truth::of(background.grid(), lesions, &[seen], |lesion| {
            (super::world(lesion), None)
        });
        truth.lesions[0].clone()
    }
}
