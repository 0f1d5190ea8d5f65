//! The truth about each microbleed, measured on the magnitude without noise.

use super::Exam;
use super::resimulate::part_rows;
use crate::person::Person;
use crate::scene::PlacedLesion;
use nalgebra::Point3;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use siderin_core::regions::{Region, Side};
use siderin_core::truth::LesionTruth;
use siderin_image::preprocess::{Connectivity, connected_components};
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};
use std::collections::HashMap;
use std::ops::Range;

/// Where a lesion takes more than this share of the signal, it is seen.
const VISIBLE_LOSS: f32 = 0.25;
/// One whose deepest loss stays below this is not seen at all.
const VISIBLE_PEAK: f32 = 0.40;
const VISIBLE_VOXELS: usize = 2;
/// Loss is in relation to the signal without the lesion, or to this share of white matter's
/// where there is less: in a void there is nothing to lose.
pub(crate) const FLOOR_SHARE: f64 = 0.2;
/// No lesion is looked for farther from its centre than this.
pub(crate) const SEARCH_MM: f64 = 12.0;

/// The mask of visible lesions (values are their numbers) and what is known of all.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Instance labels on the scan's grid.
    pub mask: Volume<u16>,
    /// All lesions.
    pub lesions: Vec<LesionTruth>,
}

/// Voxels in which a lesion is seen, with its loss there.
pub(crate) struct Seen {
    pub(crate) peak_loss: f32,
    /// Offsets in the scan, and the loss there.
    pub(crate) voxels: Vec<(usize, f32)>,
}

pub(super) fn truth(
    exam: &Exam,
    person: &Person,
    lesions: &[PlacedLesion],
    without: &Volume<Complex32>,
) -> Truth {
    let seen: Vec<Seen> = lesions
        .par_iter()
        .map(|lesion| seen(exam, lesion, without))
        .collect();
    let regions = person.regions();
    Truth::of(exam.grid(), lesions, &seen, |lesion| {
        let head = Point3::from(nalgebra::Vector3::from(lesion.center_head_mm));
        let world = WorldPoint(exam.place.world_from_head * head);
        (world, region_at(regions, WorldPoint(head)))
    })
}

impl Truth {
    /// The mask and what is known of each lesion, from where they are seen; `place` gives a lesion's centre in the scan's
    /// world, and its region.
    pub(crate) fn of(
        grid: &Grid,
        lesions: &[PlacedLesion],
        seen: &[Seen],
        place: impl Fn(&PlacedLesion) -> (WorldPoint, Option<(Region, Side)>),
    ) -> Self {
        let visible = visible(seen);
        let mut mask = Volume::filled(grid, 0u16);
        for (offset, (_, number)) in owners(seen, &visible) {
            mask.voxels_mut()[offset] = lesions[number].id;
        }
        let lesions = lesions
            .iter()
            .zip(seen)
            .zip(visible)
            .map(|((lesion, seen), visible)| LesionTruth {
                visible,
                ..describe(grid, lesion, place(lesion), seen)
            })
            .collect();
        Self { mask, lesions }
    }
}

/// Which lesions are seen: those that would be by themselves and are not swallowed by another
/// whose loss is larger wherever they are.
fn visible(seen: &[Seen]) -> Vec<bool> {
    let mut visible: Vec<bool> = seen.iter().map(is_visible).collect();
    loop {
        let mut left = vec![0usize; seen.len()];
        for (_, number) in owners(seen, &visible).values() {
            left[*number] += 1;
        }
        let swallowed = (0..seen.len()).find(|&n| visible[n] && left[n] < VISIBLE_VOXELS);
        let Some(number) = swallowed else {
            return visible;
        };
        visible[number] = false;
    }
}

/// For each voxel in which visible lesions are seen, the largest loss and whose it is.
fn owners(seen: &[Seen], visible: &[bool]) -> HashMap<usize, (f32, usize)> {
    let mut owners: HashMap<usize, (f32, usize)> = HashMap::new();
    for (number, seen) in seen.iter().enumerate().filter(|(n, _)| visible[*n]) {
        for &(offset, loss) in &seen.voxels {
            let entry = owners.entry(offset).or_insert((loss, number));
            if loss > entry.0 {
                *entry = (loss, number);
            }
        }
    }
    owners
}

/// Whether a lesion belongs into the mask.
pub(crate) fn is_visible(seen: &Seen) -> bool {
    seen.peak_loss >= VISIBLE_PEAK && seen.voxels.len() >= VISIBLE_VOXELS
}

/// The part of the scan in which a lesion is looked for; an axis may come out empty.
pub(crate) fn search_region(exam: &Exam, lesion: &PlacedLesion) -> [Range<usize>; 3] {
    let reach = f64::from(exam.source(lesion).reach).min(SEARCH_MM);
    exam.sampling.voxels_within(exam.center_mm(lesion), reach)
}

