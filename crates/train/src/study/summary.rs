//! `summary.md`: the arms in one table.

use super::{ArmScores, Kind};
use siderin_evaluate::Rule;

/// The table, with what its numbers mean.
pub(super) fn markdown(kind: Kind, rule: Rule, arms: &[ArmScores]) -> String {
    let mut text = format!(
        "# {kind}\n\nRule `{rule}`: {}. Every scan was predicted by a network that had not seen its \
         subject. Figures of all lesions together, with 95 % intervals over subjects.\n\n\
         | | scans | recall | precision | F1 | false alarms a scan |\n|---|---|---|---|---|---|\n",
        rule.meaning()
    );
    for arm in arms {
        let figure = |path: &str| arm.metrics.summary.figures.get(path).in_words(3);
        text += &format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            arm.name,
            arm.metrics.summary.cases,
            figure("micro/recall"),
            figure("micro/precision"),
            figure("micro/f1"),
            figure("fp_per_scan/mean"),
        );
    }
    text
}
