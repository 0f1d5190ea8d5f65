//! `lesions.csv` and `candidates.csv`.

use super::document::rounded;
use crate::candidates::score;
use crate::lesion::{Decision, Judged, Lesion};
use std::io::Write;

/// Writes one row per lesion.
pub(super) fn write_lesions(sink: impl Write, lesions: &[Lesion]) -> csv::Result<()> {
    let mut table = csv::Writer::from_writer(sink);
    table.write_record([
        "id",
        "x_mm",
        "y_mm",
        "z_mm",
        "i",
        "j",
        "k",
        "volume_mm3",
        "diameter_mm",
        "confidence",
        "size_class",
        "region",
    ])?;
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
        row.extend([lesion.size_class.name().to_string(), String::new()]);
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}

/// Writes one row per candidate with its score, the terms of the score and the measures
/// behind them.
pub(super) fn write_candidates(sink: impl Write, candidates: &[Judged]) -> csv::Result<()> {
    let mut table = csv::Writer::from_writer(sink);
    table.write_record([
        "rank",
        "lesion_id",
        "decision",
        "score",
        "x_mm",
        "y_mm",
        "z_mm",
        "i",
        "j",
        "k",
        "diameter_mm",
        "isolation",
        "contrast",
        "snr",
        "elongation",
        "flatness",
        "through",
        "dark_share",
        "background",
        "depth_mm",
        "cut_off",
        "term_isolated",
        "term_hypointense",
        "term_above_noise",
        "term_round",
        "term_no_vessel",
        "term_free_standing",
        "term_size",
        "term_inside",
    ])?;
    for (rank, judged) in candidates.iter().enumerate() {
        let lesion_id = match judged.decision {
            Decision::Lesion(id) => id.to_string(),
            _ => String::new(),
        };
        let mut row = vec![
            (rank + 1).to_string(),
            lesion_id,
            judged.decision.name().to_string(),
        ];
        let candidate = &judged.candidate;
        let m = &candidate.measures;
        let (_, t) = score(m);
        let places = candidate
            .center_world
            .to_array()
            .into_iter()
            .chain(candidate.center_voxel.to_array());
        let measures = [
            m.diameter_mm,
            m.isolation,
            m.contrast,
            m.snr,
            m.elongation,
            m.flatness,
            m.through,
            m.dark_share,
            m.background,
            m.depth_mm,
            f32::from(u8::from(m.cut_off)),
        ];
        let terms = [
            t.isolated,
            t.hypointense,
            t.above_noise,
            t.round,
            t.no_vessel,
            t.free_standing,
            t.size,
            t.inside,
        ];
        let numbers = std::iter::once(f64::from(judged.score))
            .chain(places)
            .chain(measures.into_iter().chain(terms).map(f64::from));
        row.extend(numbers.map(|value| rounded(value, 1e4).to_string()));
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