/// Puts the lesion alone into the scan without any and compares.
pub(crate) fn seen(exam: &Exam, lesion: &PlacedLesion, without: &Volume<Complex32>) -> Seen {
    let region = search_region(exam, lesion);
    if region.iter().any(Range::is_empty) {
        return Seen {
            peak_loss: 0.0,
            voxels: Vec::new(),
        };
    }
    let with = exam.resimulate(&[exam.source(lesion)], without, &region);
    let without: Vec<Complex32> = part_rows(without, &region).flatten().copied().collect();
    seen_between(exam, lesion, &region, &without, &with)
}

/// What a lesion takes between a region without and with it (voxels x fastest).
pub(crate) fn seen_between(
    exam: &Exam,
    lesion: &PlacedLesion,
    region: &[Range<usize>; 3],
    without: &[Complex32],
    with: &[Complex32],
) -> Seen {
    let floor = (FLOOR_SHARE * exam.white_signal) as f32;
    let loss: Vec<f32> = without
        .iter()
        .zip(with)
        .map(|(before, after)| {
            let before = before.norm();
            (before - after.norm()) / before.max(floor)
        })
        .collect();
    around_center(exam.grid(), exam.center_mm(lesion), region, &loss)
}

/// The connected part of what is lost that lies closest to the centre, which is in mm along the grid's axes.
pub(crate) fn around_center(
    scan: &Grid,
    center_mm: [f64; 3],
    region: &[Range<usize>; 3],
    loss: &[f32],
) -> Seen {
    let nothing = Seen {
        peak_loss: 0.0,
        voxels: Vec::new(),
    };
    let Ok(grid) = scan.crop(region) else {
        return nothing;
    };
    let Ok(mask) = Volume::new(
        grid.clone(),
        loss.iter().map(|&l| l > VISIBLE_LOSS).collect(),
    ) else {
        return nothing;
    };
    let (components, _) = connected_components(&mask, Connectivity::TwentySix);
    let spacing = grid.spacing_mm();
    let distance2 = |offset: usize| {
        let index = grid.index(offset);
        (0..3)
            .map(|a| ((index[a] + region[a].start) as f64 * spacing[a] - center_mm[a]).powi(2))
            .sum::<f64>()
    };
    let closest = (0..loss.len())
        .filter(|&o| components.voxels()[o] != 0)
        .min_by(|&a, &b| distance2(a).total_cmp(&distance2(b)));
    let Some(component) = closest.map(|o| components.voxels()[o]) else {
        let peak_loss = loss.iter().copied().fold(0.0, f32::max);
        return Seen {
            peak_loss,
            voxels: Vec::new(),
        };
    };
    let voxels: Vec<(usize, f32)> = (0..loss.len())
        .filter(|&o| components.voxels()[o] == component)
        .map(|o| {
            let index = grid.index(o);
            let whole = std::array::from_fn(|a| index[a] + region[a].start);
            (scan.offset(whole), loss[o])
        })
        .collect();
    Seen {
        peak_loss: voxels.iter().map(|(_, l)| *l).fold(0.0, f32::max),
        voxels,
    }
}

fn describe(
    grid: &Grid,
    lesion: &PlacedLesion,
    (world, region): (WorldPoint, Option<(Region, Side)>),
    seen: &Seen,
) -> LesionTruth {
    let spacing = grid.spacing_mm();
    let mut per_slice: HashMap<usize, usize> = HashMap::new();
    for (offset, _) in &seen.voxels {
        *per_slice.entry(grid.index(*offset)[2]).or_default() += 1;
    }
    let largest = per_slice.values().copied().max().unwrap_or(0) as f64;
    let area = largest * spacing[0] * spacing[1];
    let rounded = |v: f64| (v * 1000.0).round() / 1000.0;
    LesionTruth {
        id: lesion.id,
        center_world_mm: world.to_array().map(rounded),
        center_voxel: grid.to_voxel(world).to_array().map(rounded),
        center_head_mm: lesion.center_head_mm,
        core_radius_mm: lesion.core_radius_mm,
        chi_ppm: lesion.chi_ppm,
        region: region.map(|(region, _)| region.name().to_string()),
        side: region.map(|(_, side)| match side {
            Side::Left => "left".to_string(),
            Side::Right => "right".to_string(),
        }),
        visible: is_visible(seen),
        peak_loss: rounded(f64::from(seen.peak_loss)),
        visible_voxels: seen.voxels.len(),
        visible_volume_mm3: rounded(seen.voxels.len() as f64 * grid.voxel_volume_mm3()),
        visible_diameter_mm: rounded(2.0 * (area / std::f64::consts::PI).sqrt()),
    }
}

/// The region of a place of their map.
pub(crate) fn region_at(regions: &Volume<u8>, at: WorldPoint) -> Option<(Region, Side)> {
    let VoxelPoint(index) = regions.grid().to_voxel(at);
    let shape = regions.shape();
    let index = [0, 1, 2].map(|a| index[a].round());
    if (0..3).any(|a| index[a] < 0.0 || index[a] >= shape[a] as f64) {
        return None;
    }
    Region::of_code(regions.at(index.map(|i| i as usize)))
}
