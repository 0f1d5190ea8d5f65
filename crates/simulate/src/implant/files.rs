//! A scan with implants as a subject of a BIDS data set, truth beside it, as cohorts are.

use super::{ImplantRequest, ImplantScanner, Implanted};
use crate::files::{PHASE_STEP, VisitNames, whole_steps};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use siderin_core::regions::region_table;
use siderin_core::truth::{LesionTruth, Mimic};
use siderin_image::folder::{FolderError, PartialFolder, Replace, write_json, write_synced};
use siderin_image::scan::nifti::{
    Placements, WriteError, write_volume_placed, write_volume_scaled,
};
use siderin_image::volume::Volume;
use std::io::{self, Write};
use std::path::Path;

/// What is known of a scan with implants: `truth.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImplantRecord {
    /// Name and version of the program.
    pub generator: String,
    /// The scan without.
    pub source: String,
    /// What tells it from other scans.
    pub source_fingerprint: String,
    /// How it was made.
    pub scanner: ImplantScanner,
    /// What was asked for.
    pub request: ImplantRequest,
    /// How far this can be trusted, in words.
    pub approximation: String,
    /// The microbleeds.
    pub lesions: Vec<LesionTruth>,
    /// What else was put in, in world mm.
    pub mimics: Vec<Mimic>,
}

/// Files that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ImplantFilesError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Image(#[from] WriteError),
    #[error("writing implants: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
    #[error("writing implants: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes a subject into a data set: images under `out`, truth under its derivatives. The subject appears when all is
/// written.
///
/// # Errors
/// When it is there already, or what the disk says.
pub fn write_implanted(
    out: &Path,
    subject: &str,
    implanted: &Implanted,
    regions: Option<&Volume<u8>>,
    placements: &Placements,
    record: &ImplantRecord,
) -> Result<(), ImplantFilesError> {
    let raw = PartialFolder::claim(out, subject, Replace::NotNow)?;
    let truths = out.join("derivatives/truth");
    let left = truths.join(subject);
    if left.exists() {
        std::fs::remove_dir_all(&left)?;
    }
    let truth = PartialFolder::claim(&truths, subject, Replace::NotNow)?;
    let (images, beside) = (raw.subfolder("anat")?, truth.subfolder("anat")?);
    let names = VisitNames::bids(&images, &beside, subject);
    let weighted = record.scanner.weighted;
    let magnitude = if weighted {
        &names.swi
    } else {
        &names.magnitude
    };
    let image = |name: &str| images.join(format!("{name}.nii.gz"));
    write_volume_placed(&image(magnitude), &implanted.magnitude, placements)?;
    let kind = if weighted { "SWI" } else { "M" };
    write_json(
        &images.join(format!("{magnitude}.json")),
        &sidecar(record, kind),
    )?;
    if let Some(phase) = &implanted.phase {
        let steps = whole_steps(phase, PHASE_STEP);
        write_volume_scaled(&image(&names.phase), &steps, placements, PHASE_STEP)?;
        write_json(
            &images.join(format!("{}.json", names.phase)),
            &sidecar(record, "P"),
        )?;
    }
    let of_truth = |name: &str| beside.join(name);
    let mask = of_truth(&format!("{}.nii.gz", names.mask));
    write_volume_placed(&mask, &implanted.truth.mask, placements)?;
    if let Some(regions) = regions {
        let map = of_truth(&format!("{}.nii.gz", names.regions));
        write_volume_placed(&map, regions, placements)?;
        write_synced(&of_truth(&format!("{}.tsv", names.regions)), |sink| {
            Ok::<_, ImplantFilesError>(sink.write_all(region_table().as_bytes())?)
        })?;
    }
    write_json(&of_truth(&format!("{}.json", names.record)), record)?;
    truth.publish()?;
    raw.publish()?;
    Ok(())
}

/// What BIDS wants known of an image (times in seconds).
fn sidecar(record: &ImplantRecord, kind: &str) -> Value {
    let scanner = &record.scanner;
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.to_string(), value);
    put("Modality", json!("MR"));
    put("MagneticFieldStrength", json!(scanner.b0_t));
    put("EchoTime", json!((scanner.te_ms * 1e3).round() / 1e6));
    if let Some([tr_ms, flip_angle_deg]) = scanner.excitation {
        put("RepetitionTime", json!((tr_ms * 1e3).round() / 1e6));
        put("FlipAngle", json!(flip_angle_deg));
    }
    put("ScanningSequence", json!("GR"));
    put(
        "ImageType",
        json!(["DERIVED", "PRIMARY", kind, "IMPLANTED"]),
    );
    put(
        "SeriesDescription",
        json!(format!("{} with simulated microbleeds", record.source)),
    );
    if kind == "P" {
        put("Units", json!("rad"));
    }
    Value::Object(fields)
}
