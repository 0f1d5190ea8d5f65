//! Everything that was scored, and `candidates.csv`.

use super::document::rounded;
use super::tables::PLACE;
use siderin_core::candidates::score;
use siderin_core::detection::Candidates;
use siderin_core::lesion::{Decision, Judged, MapFinding};
use siderin_image::folder::Table;
use std::io::Write;

/// How many were dropped for each reason, in words.
pub(crate) fn dropped(candidates: &Candidates) -> String {
    let reasons = [
        (Decision::BelowThreshold, "below the threshold"),
        (Decision::Duplicate, "merged with a better one"),
        (Decision::TooSmall, "too small"),
        (Decision::OutsideBrain, "outside the brain"),
        (
            Decision::OutsideParenchyma,
            "not surrounded by brain tissue",
        ),
        (Decision::BeyondLabels, "beyond the number of labels"),
    ];
    let counted: Vec<String> = reasons
        .iter()
        .map(|(decision, words)| {
            (
                candidates.decisions().filter(|d| d == decision).count(),
                words,
            )
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    counted.join(", ")
}

/// Writes one row per candidate.
pub(crate) fn write_candidates(sink: impl Write, candidates: &Candidates) -> csv::Result<()> {
    match candidates {
        Candidates::Spots(judged) => write_judged(sink, judged),
        Candidates::Map(findings) => write_findings(sink, findings),
    }
}

/// The first columns of every table of candidates.
const FIRST: [&str; 4] = ["rank", "lesion_id", "decision", "score"];

/// Rank, lesion and decision.
fn first_cells(rank: usize, decision: Decision) -> Vec<String> {
    let lesion_id = match decision {
        Decision::Lesion(id) => id.to_string(),
        _ => String::new(),
    };
    vec![
        (rank + 1).to_string(),
        lesion_id,
        decision.name().to_string(),
    ]
}

/// Writes one row per part of a map with its probabilities and size.
fn write_findings(sink: impl Write, findings: &[MapFinding]) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let measures = ["volume_mm3", "mean_probability", "parenchyma_share"];
    table.write_record(FIRST.iter().chain(&PLACE).chain(&measures))?;
    for (rank, finding) in findings.iter().enumerate() {
        let mut row = first_cells(rank, finding.decision);
        let numbers = std::iter::once(f64::from(finding.confidence))
            .chain(finding.center_world.to_array())
            .chain(finding.center_voxel.to_array())
            .chain([finding.volume_mm3, f64::from(finding.mean_probability)]);
        row.extend(numbers.map(|value| rounded(value, 1e4).to_string()));
        let share = finding.parenchyma_share;
        row.push(share.map_or(String::new(), |share| rounded(share, 1e4).to_string()));
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}

/// Writes one row per candidate with its score, the terms of the score and the measures
/// behind them.
fn write_judged(sink: impl Write, candidates: &[Judged]) -> csv::Result<()> {
    let mut table = Table::new(sink);
    let measures_and_terms = [
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
        "otherwise",
    ];
    table.write_record(FIRST.iter().chain(&PLACE).chain(&measures_and_terms))?;
    for (rank, judged) in candidates.iter().enumerate() {
        let mut row = first_cells(rank, judged.decision);
        let candidate = &judged.spot.candidate;
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
        let numbers = std::iter::once(f64::from(judged.spot.score))
            .chain(places)
            .chain(measures.into_iter().chain(terms).map(f64::from));
        row.extend(numbers.map(|value| rounded(value, 1e4).to_string()));
        let otherwise = judged.spot.otherwise;
        row.push(otherwise.map_or(String::new(), |kind| kind.name().into()));
        table.write_record(&row)?;
    }
    table.flush()?;
    Ok(())
}
