//! A comparison as Markdown and LaTeX.

use super::compare::{Comparison, PairOfMethods};
use super::rule::Rule;

/// Paths, names and digits of what a table shows.
const ROWS: [(&str, &str, usize); 9] = [
    ("micro/recall", "recall, all lesions", 3),
    ("micro/precision", "precision, all lesions", 3),
    ("micro/f1", "F1, all lesions", 3),
    ("per_subject/f1/mean", "F1, mean over cases", 3),
    ("per_subject/f1/median", "F1, median over cases", 3),
    ("per_subject/dice/median", "Dice, median over cases", 3),
    ("fp_per_scan/mean", "false alarms per scan", 2),
    (
        "per_subject/absolute_count_difference/mean",
        "count off by, mean",
        2,
    ),
    (
        "per_subject/absolute_volume_difference_mm3/mean",
        "volume off by, mean (mm³)",
        1,
    ),
];
const VOXEL_ROWS: [(&str, &str, usize); 6] = [
    ("voxel/per_volume/dsc/mean", "Dice, mean over volumes", 3),
    (
        "voxel/per_volume/sen/mean",
        "sensitivity, mean over volumes",
        3,
    ),
    (
        "voxel/per_volume/pre/mean",
        "precision, mean over volumes",
        3,
    ),
    ("voxel/per_slice/dsc/mean", "Dice, mean over slices", 3),
    (
        "voxel/per_slice/sen/mean",
        "sensitivity, mean over slices",
        3,
    ),
    ("voxel/per_slice/pre/mean", "precision, mean over slices", 3),
];

fn rows(comparison: &Comparison) -> &'static [(&'static str, &'static str, usize)] {
    if comparison.rule == Rule::Voxel {
        &VOXEL_ROWS
    } else {
        &ROWS
    }
}

/// A header and rows of cells.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn p_value(p: f64) -> String {
    if p < 0.001 {
        "<.001".to_string()
    } else {
        format!("{p:.3}").trim_start_matches('0').to_string()
    }
}

fn figures(comparison: &Comparison) -> Table {
    let mut header = vec![format!(
        "{} cases, rule {}",
        comparison.cases, comparison.rule
    )];
    header.extend(comparison.methods.clone());
    let row = |&(path, name, digits): &(&str, &str, usize)| {
        let own = comparison.methods.iter();
        let cells = own.map(|method| comparison.figures[method].get(path).in_words(digits));
        std::iter::once(name.to_string()).chain(cells).collect()
    };
    Table {
        header,
        rows: rows(comparison).iter().map(row).collect(),
    }
}

