//! A visit as files: images with BIDS sidecars, truth beside them.

use super::any_contrast::{AnyContrast, ContrastDraw};
use super::protocol::Encoding;
use super::simulation::{Record, Visit};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use siderin_core::regions::region_table;
use siderin_image::folder::{FolderError, write_json, write_synced};
use siderin_image::scan::nifti::{Placements, WriteError, write_volume, write_volume_scaled};
use siderin_image::volume::Volume;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A visit that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum VisitFilesError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Image(#[from] WriteError),
    #[error("writing a simulated scan: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
    #[error("writing a simulated scan: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where the files of a visit go and what they are called (without extension).
#[derive(Debug, Clone)]
pub struct VisitNames {
    /// Folder of the images.
    pub images: PathBuf,
    /// Folder of the truth.
    pub truth: PathBuf,
    /// Name of the magnitude.
    pub magnitude: String,
    /// Name of the phase.
    pub phase: String,
    /// Name of the susceptibility-weighted image.
    pub swi: String,
    /// Name of the T1-weighted image.
    pub t1w: String,
    /// Name of the lesion mask.
    pub mask: String,
    /// Name of the region map.
    pub regions: String,
    /// Name of the record.
    pub record: String,
}

impl VisitNames {
    /// Everything in one folder under plain names.
    #[must_use]
    pub fn plain(folder: &Path) -> Self {
        Self {
            images: folder.to_path_buf(),
            truth: folder.to_path_buf(),
            magnitude: "magnitude".into(),
            phase: "phase".into(),
            swi: "swi".into(),
            t1w: "t1w".into(),
            mask: "truth".into(),
            regions: "regions".into(),
            record: "truth".into(),
        }
    }

    /// BIDS names: images of `subject` (such as `sub-001`, or `sub-001_ses-1`) in one folder,
    /// truth as a derivative in another.
    #[must_use]
    pub fn bids(images: &Path, truth: &Path, subject: &str) -> Self {
        Self {
            images: images.to_path_buf(),
            truth: truth.to_path_buf(),
            magnitude: format!("{subject}_part-mag_T2starw"),
            phase: format!("{subject}_part-phase_T2starw"),
            swi: format!("{subject}_swi"),
            t1w: format!("{subject}_T1w"),
            mask: format!("{subject}_desc-lesions_dseg"),
            regions: format!("{subject}_desc-regions_dseg"),
            record: format!("{subject}_truth"),
        }
    }
}

/// Phase is stored in steps of this many rad: π is 31416.
pub(crate) const PHASE_STEP: f32 = 1e-4;

/// Writes all files of a visit; the folders are there.
///
/// # Errors
/// What the disk says; the caller removes what was written.
pub fn write_visit(visit: &Visit, names: &VisitNames) -> Result<(), VisitFilesError> {
    type Task<'a> = Box<dyn Fn() -> Result<(), VisitFilesError> + Sync + Send + 'a>;
    let image = |name: &str| names.images.join(format!("{name}.nii.gz"));
    let truth = |name: &str, ending: &str| names.truth.join(format!("{name}.{ending}"));
    let record = &visit.record;
    let mut tasks: Vec<Task> = vec![
        Box::new(|| {
            Ok(write_volume(
                &image(&names.magnitude),
                &whole(&visit.images.magnitude),
            )?)
        }),
        Box::new(|| {
            let steps = whole_steps(&visit.images.phase, PHASE_STEP);
            Ok(write_volume_scaled(
                &image(&names.phase),
                &steps,
                &Placements::scanner(steps.grid()),
                PHASE_STEP,
            )?)
        }),
        Box::new(|| Ok(write_volume(&truth(&names.mask, "nii.gz"), &visit.mask)?)),
        Box::new(|| {
            Ok(write_volume(
                &truth(&names.regions, "nii.gz"),
                &visit.regions,
            )?)
        }),
        Box::new(|| write_text(&truth(&names.regions, "tsv"), &region_table())),
        Box::new(|| {
            write_synced(&truth(&names.record, "json"), |sink| {
                serde_json::to_writer(&mut *sink, record)?;
                Ok::<_, VisitFilesError>(sink.write_all(b"\n")?)
            })
        }),
        Box::new(|| {
            write_sidecar(
                names,
                &names.magnitude,
                sidecar(record, Contrast::Magnitude),
            )
        }),
        Box::new(|| write_sidecar(names, &names.phase, sidecar(record, Contrast::Phase))),
    ];
    if let Some(swi) = &visit.images.swi {
        tasks.push(Box::new(|| {
            Ok(write_volume(&image(&names.swi), &whole(swi))?)
        }));
        tasks.push(Box::new(|| {
            write_sidecar(names, &names.swi, sidecar(record, Contrast::Swi))
        }));
    }
    if let Some(t1w) = &visit.t1w {
        tasks.push(Box::new(|| {
            Ok(write_volume(&image(&names.t1w), &whole(t1w))?)
        }));
        tasks.push(Box::new(|| {
            write_sidecar(names, &names.t1w, sidecar(record, Contrast::T1w))
        }));
    }
    tasks.par_iter().try_for_each(|task| task())
}

/// Writes a head of any contrast of a BIDS subject: its image in the first folder; regions, an empty
/// lesion mask and what was drawn in the second.
///
/// # Errors
/// What the disk says; the caller removes what was written.
pub(super) fn write_any_contrast(
    made: &AnyContrast,
    draw: &ContrastDraw,
    [images, truth]: &[PathBuf; 2],
    subject: &str,
) -> Result<(), VisitFilesError> {
    let name = format!("{subject}_acq-anycontrast_T2starw");
    write_volume(&images.join(format!("{name}.nii.gz")), &whole(&made.image))?;
    let sidecar = json!({
        "Modality": "MR",
        "Manufacturer": "siderin (simulated)",
        "ImageType": ["DERIVED", "PRIMARY", "M", "SIMULATED"],
        "SeriesDescription": "a contrast of no protocol in particular",
        "BodyPart": "BRAIN",
        "SkullStripped": draw.stripped,
    });
    write_json(&images.join(format!("{name}.json")), &sidecar)?;
    let of_truth = |what: &str| truth.join(format!("{subject}_{what}"));
    write_volume(&of_truth("desc-regions_dseg.nii.gz"), &made.regions)?;
    write_text(&of_truth("desc-regions_dseg.tsv"), &region_table())?;
    let empty = Volume::filled(made.regions.grid(), 0u8);
    write_volume(&of_truth("desc-lesions_dseg.nii.gz"), &empty)?;
    Ok(write_json(
        &of_truth("truth.json"),
        &serde_json::to_value(draw)?,
    )?)
}

/// Values rounded to whole numbers, as scanners store them.
fn whole(image: &Volume<f32>) -> Volume<i16> {
    whole_steps(image, 1.0)
}

pub(crate) fn whole_steps(image: &Volume<f32>, step: f32) -> Volume<i16> {
    // The cast keeps to the type's limits.
    image.map(|v| (v / step).round() as i16)
}

fn write_text(path: &Path, text: &str) -> Result<(), VisitFilesError> {
    write_synced(path, |sink| Ok(sink.write_all(text.as_bytes())?))
}

fn write_sidecar(names: &VisitNames, name: &str, sidecar: Value) -> Result<(), VisitFilesError> {
    Ok(write_json(
        &names.images.join(format!("{name}.json")),
        &sidecar,
    )?)
}

#[derive(Clone, Copy, PartialEq)]
enum Contrast {
    Magnitude,
    Phase,
    Swi,
    T1w,
}

/// What BIDS wants known of an image (times in seconds).
fn sidecar(record: &Record, contrast: Contrast) -> Value {
    let protocol = &record.visit.protocol;
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.to_string(), value);
    let (kind, description) = match contrast {
        Contrast::Magnitude => ("M", "T2*-weighted gradient echo, magnitude"),
        Contrast::Phase => ("P", "T2*-weighted gradient echo, phase"),
        Contrast::Swi => ("SWI", "susceptibility-weighted image"),
        Contrast::T1w => ("M", "T1-weighted inversion recovery"),
    };
    put("Modality", json!("MR"));
    put("Manufacturer", json!("siderin (simulated)"));
    put("ManufacturersModelName", json!(record.generator));
    put("MagneticFieldStrength", json!(protocol.b0_t));
    put(
        "ImageType",
        json!(["DERIVED", "PRIMARY", kind, "SIMULATED"]),
    );
    put("SeriesDescription", json!(description));
    put("BodyPart", json!("BRAIN"));
    put("SkullStripped", json!(false));
    if contrast == Contrast::T1w {
        put("InversionTime", json!(1.1));
        put("RepetitionTime", json!(2.3));
        put("EchoTime", json!(0.003));
        put("ScanningSequence", json!(["GR", "IR"]));
        return Value::Object(fields);
    }
    let gap = record.visit.plan.gap;
    put("ProtocolName", json!(protocol.name));
    put("ScanningSequence", json!("GR"));
    put("SequenceVariant", json!("SP"));
    put("EchoTime", json!(seconds(protocol.te_ms)));
    put("RepetitionTime", json!(seconds(protocol.tr_ms)));
    put("FlipAngle", json!(protocol.flip_angle_deg));
    put("SliceThickness", json!(protocol.voxel_mm[2] * (1.0 - gap)));
    put("SpacingBetweenSlices", json!(protocol.voxel_mm[2]));
    let encoding = match protocol.encoding {
        Encoding::Slices => "2D",
        Encoding::Slab => "3D",
    };
    put("MRAcquisitionType", json!(encoding));
    let axis = ["i", "j"][record.visit.imperfections.phase_axis.min(1)];
    put("PhaseEncodingDirection", json!(axis));
    if contrast == Contrast::Phase {
        put("Units", json!("rad"));
    }
    Value::Object(fields)
}

/// Milliseconds as seconds without the noise of the division.
fn seconds(ms: f64) -> f64 {
    (ms * 1e3).round() / 1e6
}
