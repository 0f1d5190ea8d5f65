//! `lesions.csv` and `candidates.csv`.

use super::document::rounded;
use siderin_core::lesion::Lesion;
use siderin_image::folder::Table;
use std::io::Write;

/// Columns that say where something is: RAS+ mm, then voxel indices.
pub(crate) const PLACE: [&str; 6] = ["x_mm", "y_mm", "z_mm", "i", "j", "k"];

/// Writes one row per lesion.
pub(crate) fn write_lesions(sink: impl Write, lesions: &[Lesion]) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let measures = [
        "volume_mm3",
        "diameter_mm",
        "confidence",
        "size_class",
        "region",
        "side",
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
        let (region, side) = lesion
            .place
            .map_or(("", ""), |place| (place.region.name(), place.side.name()));
        row.extend([lesion.size_class.name(), region, side].map(String::from));
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
