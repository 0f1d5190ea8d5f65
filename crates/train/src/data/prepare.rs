//! Labelled scans become files of what the network sees and what is true.

use super::labels::{LabelError, has_lesions, head_codes, lesion_mask, region_classes};
use super::prepared::{Labelled, PreparedFile, PreparedFileError, Truth, file_in};
use crate::data::LabelledScan;
use nalgebra::Matrix4;
use rayon::prelude::*;
use siderin_core::candidates::{SearchConfig, SearchError, find_candidates};
use siderin_core::regions::VoxelClass;
use siderin_image::preprocess::{
    BrainMaskConfig, BrainMaskError, Connectivity, HeadViewError, Prepared, brain_mask,
    connected_components, head_view,
};
use siderin_image::scan::nifti::{NiftiError, read_volume};
use siderin_image::scan::{Catalog, ChooseError, LoadError, OpenError, ReadLimits, Scan};
use siderin_image::volume::{
    Grid, ResampleError, Volume, VoxelPoint, WorldPoint, resample_nearest,
};
use siderin_net::architectures::Output;
use siderin_net::model_file::ModelCard;
use siderin_net::{PrepareError, RegionError, ShowError, prepare};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Scans that nothing can be learnt from.
#[derive(Debug, thiserror::Error)]
#[error("preparing the scans: {} of {scans} cannot be used:\n{}", .faults.len(), listed(.faults))]
pub struct DataError {
    /// How many there are.
    pub scans: usize,
    /// What is wrong with which.
    pub faults: Vec<(String, ScanFault)>,
}

