//! `forms.json` and `forms.csv`: MARS and BOMBS as counted, and why not where they could not be.

use super::document::{SOFTWARE, Software, rounded};
use serde::Serialize;
use siderin_core::RESEARCH_USE;
use siderin_core::detection::Findings;
use siderin_core::forms::{
    Bombs, CountInterval, Forms, MarsCounts, MarsLine, Pattern, Sides, Subtotal,
};
use siderin_core::lesion::{NoRegion, SizeClass};
use siderin_image::folder::Table;
use siderin_image::scan::Note;
use std::io::Write;

/// Grows as that of `lesions.json`.
const SCHEMA_VERSION: &str = "1.0";
/// ARIA-H counts what is new between two visits.
const NO_GRADE: &str = "one visit: an ARIA-H grade counts what is new since an earlier one";

/// The content of `forms.json`.
#[derive(Serialize)]
pub(crate) struct FormsDocument {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    /// Why the forms could not be filled in.
    not_filled: Option<&'static str>,
    /// What to know before relying on them.
    cautions: Vec<String>,
    count: Count,
    /// Confidence from which a finding can be definite, or certain.
    certain_from: f64,
    mars: Option<Mars>,
    bombs: Option<Bombs>,
    aria_h: Option<&'static str>,
    aria_h_reason: &'static str,
}

/// Microbleeds counted, and the range of their number.
#[derive(Serialize)]
struct Count {
    microbleeds: usize,
    macrohaemorrhages: usize,
    interval: Option<CountInterval>,
    /// What the interval is, or why there is none.
    interval_meaning: &'static str,
}

#[derive(Serialize)]
struct Mars {
    lines: Vec<MarsLine>,
    subtotals: [Subtotal; 4],
    total: MarsCounts,
    pattern: Pattern,
}

/// Both forms as they were filled in by a reader.
#[derive(Serialize)]
pub(crate) struct FormsTables {
    schema_version: &'static str,
    software: Software,
    research_use: &'static str,
    mars: Mars,
    bombs: Bombs,
}

impl FormsTables {
    pub(crate) fn of(forms: &Forms) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            mars: Mars::of(forms),
            bombs: forms.bombs.clone(),
        }
    }
}

impl Mars {
    fn of(forms: &Forms) -> Self {
        Self {
            lines: forms.mars.lines.clone(),
            subtotals: forms.mars.subtotals(),
            total: forms.mars.total(),
            pattern: forms.mars.pattern(),
        }
    }
}

/// Said beside an interval.
pub(crate) const INTERVAL_MEANING: &str = "95 % of the numbers of microbleeds among all candidates, by their calibrated \
     confidence, each by itself; what no candidate shows is not in it";
/// Said where there is none.
pub(crate) const NO_INTERVAL: &str =
    "none: the confidence of this method is no calibrated probability";

impl FormsDocument {
    pub(crate) fn of(findings: &Findings) -> Self {
        let forms = forms(findings);
        let of_class = |class: SizeClass| {
            findings
                .lesions
                .iter()
                .filter(move |l| l.size_class == class)
        };
        let interval = findings.interval.map(|interval| CountInterval {
            expected: rounded(interval.expected, 1e2),
            ..interval
        });
        Self {
            schema_version: SCHEMA_VERSION,
            software: SOFTWARE,
            research_use: RESEARCH_USE,
            not_filled: forms.as_ref().err().map(|reason| reason.reason()),
            cautions: cautions(findings),
            count: Count {
                microbleeds: of_class(SizeClass::Microbleed).count(),
                macrohaemorrhages: of_class(SizeClass::Macrohaemorrhage).count(),
                interval,
                interval_meaning: if interval.is_some() {
                    INTERVAL_MEANING
                } else {
                    NO_INTERVAL
                },
            },
            certain_from: rounded(f64::from(findings.method.certain_from), 1e4),
            mars: forms.as_ref().ok().map(Mars::of),
            bombs: forms.ok().map(|forms| forms.bombs),
            aria_h: None,
            aria_h_reason: NO_GRADE,
        }
    }
}

/// The forms of a scan.
///
/// # Errors
/// As [`Forms::of`].
pub(crate) fn forms(findings: &Findings) -> Result<Forms, NoRegion> {
    let grid = findings.scan.magnitude.grid();
    Forms::of(findings.lesions, grid, findings.method.certain_from)
}

/// What was noticed that makes the forms incomplete.
pub(crate) fn cautions(findings: &Findings) -> Vec<String> {
    let matters = |note: &&Note| {
        matches!(
            note,
            Note::PartialCoverage { .. }
                | Note::Suitability { .. }
                | Note::DoubtfulRegions { .. }
                | Note::ManyFindings { .. }
        )
    };
    findings
        .warnings
        .iter()
        .filter(matters)
        .map(ToString::to_string)
        .collect()
}

/// Writes one row per cell of both forms; none where they could not be filled in.
pub(crate) fn write_forms(sink: impl Write, findings: &Findings) -> csv::Result<()> {
    write_form_rows(sink, forms(findings).ok().as_ref())
}

/// As [`write_forms`], of forms that were filled in.
pub(crate) fn write_form_rows(sink: impl Write, forms: Option<&Forms>) -> csv::Result<()> {
    let mut table = Table::new(sink);
    table.write_record([
        "form",
        "group",
        "location",
        "certainty",
        "size",
        "side",
        "count",
    ])?;
    if let Some(forms) = forms {
        for line in &forms.mars.lines {
            let group = line.group.map_or("unclear", |group| group.name());
            let region = line.region.map_or("unclear", |region| region.name());
            for (certainty, sides) in [
                ("definite", line.counts.definite),
                ("possible", line.counts.possible),
            ] {
                rows(&mut table, ["MARS", group, region, certainty, "all"], sides)?;
            }
        }
        for line in &forms.bombs.lines {
            let location = line.location.map_or("unclear", |location| location.name());
            for (certainty, size, sides) in [
                ("certain", "below_5_mm", line.certain_small),
                ("certain", "5_to_10_mm", line.certain_large),
                ("uncertain", "below_5_mm", line.uncertain_small),
                ("uncertain", "5_to_10_mm", line.uncertain_large),
            ] {
                rows(
                    &mut table,
                    ["BOMBS", "all", location, certainty, size],
                    sides,
                )?;
            }
        }
    }
    table.flush()?;
    Ok(())
}

fn rows<W: Write>(table: &mut Table<W>, first: [&str; 5], sides: Sides) -> csv::Result<()> {
    for (side, count) in [
        ("left", sides.left),
        ("right", sides.right),
        ("unclear", sides.unclear),
    ] {
        let count = count.to_string();
        table.write_record(first.iter().chain(&[side, &count]))?;
    }
    Ok(())
}
