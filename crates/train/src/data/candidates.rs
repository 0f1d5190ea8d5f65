//! Labelled scans become files of their candidates, with what each of them is.

use super::candidate_file::{CandidateFile, CandidatePlace, CandidateSet, MayBe, TruePlace};
use super::labels::lesion_mask;
use super::prepare::{DataError, ScanFault, begin, check_labels, for_all, lesions_in, stamp};
use super::prepared::numbered;
use crate::data::LabelledScan;
use nalgebra::Point3;
use serde::Deserialize;
use siderin_core::candidates::{Candidate, SpotKind, VIEW_VERSION};
use siderin_core::truth::{LesionTruth, Mimic, MimicKind};
use siderin_image::folder::read_bounded;
use siderin_image::scan::{Catalog, ReadLimits, Scan, read_phase};
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};
use siderin_net::{MOST_CANDIDATES, RegionFinder, show_candidates};
use std::path::{Path, PathBuf};

/// Searches the scans for candidates into `folder`, in the order given, in the brain that `regions`
/// finds. What is there already and was made of the same is kept. `done` is called after each scan.
///
/// # Errors
/// Every scan that cannot be used, with the reason.
pub fn candidates_of_all(
    scans: &[LabelledScan],
    regions: &RegionFinder,
    folder: &Path,
    done: &(dyn Fn(&str) + Sync),
) -> Result<Vec<CandidateFile>, DataError> {
    begin(folder, scans.len())?;
    // What is wrong with grids and labels is known in no time, before anything is searched.
    for_all(scans, check_labels)?;
    for_all(scans, |labelled| {
        let made_of = made_of(labelled, regions);
        let path = numbered(folder, &labelled.name, &made_of, "candidates");
        let file = CandidateFile::at(path);
        if !file.is_of(&made_of) {
            file.write(&made_of, &candidates_of(labelled, regions)?)?;
        }
        done(&labelled.name);
        Ok(file)
    })
}

fn made_of(labelled: &LabelledScan, regions: &RegionFinder) -> String {
    let input = &labelled.input;
    let truth = truth_beside(labelled);
    let files = [
        Some(input.path.as_path()),
        input.phase.as_deref(),
        Some(labelled.lesions.path()),
        truth.as_deref(),
    ];
    let stamps = files.map(|file| file.map_or(String::from("-"), stamp));
    format!(
        "siderin {} views {VIEW_VERSION}, {MOST_CANDIDATES} candidates, regions {}; {}",
        env!("CARGO_PKG_VERSION"),
        regions.used().fingerprint,
        stamps.join("; ")
    )
}

fn candidates_of(
    labelled: &LabelledScan,
    regions: &RegionFinder,
) -> Result<CandidateSet, ScanFault> {
    let limits = ReadLimits::default();
    let scan = read(labelled, limits)?;
    let grid = scan.magnitude.grid();
    let mask = lesion_mask(&labelled.lesions, grid, limits)?;
    let known = match truth_beside(labelled) {
        Some(path) => Some(Known::read(&path)?),
        None => None,
    };
    let shown = show_candidates(&scan, &regions.find(&scan.magnitude)?)?;
    let truth = Truth::of(&mask, known);
    let mut set = CandidateSet::of(truth.lesions.clone());
    for ((candidate, _), view) in shown.candidates.into_iter().zip(&shown.views) {
        let place = CandidatePlace {
            center_world_mm: candidate.center_world.to_array(),
            volume_mm3: candidate.voxels.len() as f64 * grid.voxel_volume_mm3(),
            may_be: truth.of_candidate(&candidate),
            voxels: candidate.voxels,
        };
        set.push(place, view);
    }
    Ok(set)
}

/// The scan with its phase. As detection does, it goes without a phase that is not right.
fn read(labelled: &LabelledScan, limits: ReadLimits) -> Result<Scan, ScanFault> {
    let input = &labelled.input;
    let catalog = Catalog::open(&input.path, limits)?;
    let mut scan = catalog.choose(None)?.load(&input.stem, limits)?;
    if let Some(phase) = input
        .phase
        .as_deref()
        .and_then(|path| read_phase(path, limits).ok())
    {
        // Refused where it lies on another grid.
        let _ = scan.set_phase(phase);
    }
    Ok(scan)
}

