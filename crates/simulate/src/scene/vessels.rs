//! Veins: the microbleed's main mimics, continuous across slices and round in one.

use super::anatomy::Anatomy;
use crate::head::Tissue;
use nalgebra::Vector3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siderin_core::truth::{Mimic, MimicKind, MimicShape};
use siderin_image::random::Stream;

/// How many veins there are, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VesselDraw {
    /// Veins through the white matter to the lateral ventricles.
    pub medullary: usize,
    /// Their radius in mm where they are widest, smallest and largest.
    pub medullary_radius_mm: [f64; 2],
    /// Veins on the brain's surface.
    pub pial: usize,
    /// Their radius in mm, smallest and largest.
    pub pial_radius_mm: [f64; 2],
    /// Susceptibility of their blood in ppm.
    pub chi_ppm: f64,
    /// Arteries on the brain's surface that give no signal.
    pub flow_voids: usize,
    /// Their radius in mm, smallest and largest.
    pub flow_void_radius_mm: [f64; 2],
    /// Seed of their courses.
    pub seed: u64,
}

impl VesselDraw {
    /// Draws: 140 to 260 medullary veins of 0.2 to 0.6 mm where they are widest, 220 to 380 pial
    /// ones of 0.3 to 0.75 mm, all with the person's blood; 4 to 14 flow voids of 0.5 to 1.1 mm.
    /// Courses that find no way are left out.
    pub(crate) fn draw(stream: &mut Stream, venous_chi_ppm: f64) -> Self {
        Self {
            medullary: stream.integer(140, 260),
            medullary_radius_mm: [0.2, 0.6],
            pial: stream.integer(220, 380),
            pial_radius_mm: [0.3, 0.75],
            chi_ppm: venous_chi_ppm,
            flow_voids: stream.integer(4, 14),
            flow_void_radius_mm: [0.5, 1.1],
            seed: stream.seed(),
        }
    }
}

/// Courses advance by this much.
const STEP_MM: f64 = 1.0;
/// Points of a course that are kept: one in this many steps.
const KEPT: usize = 3;
/// A course shorter than this is tried again elsewhere.
const MIN_LENGTH_MM: f64 = 6.0;
/// ... and so is one shorter than this many of its radii.
const MIN_SLENDERNESS: f64 = 12.0;
const ATTEMPTS: u64 = 8;

/// Places all veins. Each draws from a stream of its own.
pub(crate) fn place_vessels(anatomy: &Anatomy, draw: &VesselDraw) -> Vec<Mimic> {
    let walls = anatomy.offsets(|tissue, offset| {
        tissue == Tissue::White && (1.5..4.0).contains(&anatomy.to_ventricle.voxels()[offset])
    });
    let vein = |kind, number: usize, course: &(dyn Fn(&mut Stream) -> Option<Course> + Sync)| {
        (0..ATTEMPTS).find_map(|attempt| {
            let item = number as u64 * ATTEMPTS + attempt;
            let mut stream = Stream::new(draw.seed, &format!("{kind:?}"), item);
            let course = course(&mut stream)?;
            let vein = Mimic {
                kind,
                chi_ppm: if kind == MimicKind::FlowVoid {
                    0.0
                } else {
                    draw.chi_ppm
                },
                shape: course.shape(),
            };
            let least =
                MIN_LENGTH_MM.max(MIN_SLENDERNESS * course.radius_mm[0].max(course.radius_mm[1]));
            (vein.length_mm() >= least).then_some(vein)
        })
    };
    let medullary = |stream: &mut Stream| medullary_course(anatomy, draw, &walls, stream);
    let pial = |stream: &mut Stream| pial_course(anatomy, draw.pial_radius_mm, stream);
    let artery = |stream: &mut Stream| pial_course(anatomy, draw.flow_void_radius_mm, stream);
    let mut veins: Vec<Mimic> = (0..draw.medullary)
        .into_par_iter()
        .filter_map(|n| vein(MimicKind::MedullaryVein, n, &medullary))
        .collect();
    let on_surface: Vec<Mimic> = (0..draw.pial)
        .into_par_iter()
        .filter_map(|n| vein(MimicKind::PialVein, n, &pial))
        .collect();
    veins.extend(on_surface);
    veins.extend((0..draw.flow_voids).filter_map(|n| vein(MimicKind::FlowVoid, n, &artery)));
    veins
}

/// A traced centre line and the radii at its ends.
struct Course {
    points: Vec<Vector3<f64>>,
    radius_mm: [f64; 2],
}