fn tests(pair: &PairOfMethods) -> Table {
    let header = ["figure of a case", "cases", "median difference", "p"];
    let rows = pair.wilcoxon.iter().map(|(name, test)| {
        vec![
            name.replace('_', " "),
            test.cases.to_string(),
            test.median_difference
                .map_or("–".to_string(), |d| format!("{d:.3}")),
            p_value(test.p_two_sided),
        ]
    });
    Table {
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

fn differences(comparison: &Comparison, pair: &PairOfMethods) -> Table {
    let header = ["figure", "difference"].map(String::from).to_vec();
    let rows = rows(comparison).iter().map(|&(path, name, digits)| {
        vec![
            name.to_string(),
            pair.differences.get(path).in_words(digits),
        ]
    });
    Table {
        header,
        rows: rows.collect(),
    }
}

fn ranking(comparison: &Comparison) -> Table {
    let measures: Vec<&str> = comparison
        .ranking
        .first()
        .map(|r| r.beats.keys().copied().collect())
        .unwrap_or_default();
    let mut header = vec!["method".to_string(), "mean rank".to_string()];
    header.extend(
        measures
            .iter()
            .map(|m| format!("beats in {}", m.replace('_', " "))),
    );
    let row = |ranked: &super::compare::Ranked| {
        let mut row = vec![ranked.method.clone(), format!("{:.2}", ranked.mean_rank)];
        row.extend(measures.iter().map(|m| ranked.beats[m].to_string()));
        row
    };
    Table {
        header,
        rows: comparison.ranking.iter().map(row).collect(),
    }
}

const NOTE: &str = "In brackets: 95 % intervals by bootstrap over subjects. P: two-sided Wilcoxon \
     signed-rank tests over the cases in which both have the figure, not corrected for their \
     number.";

/// Headings, words and tables in order.
enum Part {
    Heading(String),
    Words(String),
    Table(Table),
}

fn parts(comparison: &Comparison) -> Vec<Part> {
    let mut parts = vec![
        Part::Heading(format!("Methods under the rule {}", comparison.rule)),
        Part::Words(comparison.rule.meaning().to_string()),
        Part::Table(figures(comparison)),
        Part::Words(NOTE.to_string()),
    ];
    for pair in &comparison.pairs {
        parts.push(Part::Heading(format!(
            "{} minus {}",
            pair.first, pair.second
        )));
        parts.push(Part::Table(differences(comparison, pair)));
        parts.push(Part::Table(tests(pair)));
        if let Some(m) = pair.mcnemar {
            parts.push(Part::Words(format!(
                "Lesions found by both {}, by {} alone {}, by {} alone {}, by neither {}; McNemar's \
                 exact test p {}.",
                m.both,
                pair.first,
                m.only_first,
                pair.second,
                m.only_second,
                m.neither,
                p_value(m.p)
            )));
        }
    }
    parts.push(Part::Heading("Ranking".to_string()));
    parts.push(Part::Table(ranking(comparison)));
    parts.push(Part::Words(
        "As VALDO ranks: by how many methods each beats in a figure (one-sided Wilcoxon, p < .05), \
         then by the mean of the ranks."
            .to_string(),
    ));
    parts.push(Part::Words(comparison.research_use.clone()));
    parts
}

/// The comparison as Markdown.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    for part in parts(comparison) {
        match part {
            Part::Heading(words) => text.push_str(&format!("## {}\n\n", words.replace('|', "\\|"))),
            Part::Words(words) => text.push_str(&format!("{words}\n\n")),
            Part::Table(table) => {
                let line = |cells: &[String]| {
                    let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
                    format!("| {} |\n", cells.join(" | "))
                };
                text.push_str(&line(&table.header));
                text.push_str(&format!(
                    "|---{}|\n",
                    "|---:".repeat(table.header.len() - 1)
                ));
                for row in &table.rows {
                    text.push_str(&line(row));
                }
                text.push('\n');
            }
        }
    }
    text
}

/// The comparison as LaTeX tables (packages: booktabs).
#[must_use]
pub fn latex(comparison: &Comparison) -> String {
    let mut text = String::from("% needs \\usepackage{booktabs}\n");
    for part in parts(comparison) {
        match part {
            Part::Heading(words) => {
                text.push_str(&format!("\\subsection*{{{}}}\n", escaped(&words)));
            }
            Part::Words(words) => text.push_str(&format!("{}\n\n", escaped(&words))),
            Part::Table(table) => {
                let line = |cells: &[String]| {
                    let cells: Vec<String> = cells.iter().map(|c| escaped(c)).collect();
                    format!("{} \\\\\n", cells.join(" & "))
                };
                let columns = "r".repeat(table.header.len() - 1);
                text.push_str(&format!("\\begin{{tabular}}{{l{columns}}}\n\\toprule\n"));
                text.push_str(&line(&table.header));
                text.push_str("\\midrule\n");
                for row in &table.rows {
                    text.push_str(&line(row));
                }
                text.push_str("\\bottomrule\n\\end{tabular}\n\n");
            }
        }
    }
    text
}

/// What LaTeX takes for commands, and the signs that old engines lack.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\textbackslash{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(character);
            }
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("$<$"),
            '³' => out.push_str("$^3$"),
            '–' => out.push_str("--"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latex_signs_are_escaped_and_p_values_short() {
        assert_eq!(escaped("a_b & 5 % <.001"), "a\\_b \\& 5 \\% $<$.001");
        assert_eq!(
            [0.0004, 0.0421, 1.0].map(p_value),
            ["<.001", ".042", "1.000"]
        );
    }
}
