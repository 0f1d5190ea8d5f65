//! `metrics.json` and `metrics.csv`.

use super::rule::{Rule, ScoreSettings};
use super::subject::SubjectScore;
use super::summary::{Bootstrap, Curves, Figures, Summary, summarise};
use serde::{Deserialize, Serialize};
use siderin_core::RESEARCH_USE;
use siderin_image::folder::Table;
use std::collections::BTreeMap;
use std::io::Write;

/// The content of `metrics.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Grows when a field is added; the first number when one changes its meaning.
    pub schema_version: String,
    /// Name and version of what scored.
    pub software: Software,
    /// What the numbers are for.
    pub research_use: String,
    /// The rule: numbers under another one cannot be compared with these.
    pub rule: Rule,
    /// Everything else the scores depend on.
    pub settings: ScoreSettings,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// Cases that were scored as empty.
    pub missing: Missing,
    /// What whoever reads the numbers should know.
    pub warnings: Vec<String>,
    /// Scores by case.
    pub subjects: BTreeMap<String, SubjectScore>,
    /// All cases together.
    pub summary: Summary,
    /// By kind of lesion or scan.
    pub strata: BTreeMap<String, BTreeMap<String, Figures>>,
    /// What the confidences are worth; none where there are none.
    pub curves: Option<Curves>,
}

/// What wrote a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    /// `siderin`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Cases one side of which was not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Scored as if nothing had been found.
    pub predictions: Vec<String>,
    /// Scored as if there were nothing to find.
    pub references: Vec<String>,
}

const SCHEMA_VERSION: &str = "1.0";

/// What scores say, besides what every report says.
const SCORES_SAY: &str =
    "Scores say how predictions agree with the references given, on the scans given.";

impl Metrics {
    /// Sums up the scores of all cases.
    #[must_use]
    pub fn of(
        subjects: BTreeMap<String, SubjectScore>,
        settings: &ScoreSettings,
        bootstrap: &Bootstrap,
        missing: Missing,
        warnings: Vec<String>,
    ) -> Self {
        let all = summarise(&subjects, settings.rule, bootstrap);
        Self {
            schema_version: SCHEMA_VERSION.to_string(),
            software: Software {
                name: "siderin".to_string(),
                version: env!("CARGO_PKG_VERSION").to_string(),
            },
            research_use: format!("{RESEARCH_USE} {SCORES_SAY}"),
            rule: settings.rule,
            settings: settings.clone(),
            bootstrap: *bootstrap,
            missing,
            warnings,
            subjects,
            summary: all.summary,
            strata: all.strata,
            curves: all.curves,
        }
    }

    /// Writes `metrics.csv`: a row per case.
    ///
    /// # Errors
    /// What the sink says.
    pub fn write_table(&self, sink: impl Write) -> csv::Result<()> {
        let mut table = Table::new(sink);
        let dimensions: std::collections::BTreeSet<&String> = self
            .subjects
            .values()
            .flat_map(|s| s.strata.keys())
            .collect();
        let mut header = vec![
            "case",
            "rule",
            "tp",
            "fp",
            "fn",
            "f1",
            "precision",
            "recall",
            "reference_count",
            "prediction_count",
            "absolute_count_difference",
            "dice",
            "absolute_volume_difference_mm3",
        ];
        header.extend(dimensions.iter().map(|name| name.as_str()));
        table.write_record(&header)?;
        for (name, score) in &self.subjects {
            let real = |value: Option<f64>| value.map_or(String::new(), |v| v.to_string());
            let whole = |value: Option<u64>| value.map_or(String::new(), |v| v.to_string());
            let mut row = vec![
                name.clone(),
                self.rule.to_string(),
                score.tp.to_string(),
                score.fp.to_string(),
                score.missed.to_string(),
                real(score.f1),
                real(score.precision),
                real(score.recall),
                whole(score.reference_count),
                whole(score.prediction_count),
                whole(score.absolute_count_difference),
                real(score.dice),
                real(score.absolute_volume_difference_mm3),
            ];
            let strata = dimensions.iter().map(|d| score.strata.get(*d).cloned());
            row.extend(strata.map(Option::unwrap_or_default));
            table.write_record(&row)?;
        }
        table.flush()
    }
}