fn listed(faults: &[(String, ScanFault)]) -> String {
    let lines = faults
        .iter()
        .map(|(name, fault)| format!("  {name}: {fault}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a scan.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ScanFault {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Choose(#[from] ChooseError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("reading the {what}: {source}")]
    Companion {
        what: &'static str,
        source: NiftiError,
    },
    #[error(transparent)]
    Labels(#[from] LabelError),
    #[error(transparent)]
    Brain(#[from] BrainMaskError),
    #[error(transparent)]
    View(#[from] HeadViewError),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
    #[error(transparent)]
    Regions(#[from] RegionError),
    #[error(transparent)]
    Show(#[from] ShowError),
    #[error(
        "reading the simulator's record beside the lesions: {reason}; simulate the scan anew, or take the record away"
    )]
    Truth { reason: String },
    #[error(transparent)]
    File(#[from] PreparedFileError),
    #[error(
        "it has no map of regions, which the network learns; make one with `siderin regions \
         from-labels` (…_desc-regions_dseg.nii.gz), or let a guided U-Net go without by proxy = false \
         under [model.card.model]"
    )]
    NoRegions,
}

/// Prepares scans into `folder`, in the order given. What is there already and was made of the same
/// files by the same recipe is kept. `done` is called after each.
///
/// # Errors
/// Every scan that cannot be used, with the reason.
pub fn prepare_all(
    scans: &[LabelledScan],
    card: &ModelCard,
    folder: &Path,
    done: &(dyn Fn(&str) + Sync),
) -> Result<Vec<PreparedFile>, DataError> {
    begin(folder, scans.len())?;
    // What is wrong with grids and labels is known in no time, before anything is prepared.
    for_all(scans, |scan| check_one(scan, card, folder))?;
    for_all(scans, |scan| {
        let made = prepare_one(scan, card, folder);
        done(&scan.name);
        made
    })
}

/// Makes the folder of prepared scans.
pub(super) fn begin(folder: &Path, scans: usize) -> Result<(), DataError> {
    std::fs::create_dir_all(folder).map_err(|error| DataError {
        scans,
        faults: vec![(
            "the folder of prepared scans".into(),
            PreparedFileError::Io(error).into(),
        )],
    })
}

/// Does the same to all scans; every fault is told.
pub(super) fn for_all<T: Send>(
    scans: &[LabelledScan],
    work: impl Fn(&LabelledScan) -> Result<T, ScanFault> + Sync,
) -> Result<Vec<T>, DataError> {
    // A few at a time: each holds its scan, and works on all threads for a part of the time.
    const AT_ONCE: usize = 4;
    let mut good = Vec::new();
    let mut faults = Vec::new();
    for some in scans.chunks(AT_ONCE) {
        let done: Vec<Result<T, ScanFault>> = some.par_iter().map(&work).collect();
        for (scan, done) in some.iter().zip(done) {
            match done {
                Ok(value) => good.push(value),
                Err(fault) => faults.push((scan.name.clone(), fault)),
            }
        }
    }
    if faults.is_empty() {
        return Ok(good);
    }
    Err(DataError {
        scans: scans.len(),
        faults,
    })
}

/// Names of the scans that have a lesion.
///
/// # Errors
/// Every scan whose labels cannot be read.
pub(crate) fn scans_with_lesions(scans: &[LabelledScan]) -> Result<BTreeSet<String>, DataError> {
    let limits = ReadLimits::default();
    let has = for_all(scans, |scan| {
        Ok(has_lesions(&scan.lesions, limits)?.then(|| scan.name.clone()))
    })?;
    Ok(has.into_iter().flatten().collect())
}

/// Whether scan and labels belong together, without reading the scan's voxels.
fn check_one(labelled: &LabelledScan, card: &ModelCard, folder: &Path) -> Result<(), ScanFault> {
    let made_of = made_of(labelled, card);
    if file_in(folder, &labelled.name, &made_of).is_of(&made_of) {
        return Ok(());
    }
    check_labels(labelled)?;
    if card.model.design().learns_regions() && labelled.regions.is_none() {
        return Err(ScanFault::NoRegions);
    }
    Ok(())
}

/// Whether the labels lie on the scan's grid.
pub(super) fn check_labels(labelled: &LabelledScan) -> Result<(), ScanFault> {
    let limits = ReadLimits::default();
    let catalog = Catalog::open(&labelled.input.path, limits)?;
    let grid = &catalog.choose(None)?.grid;
    lesion_mask(&labelled.lesions, grid, limits)?;
    Ok(())
}

fn prepare_one(
    labelled: &LabelledScan,
    card: &ModelCard,
    folder: &Path,
) -> Result<PreparedFile, ScanFault> {
    let made_of = made_of(labelled, card);
    let file = file_in(folder, &labelled.name, &made_of);
    if file.is_of(&made_of) {
        return Ok(file);
    }
    let limits = ReadLimits::default();
    let scan = read_scan(labelled, card, limits)?;
    match card.model.design().output() {
        Output::Regions => {
            let map = labelled.regions.as_deref().ok_or(ScanFault::NoRegions)?;
            write_head(&file, &made_of, &scan, map)?;
            return Ok(file);
        }
        Output::Microbleeds | Output::Structures | Output::Candidates => {}
    }
    let grid = scan.magnitude.grid();
    let mask = lesion_mask(&labelled.lesions, grid, limits)?;
    let brain = brain_mask(&scan.magnitude, &BrainMaskConfig::default())?;
    let ready = prepare(card, &scan, &brain, &|_| ())?;
    let working = ready.prepared.brain.grid();
    let mut classes = match &labelled.regions {
        Some(map) if card.model.design().learns_regions() => {
            region_classes(map, &ready.prepared.brain, limits)?.into_voxels()
        }
        _ => vec![VoxelClass::Background as u8; working.voxel_count()],
    };
    for (class, inside) in classes.iter_mut().zip(lesions_on(working, &mask)?.voxels()) {
        if *inside {
            *class = VoxelClass::Microbleed as u8;
        }
    }
    let spots = spots(&scan.magnitude, &brain, working, &classes)?;
    file.write(
        &made_of,
        &Labelled {
            prepared: &ready.prepared,
            classes: &classes,
            spots: &spots,
            truth: &Truth { brain, mask },
        },
    )?;
    Ok(file)
}

/// What the network of regions learns from: the head's view and the code of each of its voxels.
fn write_head(
    file: &PreparedFile,
    made_of: &str,
    scan: &Scan,
    map: &Path,
) -> Result<(), ScanFault> {
    let view = head_view(&scan.magnitude)?;
    let codes = head_codes(map, &view, ReadLimits::default())?;
    let brain = codes.map(|code| code > 0);
    let truth = Truth {
        mask: brain.map(|_| false),
        brain: brain.clone(),
    };
    let prepared = Prepared {
        images: vec![view],
        brain,
    };
    Ok(file.write(
        made_of,
        &Labelled {
            prepared: &prepared,
            classes: codes.voxels(),
            spots: &[],
            truth: &truth,
        },
    )?)
}

/// Spots that are kept of a scan.
const MOST_SPOTS: usize = 300;
/// Closer to a lesion than this, a spot may be a part of it.
const CLEAR_MM: f64 = 5.0;

/// Dark round spots that are no lesion, as voxels of the network's grid: what the search by rules
/// takes for microbleeds, best first.
fn spots(
    scan: &Volume<f32>,
    brain: &Volume<bool>,
    grid: &Grid,
    classes: &[u8],
) -> Result<Vec<usize>, ScanFault> {
    let microbleed = VoxelClass::Microbleed as u8;
    let lesion_voxels: Vec<WorldPoint> = classes
        .iter()
        .enumerate()
        .filter(|(_, class)| **class == microbleed)
        .map(|(offset, _)| grid.to_world(VoxelPoint::center_of(grid.index(offset))))
        .collect();
    let found = find_candidates(scan, brain, &SearchConfig::default())?;
    let clear = found.into_iter().filter(|(candidate, _)| {
        let mut lesions = lesion_voxels.iter();
        lesions.all(|lesion| lesion.distance_mm(candidate.center_world) > CLEAR_MM)
    });
    Ok(clear
        .filter_map(|(candidate, _)| grid.nearest(candidate.center_world))
        .take(MOST_SPOTS)
        .map(|index| grid.offset(index))
        .collect())
}

/// The mean of the voxels' centres of each lesion, and how many voxels it has.
pub(super) fn lesions_in(mask: &Volume<bool>) -> Vec<(WorldPoint, usize)> {
    let (labels, count) = connected_components(mask, Connectivity::TwentySix);
    let mut sums = vec![([0.0; 3], 0); count];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        if label > 0 {
            let (sum, number) = &mut sums[label as usize - 1];
            let index = mask.grid().index(offset);
            for axis in 0..3 {
                sum[axis] += index[axis] as f64;
            }
            *number += 1;
        }
    }
    let centers = sums.into_iter().map(|(sum, number)| {
        let [i, j, k] = sum.map(|total| total / number as f64);
        (mask.grid().to_world(VoxelPoint::new(i, j, k)), number)
    });
    centers.collect()
}

/// The mask on another grid; a lesion that falls between its voxels keeps the closest one.
fn lesions_on(grid: &Grid, mask: &Volume<bool>) -> Result<Volume<bool>, ResampleError> {
    let mut laid = resample_nearest(mask, grid, &Matrix4::identity(), false)?;
    for (center, _) in lesions_in(mask) {
        if let Some(index) = grid.nearest(center) {
            laid.set(index, true);
        }
    }
    Ok(laid)
}

fn read_scan(
    labelled: &LabelledScan,
    card: &ModelCard,
    limits: ReadLimits,
) -> Result<Scan, ScanFault> {
    let input = &labelled.input;
    let catalog = Catalog::open(&input.path, limits)?;
    let mut scan = catalog.choose(None)?.load(&input.stem, limits)?;
    let companion = |path: &Option<PathBuf>, channel: usize, what: &'static str| match path {
        Some(path) if card.model.design().inputs() > channel => read_volume(path, None, limits)
            .map(|(_, volume, _)| Some(volume))
            .map_err(|source| ScanFault::Companion { what, source }),
        _ => Ok(None),
    };
    scan.t1 = companion(&input.t1, 1, "T1w image")?;
    scan.t2 = companion(&input.t2, 2, "T2w image")?;
    Ok(scan)
}

/// What a prepared file depends on, in words: another recipe or other files mean preparing it again.
fn made_of(scan: &LabelledScan, card: &ModelCard) -> String {
    let recipe = serde_json::to_string(&card.recipe).unwrap_or_default();
    let regions = scan
        .regions
        .as_deref()
        .filter(|_| card.model.design().learns_regions());
    let files = [
        Some(scan.input.path.as_path()),
        Some(scan.lesions.path()),
        scan.input
            .t1
            .as_deref()
            .filter(|_| card.model.design().inputs() > 1),
        scan.input
            .t2
            .as_deref()
            .filter(|_| card.model.design().inputs() > 2),
        regions,
    ];
    let stamps: Vec<String> = files
        .into_iter()
        .map(|path| path.map_or(String::from("-"), stamp))
        .collect();
    format!(
        "siderin {} {recipe} {} inputs, {}; {}; {}",
        env!("CARGO_PKG_VERSION"),
        card.model.design().inputs(),
        if card.t1_optional {
            "optional"
        } else {
            "needed"
        },
        match card.model.design().output() {
            Output::Regions => "head",
            Output::Microbleeds | Output::Structures | Output::Candidates => "spots",
        },
        stamps.join("; ")
    )
}

/// Name, size and time of change of a file.
pub(super) fn stamp(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Ok(metadata) = std::fs::metadata(path) else {
        return format!("{name} missing");
    };
    let changed = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    format!("{name} {} {changed}", metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesion_between_coarse_voxels_is_kept() {
        let fine = Grid::axis_aligned([20, 20, 20], [0.5; 3]).unwrap();
        // One voxel at 3.5 mm; coarse voxels are at 0, 2, 4 … mm, and the nearest fine voxel of 4 mm
        // is another one.
        let mask = Volume::from_fn(&fine, |index| index == [7, 7, 7]);
        let coarse = Grid::axis_aligned([5, 5, 5], [2.0; 3]).unwrap();
        let laid = lesions_on(&coarse, &mask).unwrap();
        let inside: Vec<usize> = (0..125).filter(|&at| laid.voxels()[at]).collect();
        assert_eq!(inside, [coarse.offset([2, 2, 2])]);
    }
}