/// What the simulator wrote down of a scan, beside its lesions.
fn truth_beside(labelled: &LabelledScan) -> Option<PathBuf> {
    let lesions = labelled.lesions.path();
    let name = lesions.file_name()?.to_str()?;
    let of_scan = name.strip_suffix("_desc-lesions_dseg.nii.gz")?;
    let path = lesions.with_file_name(format!("{of_scan}_truth.json"));
    path.is_file().then_some(path)
}

/// A record has about 1 MB.
const MOST_RECORD_MB: u64 = 100;

/// The part of the simulator's record that says what is no microbleed.
#[derive(Debug, Deserialize)]
struct Known {
    lesions: Vec<LesionTruth>,
    mimics: Vec<Mimic>,
}

impl Known {
    fn read(path: &Path) -> Result<Self, ScanFault> {
        let said = |reason: String| ScanFault::Truth { reason };
        let bytes = read_bounded(path, MOST_RECORD_MB).map_err(|error| said(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| said(format!("it has more than {MOST_RECORD_MB} MB")))?;
        serde_json::from_slice(&bytes).map_err(|error| said(error.to_string()))
    }
}

/// What is true of a scan's dark spots.
struct Truth<'a> {
    mask: &'a Volume<bool>,
    lesions: Vec<TruePlace>,
    /// Voxels of all lesions.
    voxels: Vec<WorldPoint>,
    known: Option<Known>,
}

/// A spot closer to a lesion than this, but not in it, may be a part of it.
const PART_MM: f64 = 3.0;
/// A spot farther from a mimic than this, or than half a slice, is another thing.
const MIMIC_MM: f64 = 1.0;

impl<'a> Truth<'a> {
    fn of(mask: &'a Volume<bool>, known: Option<Known>) -> Self {
        let grid = mask.grid();
        let lesions = lesions_in(mask)
            .into_iter()
            .map(|(center, voxels)| TruePlace {
                center_world_mm: center.to_array(),
                volume_mm3: voxels as f64 * grid.voxel_volume_mm3(),
            })
            .collect();
        let inside = mask
            .voxels()
            .iter()
            .enumerate()
            .filter(|(_, inside)| **inside);
        let voxels = inside
            .map(|(offset, _)| grid.to_world(VoxelPoint::center_of(grid.index(offset))))
            .collect();
        Self {
            mask,
            lesions,
            voxels,
            known,
        }
    }

    /// A microbleed is a candidate that shares a voxel with one; what is close to one, or to one that
    /// cannot be seen, teaches nothing.
    fn of_candidate(&self, candidate: &Candidate) -> MayBe {
        let inside = self.mask.voxels();
        if candidate.voxels.iter().any(|voxel| inside[*voxel]) {
            return MayBe::only(SpotKind::Microbleed);
        }
        let center = candidate.center_world;
        if self.voxels.iter().any(|v| v.distance_mm(center) < PART_MM) {
            return MayBe::NOTHING;
        }
        let Some(known) = &self.known else {
            return MayBe::no_microbleed();
        };
        let unseen = known.lesions.iter().filter(|lesion| !lesion.visible);
        let at = |lesion: &LesionTruth| WorldPoint(Point3::from(lesion.center_world_mm));
        if unseen
            .into_iter()
            .any(|l| at(l).distance_mm(center) < PART_MM)
        {
            return MayBe::NOTHING;
        }
        MayBe::only(self.mimic_at(known, center))
    }

    fn mimic_at(&self, known: &Known, center: WorldPoint) -> SpotKind {
        let thickest = self
            .mask
            .grid()
            .spacing_mm()
            .into_iter()
            .fold(0.0, f64::max);
        let reach = MIMIC_MM.max(thickest / 2.0);
        known
            .mimics
            .iter()
            .map(|mimic| (mimic.distance_mm(center.0.coords), mimic.kind))
            .filter(|(distance, _)| *distance < reach)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(SpotKind::Other, |(_, kind)| spot_kind(kind))
    }
}

