//! The worst misses and false alarms, on the scans.

use crate::document::Metrics;
use crate::read::{Case, CaseList, LesionFile, Lesions, read_lesions};
use crate::run::Companions;
use crate::subject::LesionRecord;
use siderin_image::picture::{Plane, View, Window, picture};
use siderin_image::preprocess::percentiles;
use siderin_image::scan::{Catalog, ReadLimits};
use siderin_image::volume::{SAME_GRID_MM, Volume, WorldPoint};
use std::collections::BTreeMap;

/// A lesion with its pictures.
#[derive(Debug, Clone)]
pub struct GalleryItem {
    /// Whose.
    pub case: String,
    /// Whether a reference was missed; a false alarm otherwise.
    pub missed: bool,
    /// Size, confidence, region.
    pub words: String,
    /// Plane and picture (SVG).
    pub pictures: Vec<(&'static str, String)>,
}

/// What is shown, and what could not be.
#[derive(Debug, Clone, Default)]
pub struct Gallery {
    /// Misses by falling size, then false alarms by falling confidence.
    pub items: Vec<GalleryItem>,
    /// Scans that could not be shown, and why.
    pub notes: Vec<String>,
}

const SHOWN: usize = 12;
/// So that one bad scan does not fill the gallery.
const PER_CASE: usize = 3;
const HALF_MM: f64 = 20.0;

struct Wanted<'a> {
    case: &'a str,
    missed: bool,
    record: &'a LesionRecord,
}

/// Pictures of the worst mistakes, where scans are given.
#[must_use]
pub fn gallery(
    metrics: &Metrics,
    cases: &CaseList,
    companions: &Companions,
    limits: ReadLimits,
) -> Gallery {
    let mut gallery = Gallery::default();
    if companions.scans.is_empty() {
        return gallery;
    }
    let wanted: Vec<Wanted> = worst(metrics, true)
        .into_iter()
        .chain(worst(metrics, false))
        .collect();
    let by_name: BTreeMap<&str, &Case> = cases
        .cases
        .iter()
        .map(|case| (case.name.as_str(), case))
        .collect();
    // Each scan is read once; the order of the gallery is put back afterwards.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&at| wanted[at].case);
    let mut items: Vec<Option<GalleryItem>> = vec![None; wanted.len()];
    for group in order.chunk_by(|&a, &b| wanted[a].case == wanted[b].case) {
        let name = wanted[group[0]].case;
        let Some(case) = by_name.get(name) else {
            continue;
        };
        let scan = match scan_of(case, companions, limits) {
            Ok(Some(scan)) => scan,
            Ok(None) => continue,
            Err(why) => {
                gallery.notes.push(format!("{name}: {why}"));
                continue;
            }
        };
        let mask = |file: &Option<LesionFile>| mask_on(&scan, file.as_ref()?, limits);
        let (reference, prediction) = (mask(&case.reference), mask(&case.prediction));
        for &at in group {
            let outline = if wanted[at].missed {
                &reference
            } else {
                &prediction
            };
            items[at] = Some(item(&wanted[at], &scan, outline.as_ref()));
        }
    }
    gallery.items = items.into_iter().flatten().collect();
    gallery
}

fn worst(metrics: &Metrics, missed: bool) -> Vec<Wanted<'_>> {
    let mut all: Vec<Wanted> = metrics
        .subjects
        .iter()
        .flat_map(|(case, score)| {
            let records = if missed {
                &score.references
            } else {
                &score.predictions
            };
            let wrong = records.iter().filter(|record| !record.matched);
            wrong.map(move |record| Wanted {
                case,
                missed,
                record,
            })
        })
        .collect();
    let size = |w: &Wanted| w.record.diameter_mm.unwrap_or(0.0);
    let confidence = |w: &Wanted| w.record.confidence.unwrap_or(0.0);
    all.sort_by(|a, b| {
        let by_size = size(b).total_cmp(&size(a));
        if missed {
            by_size
        } else {
            confidence(b).total_cmp(&confidence(a)).then(by_size)
        }
    });
    let mut of_case: BTreeMap<&str, usize> = BTreeMap::new();
    all.retain(|w| {
        let count = of_case.entry(w.case).or_default();
        *count += 1;
        *count <= PER_CASE
    });
    all.truncate(SHOWN);
    all
}

fn scan_of(
    case: &Case,
    companions: &Companions,
    limits: ReadLimits,
) -> Result<Option<Volume<f32>>, String> {
    let Some(path) = companions.scan_of(case) else {
        return Ok(None);
    };
    let read = || -> Result<Volume<f32>, Box<dyn std::error::Error>> {
        let catalog = Catalog::open(path, limits)?;
        Ok(catalog.choose(None)?.read_voxels(limits)?.0)
    };
    read().map(Some).map_err(|error| error.to_string())
}

/// The lesions of a file on the scan's grid; none for points.
fn mask_on(scan: &Volume<f32>, file: &LesionFile, limits: ReadLimits) -> Option<Volume<bool>> {
    match read_lesions(file, limits).ok()? {
        Lesions::Map(map, _) | Lesions::Results { labels: map, .. } => {
            let fits = map.grid().matches(scan.grid(), SAME_GRID_MM);
            fits.then(|| map.map(|v| v >= 0.5))
        }
        Lesions::Points(..) => None,
    }
}

fn item(wanted: &Wanted, scan: &Volume<f32>, mask: Option<&Volume<bool>>) -> GalleryItem {
    let view = View {
        scan,
        window: window(scan),
        half_mm: Some(HALF_MM),
        bar_mm: 10.0,
        heat: None,
        slab_mm: 0.0,
    };
    let record = wanted.record;
    let [x, y, z] = record.center_world_mm;
    let grid = scan.grid();
    let center = grid.nearest_inside(grid.to_voxel(WorldPoint::new(x, y, z)));
    let marked = |offset: usize| mask.is_some_and(|m| m.voxels()[offset]);
    let mut words = Vec::new();
    words.extend(record.diameter_mm.map(|mm| format!("{mm:.1} mm")));
    words.extend(record.confidence.map(|c| format!("confidence {c:.2}")));
    words.extend(
        record
            .region
            .as_ref()
            .map(|region| region.replace('_', " ")),
    );
    let label = if wanted.missed {
        "missed lesion"
    } else {
        "false alarm"
    };
    GalleryItem {
        case: wanted.case.to_string(),
        missed: wanted.missed,
        words: words.join(", "),
        pictures: Plane::ALL
            .iter()
            .map(|&plane| {
                let picture = picture(&view, plane, center, &marked, label);
                (plane.name(), picture.svg())
            })
            .collect(),
    }
}

/// Grey values from 0 to just above the brightest tissue: what is brighter than the mean is
/// mostly head.
fn window(scan: &Volume<f32>) -> Window {
    let sum: f64 = scan.voxels().iter().map(|&v| f64::from(v)).sum();
    let mean = (sum / scan.voxels().len() as f64) as f32;
    let head = scan.map(|v| v > mean);
    percentiles(scan, &head, 0.0, 98.0).map_or(
        Window {
            black: 0.0,
            white: 1.0,
        },
        |p| Window {
            black: 0.0,
            white: p.high * 1.1,
        },
    )
}
