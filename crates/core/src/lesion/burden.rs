//! How many, in the groups clinicians use.

use super::{Lesion, SizeClass};
use serde::Serialize;
use std::fmt;

/// Number of microbleeds on one scan, in groups. This is no ARIA-H grade, which counts
/// new ones between two scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum BurdenGroup {
    /// None.
    #[serde(rename = "0")]
    None,
    /// One to four.
    #[serde(rename = "1-4")]
    OneToFour,
    /// Five to nine.
    #[serde(rename = "5-9")]
    FiveToNine,
    /// Ten or more.
    #[serde(rename = ">=10")]
    TenOrMore,
}

impl BurdenGroup {
    /// The group of a number of microbleeds.
    #[must_use]
    pub fn of(microbleeds: usize) -> Self {
        match microbleeds {
            0 => Self::None,
            1..=4 => Self::OneToFour,
            5..=9 => Self::FiveToNine,
            _ => Self::TenOrMore,
        }
    }
}

impl fmt::Display for BurdenGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "0",
            Self::OneToFour => "1-4",
            Self::FiveToNine => "5-9",
            Self::TenOrMore => "≥10",
        })
    }
}

/// Counts of one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Lesions of 10 mm or less.
    pub microbleeds: usize,
    /// Larger ones, apart.
    pub macrohaemorrhages: usize,
    /// The group of the microbleeds.
    pub burden_group: BurdenGroup,
}

impl Counts {
    /// Counts lesions by size class.
    #[must_use]
    pub fn of(lesions: &[Lesion]) -> Self {
        let microbleeds = lesions
            .iter()
            .filter(|l| l.size_class == SizeClass::Microbleed)
            .count();
        Self {
            microbleeds,
            macrohaemorrhages: lesions.len() - microbleeds,
            burden_group: BurdenGroup::of(microbleeds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_at_their_borders() {
        let names: Vec<String> = [0, 1, 4, 5, 9, 10, 99]
            .iter()
            .map(|&n| BurdenGroup::of(n).to_string())
            .collect();
        assert_eq!(names, ["0", "1-4", "1-4", "5-9", "5-9", "≥10", "≥10"]);
    }
}