fn spot_kind(mimic: MimicKind) -> SpotKind {
    match mimic {
        MimicKind::MedullaryVein | MimicKind::PialVein | MimicKind::MapVessel => SpotKind::Vein,
        MimicKind::PallidalCalcification
        | MimicKind::ChoroidCalcification
        | MimicKind::PinealCalcification => SpotKind::Calcification,
        MimicKind::FlowVoid => SpotKind::FlowVoid,
        MimicKind::Cavernoma | MimicKind::Siderosis => SpotKind::OtherBlood,
        MimicKind::PerivascularSpace | MimicKind::IronRichNucleus | MimicKind::AirCavity => {
            SpotKind::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_core::candidates::{SearchConfig, search};
    use siderin_image::volume::Grid;

    /// Three dark balls in a row, 20 mm apart.
    fn candidates(grid: &Grid) -> Vec<Candidate> {
        let scan = Volume::from_fn(grid, |index| {
            let at = grid.to_world(VoxelPoint::center_of(index));
            let dark = [15.0, 35.0, 55.0]
                .into_iter()
                .any(|x| at.distance_mm(WorldPoint::new(x, 20.0, 20.0)) < 2.2);
            if dark { 20.0 } else { 100.0 }
        });
        let brain = Volume::filled(grid, true);
        let found = search(&scan, &brain, &SearchConfig::default())
            .unwrap()
            .found;
        // The same spot is found at several sizes.
        [15.0, 35.0, 55.0]
            .map(|x| WorldPoint::new(x, 20.0, 20.0))
            .map(|ball| {
                let mut of_ball = found.iter().map(|(candidate, _)| candidate);
                let close = of_ball.find(|c| c.center_world.distance_mm(ball) < 1.0);
                close.unwrap().clone()
            })
            .to_vec()
    }

    #[test]
    fn candidates_are_what_the_truth_says() {
        let grid = Grid::axis_aligned([70, 40, 40], [1.0; 3]).unwrap();
        let candidates = candidates(&grid);
        let mask = Volume::from_fn(&grid, |index| index == [15, 20, 20]);
        let of = |known: &str| -> Vec<MayBe> {
            let known = (!known.is_empty()).then(|| serde_json::from_str(known).unwrap());
            let truth = Truth::of(&mask, known);
            assert_eq!(truth.lesions.len(), 1);
            assert_eq!(truth.lesions[0].center_world_mm, [15.0, 20.0, 20.0]);
            candidates.iter().map(|c| truth.of_candidate(c)).collect()
        };
        let microbleed = MayBe::only(SpotKind::Microbleed);
        let anything = MayBe::no_microbleed();
        assert_eq!(of(""), [microbleed, anything, anything]);
        // A vein along y through the second; the third is 4 mm away from calcium.
        let mimics = r#"{"lesions": [], "mimics": [
            {"kind": "medullary_vein", "chi_ppm": 0.3, "form": "tube",
             "points_mm": [[35.5, 10, 20], [35.5, 30, 20]], "radius_mm": [0.3, 0.3]},
            {"kind": "pallidal_calcification", "chi_ppm": -1.0, "form": "grains",
             "points_mm": [[60, 20, 20]], "radius_mm": [1.0]}]}"#;
        let (vein, other) = (MayBe::only(SpotKind::Vein), MayBe::only(SpotKind::Other));
        assert_eq!(of(mimics), [microbleed, vein, other]);
        // A microbleed that cannot be seen at the third.
        let unseen = r#"{"mimics": [], "lesions": [{"id": 2, "center_world_mm": [55, 21, 20],
            "center_voxel": [55, 21, 20], "center_head_mm": [0, 0, 0], "core_radius_mm": 0.4,
            "chi_ppm": 1.2, "visible": false, "peak_loss": 0.1, "visible_voxels": 0,
            "visible_volume_mm3": 0.0, "visible_diameter_mm": 0.0}]}"#;
        assert_eq!(of(unseen), [microbleed, other, MayBe::NOTHING]);
    }
}
