//! `lesions.csv` and `candidates.csv`.

use super::document::rounded;
use siderin_core::lesion::{Lesion, Place};
use siderin_core::regions::{Anatomy, Region, RegionGroup};
use siderin_image::folder::Table;
use std::io::Write;

/// Columns that say where something is: RAS+ mm, then voxel indices.
pub(crate) const PLACE: [&str; 6] = ["x_mm", "y_mm", "z_mm", "i", "j", "k"];

/// Writes one row per lesion; places in MNI space where `anatomy` has it.
pub(crate) fn write_lesions(
    sink: impl Write,
    lesions: &[Lesion],
    anatomy: Option<&Anatomy>,
) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let measures = [
        "volume_mm3",
        "diameter_mm",
        "confidence",
        "size_class",
        "region",
        "side",
        "group",
        "mni_x_mm",
        "mni_y_mm",
        "mni_z_mm",
    ];
    table.write_record(["id"].iter().chain(&PLACE).chain(&measures))?;
    for lesion in lesions {
        let mut row = vec![lesion.id.to_string()];
        let numbers = lesion
            .center_world
            .to_array()
            .into_iter()
            .chain(lesion.center_voxel.to_array())
            .chain([
                lesion.volume_mm3,
                lesion.diameter_mm,
                f64::from(lesion.confidence),
            ]);
        row.extend(numbers.map(|value| rounded(value, 1e4).to_string()));
        let place = lesion.place.ok();
        let region = place.and_then(Place::known_region).map(Region::name);
        let side = place.map(|place| place.side.name());
        let group = place.and_then(Place::group).map(RegionGroup::name);
        row.push(lesion.size_class.name().into());
        row.extend([region, side, group].map(|name| name.unwrap_or_default().to_string()));
        let mni_mm = anatomy.and_then(|anatomy| anatomy.mni_mm(lesion.center_world));
        row.extend(match mni_mm {
            Some(place) => place.map(|mm| rounded(mm, 10.0).to_string()),
            None => [const { String::new() }; 3],
        });
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