impl Course {
    fn new(points: Vec<Vector3<f64>>, radius_mm: [f64; 2]) -> Option<Self> {
        (points.len() > 2).then_some(Self { points, radius_mm })
    }

    /// Smoothed, thinned out, rounded to 0.01 mm.
    fn shape(&self) -> MimicShape {
        let n = self.points.len();
        let smooth = |i: usize| {
            let (from, to) = (i.saturating_sub(2), (i + 2).min(n - 1));
            self.points[from..=to].iter().sum::<Vector3<f64>>() / (to - from + 1) as f64
        };
        let kept: Vec<usize> = (0..n).filter(|i| i % KEPT == 0 || i + 1 == n).collect();
        let rounded = |v: f64| (v * 100.0).round() / 100.0;
        let [near, far] = self.radius_mm;
        MimicShape::Tube {
            points_mm: kept
                .iter()
                .map(|&i| smooth(i).map(rounded).into())
                .collect(),
            radius_mm: kept
                .iter()
                .map(|&i| rounded(near + (far - near) * i as f64 / (n - 1) as f64))
                .collect(),
        }
    }
}

/// From the ventricle's wall outwards through white matter.
fn medullary_course(
    anatomy: &Anatomy,
    draw: &VesselDraw,
    walls: &[usize],
    stream: &mut Stream,
) -> Option<Course> {
    let start = *walls.get(stream.index(walls.len()))?;
    let mut at = anatomy.place_within(start, stream);
    let mut direction = anatomy.uphill(&anatomy.to_ventricle, at)?;
    direction = (direction + 0.5 * stream.direction()).normalize();
    let steps = (stream.uniform(10.0, 38.0) / STEP_MM) as usize;
    let mut points = vec![at];
    for _ in 0..steps {
        let outward = anatomy
            .uphill(&anatomy.to_ventricle, at)
            .unwrap_or(direction);
        direction = (0.72 * direction + 0.28 * outward + 0.16 * stream.direction()).normalize();
        at += direction * STEP_MM;
        if anatomy.tissue_at(at) != Tissue::White {
            break;
        }
        points.push(at);
    }
    let [low, high] = draw.medullary_radius_mm;
    // Most are thin: the widths pile up at the lower end.
    let wide = low + (high - low) * stream.uniform(0.0, 1.0).powf(1.6);
    Course::new(points, [wide, (0.55 * wide).max(0.6 * low)])
}

/// Along the surface film towards the sagittal sinus, or, low on the brain, down and back.
fn pial_course(anatomy: &Anatomy, radius_mm: [f64; 2], stream: &mut Stream) -> Option<Course> {
    let start = *anatomy.surface.get(stream.index(anatomy.surface.len()))?;
    let mut at = anatomy.place(start);
    let below_top = anatomy.top_z - at.z;
    let goal = if below_top < 75.0 {
        Vector3::new(anatomy.midline_x, at.y - 10.0, anatomy.top_z)
    } else {
        let side = (at.x - anatomy.midline_x).signum();
        Vector3::new(anatomy.midline_x + 55.0 * side, at.y - 60.0, at.z - 10.0)
    };
    let mut direction = ((goal - at).try_normalize(1e-6)? + stream.direction()).normalize();
    let steps = (stream.uniform(14.0, 60.0) / STEP_MM) as usize;
    let mut points = vec![at];
    const CHOICES: usize = 14;
    for _ in 0..steps {
        let drift = (goal - at).try_normalize(1e-6).unwrap_or(direction);
        let mut best: Option<(f64, Vector3<f64>)> = None;
        for _ in 0..CHOICES {
            let way = (direction + 0.7 * stream.direction()).normalize();
            let there = at + way * STEP_MM;
            let off_surface = anatomy.value(&anatomy.to_surface, there);
            let score = way.dot(&direction) + 0.35 * way.dot(&drift) - 1.2 * off_surface;
            if off_surface < 1.3 && best.is_none_or(|(so_far, _)| score > so_far) {
                best = Some((score, way));
            }
        }
        let Some((_, way)) = best else { break };
        direction = way;
        at += direction * STEP_MM;
        if anatomy.tissue_at(at) == Tissue::White {
            break;
        }
        points.push(at);
    }
    let [low, high] = radius_mm;
    let far = low + (high - low) * stream.uniform(0.0, 1.0).powf(1.3);
    Course::new(points, [(0.6 * far).max(low.min(far)), far])
}
