//! ARIA-H: haemorrhage under a treatment against amyloid, by what is new since the baseline.
//!
//! Mild, moderate and severe are 1 to 4, 5 to 9 and 10 or more new microhaemorrhages, and 1, 2 and more than
//! 2 focal areas of superficial siderosis; the grade is the worse of both (prescribing information of
//! lecanemab and donanemab; Cogswell 2022, doi 10.3174/ajnr.A7586). Verify against the current label.

use serde::Serialize;

/// Severity on imaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AriaGrade {
    /// Nothing new.
    None,
    /// 1 to 4 new microhaemorrhages, or one focal area of siderosis.
    Mild,
    /// 5 to 9, or two areas.
    Moderate,
    /// 10 or more, or more than two areas.
    Severe,
}

impl AriaGrade {
    /// Of new microhaemorrhages.
    #[must_use]
    pub fn of_new(microhaemorrhages: usize) -> Self {
        match microhaemorrhages {
            0 => Self::None,
            1..=4 => Self::Mild,
            5..=9 => Self::Moderate,
            _ => Self::Severe,
        }
    }

    /// Of focal areas of superficial siderosis.
    #[must_use]
    pub fn of_siderosis(areas: usize) -> Self {
        match areas {
            0 => Self::None,
            1 => Self::Mild,
            2 => Self::Moderate,
            _ => Self::Severe,
        }
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mild => "mild",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
        }
    }
}

/// Superficial siderosis as a reader saw it; siderin does not look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Siderosis {
    /// Nobody said.
    NotEntered,
    /// So many new focal areas.
    NewAreas(usize),
}

/// Why there is no grade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ungraded {
    /// One of the scans is of a kind that does not show microbleeds.
    Unsuitable,
    /// One of the scans shows a part of the brain only.
    PartialCoverage {
        /// The least share of a visit's brain that both scans show.
        shared: f64,
    },
}

impl Ungraded {
    /// In words.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Unsuitable => {
                "one of the scans does not suit microbleed detection: what is new cannot be told"
                    .into()
            }
            Self::PartialCoverage { shared } => format!(
                "both scans together show {:.0} % of the brain: what is new elsewhere was not seen",
                100.0 * shared
            ),
        }
    }
}

/// The grade and what it was made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AriaH {
    /// The worse of both grades, or why there is none.
    pub grade: Result<AriaGrade, Ungraded>,
    /// New findings up to 10 mm.
    pub new_count: usize,
    /// New findings over 10 mm: a separate finding, in no grade.
    pub new_macrohaemorrhages: usize,
    /// What the reader entered.
    pub siderosis: Siderosis,
}

impl AriaH {
    /// The grade of so many new findings.
    #[must_use]
    pub fn of(
        new_count: usize,
        new_macrohaemorrhages: usize,
        siderosis: Siderosis,
        obstacle: Option<Ungraded>,
    ) -> Self {
        let of_siderosis = match siderosis {
            Siderosis::NotEntered => AriaGrade::None,
            Siderosis::NewAreas(areas) => AriaGrade::of_siderosis(areas),
        };
        Self {
            grade: obstacle.map_or_else(|| Ok(AriaGrade::of_new(new_count).max(of_siderosis)), Err),
            new_count,
            new_macrohaemorrhages,
            siderosis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_at_their_borders() {
        let names: Vec<&str> = [0, 1, 4, 5, 9, 10, 99]
            .iter()
            .map(|new| AriaGrade::of_new(*new).name())
            .collect();
        let expected = [
            "none", "mild", "mild", "moderate", "moderate", "severe", "severe",
        ];
        assert_eq!(names, expected);
        let names = [0, 1, 2, 3].map(|areas| AriaGrade::of_siderosis(areas).name());
        assert_eq!(names, ["none", "mild", "moderate", "severe"]);
    }

    #[test]
    fn the_worse_of_both_counts() {
        let of = |new, siderosis| AriaH::of(new, 0, siderosis, None).grade;
        assert_eq!(of(5, Siderosis::NotEntered), Ok(AriaGrade::Moderate));
        assert_eq!(of(5, Siderosis::NewAreas(1)), Ok(AriaGrade::Moderate));
        assert_eq!(of(5, Siderosis::NewAreas(3)), Ok(AriaGrade::Severe));
        let cut = Ungraded::PartialCoverage { shared: 0.8 };
        let withheld = AriaH::of(5, 1, Siderosis::NewAreas(3), Some(cut));
        assert_eq!(withheld.grade, Err(cut));
        assert!(cut.reason().contains("80 %"));
    }
}
