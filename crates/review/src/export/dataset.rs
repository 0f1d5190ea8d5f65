//! A BIDS-like data set of scans with their masks, as `siderin train` takes it.

use super::Exported;
use siderin_core::lesion::{Lesion, label_volume};
use siderin_image::scan::nifti::{WriteError, write_volume_placed};
use siderin_image::scan::{Acquisition, Sequence};
use siderin_report::ReadingReport;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A data set that cannot be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DatasetError {
    #[error("exporting the data set: {0}")]
    Write(#[from] WriteError),
    #[error("exporting the data set: the disk refused ({0}); check free space and permissions")]
    Io(#[from] std::io::Error),
}

/// Names that were given in this data set.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// `sub-…_T2starw` or `sub-…_swi`: the scan's own name where it is one of BIDS, else one made of it.
    fn name(&mut self, exported: &Exported) -> String {
        let own = &exported.scan.name;
        let suffix = own.rsplit('_').next().unwrap_or_default();
        let is_bids = own.starts_with("sub-")
            && ["T2starw", "swi", "SWI", "GRE", "MEGRE", "T2S"].contains(&suffix);
        let base = if is_bids {
            own.clone()
        } else {
            let suffix = match exported.loaded.scan.acquisition.sequence() {
                Sequence::Swi => "swi",
                _ => "T2starw",
            };
            let label: String = own.chars().filter(char::is_ascii_alphanumeric).collect();
            let label = if label.is_empty() {
                "scan".into()
            } else {
                label
            };
            format!("sub-{label}_{suffix}")
        };
        if self.0.insert(base.clone()) {
            return base;
        }
        // Two scans of one name are two persons, as far as is known.
        let other = base.replacen('_', &format!("x{}_", exported.scan.id), 1);
        self.0.insert(other.clone());
        other
    }
}

/// Adds a scan with the mask of its lesions, its sidecar, and its regions where they are known.
pub(super) fn add(
    folder: &Path,
    exported: &Exported,
    report: &ReadingReport,
    names: &mut Names,
) -> Result<(), DatasetError> {
    let description = folder.join("dataset_description.json");
    if !description.exists() {
        std::fs::write(
            &description,
            "{\n  \"Name\": \"Scans read with siderin\",\n  \"BIDSVersion\": \"1.10.0\"\n}\n",
        )?;
    }
    let name = names.name(exported);
    let subject = name.split('_').next().unwrap_or("sub-scan").to_string();
    let place = |root: &Path| -> Result<PathBuf, DatasetError> {
        let place = root.join(&subject).join("anat");
        std::fs::create_dir_all(&place)?;
        Ok(place)
    };
    let images = place(folder)?;
    let labels = place(&folder.join("derivatives").join("siderin-review"))?;
    let scan = &exported.loaded.scan;
    let placements = &scan.placements;
    let image = images.join(format!("{name}.nii.gz"));
    write_volume_placed(&image, &scan.magnitude, placements)?;
    let sidecar =
        serde_json::to_string_pretty(&sidecar(&scan.acquisition)).map_err(std::io::Error::other)?;
    std::fs::write(images.join(format!("{name}.json")), sidecar)?;
    // The entities and the suffix of BIDS: the suffix gives way to what the mask is.
    let entities = name
        .rsplit_once('_')
        .map_or(name.as_str(), |(first, _)| first);
    let lesions: Vec<Lesion> = report
        .lesions
        .iter()
        .map(|read| read.lesion.clone())
        .collect();
    let mask = label_volume(scan.magnitude.grid(), &lesions);
    let file = labels.join(format!("{entities}_desc-lesions_dseg.nii.gz"));
    write_volume_placed(&file, &mask, placements)?;
    if let Some(regions) = &exported.proposals.regions {
        let file = labels.join(format!("{entities}_desc-regions_dseg.nii.gz"));
        write_volume_placed(&file, regions.map(), placements)?;
    }
    Ok(())
}

/// What is known of the acquisition, in the words of BIDS.
fn sidecar(acquisition: &Acquisition) -> serde_json::Value {
    let mut fields = serde_json::Map::new();
    let mut number = |key: &str, value: Option<f64>| {
        if let Some(value) = value {
            fields.insert(key.into(), value.into());
        }
    };
    let seconds = |known: &Option<siderin_image::scan::Known<f64>>| {
        known.as_ref().map(|known| known.value / 1e3)
    };
    number(
        "MagneticFieldStrength",
        acquisition
            .field_strength_t
            .as_ref()
            .map(|known| known.value),
    );
    number("EchoTime", seconds(&acquisition.te_ms));
    number("RepetitionTime", seconds(&acquisition.tr_ms));
    number(
        "FlipAngle",
        acquisition.flip_angle_deg.as_ref().map(|known| known.value),
    );
    number(
        "SliceThickness",
        acquisition
            .slice_thickness_mm
            .as_ref()
            .map(|known| known.value),
    );
    serde_json::Value::Object(fields)
}
