use crate::score::Counts;
use serde::{Deserialize, Serialize};
use siderin_image::folder::Table;
use std::io::Write;

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Steps made.
    pub step: u64,
    /// Rounds through the samples.
    pub epoch: f64,
    /// Rate of the last step.
    pub learning_rate: f64,
    /// Mean loss of the steps since the row before.
    pub loss: f64,
    /// The score, where the validation scans were looked at.
    pub judgement: Option<Judgement>,
}

/// The score of the validation scans at the best threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Steps made.
    pub step: u64,
    /// The threshold.
    pub threshold: f32,
    /// Counts of all scans.
    pub counts: Counts,
}

/// Writes `history.csv`.
///
/// # Errors
/// What the sink says.
pub(super) fn write_csv(history: &[Row], sink: impl Write) -> csv::Result<()> {
    let mut table = Table::new(sink);
    table.write_record([
        "step",
        "epoch",
        "learning_rate",
        "loss",
        "f1",
        "precision",
        "recall",
        "threshold",
        "tp",
        "fp",
        "fn",
    ])?;
    for row in history {
        let mut record = vec![
            row.step.to_string(),
            format!("{:.4}", row.epoch),
            format!("{:e}", row.learning_rate),
            row.loss.to_string(),
        ];
        match &row.judgement {
            None => record.extend(vec![String::new(); 7]),
            Some(judgement) => {
                let counts = &judgement.counts;
                record.extend(
                    [counts.f1(), counts.precision(), counts.recall()].map(|v| v.to_string()),
                );
                record.push(judgement.threshold.to_string());
                record.extend([counts.found, counts.wrong, counts.missed].map(|n| n.to_string()));
            }
        }
        table.write_record(&record)?;
    }
    table.flush()
}
