//! The Microbleed Anatomical Rating Scale (Gregoire 2009, doi 10.1212/WNL.0b013e3181c34a7d).

use super::{Certainty, Sides};
use crate::lesion::Place;
use crate::regions::{Region, RegionGroup};
use serde::Serialize;
use std::ops::AddAssign;

/// The form: its 13 regions, and lines for what lies on a border.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mars {
    /// Regions in the form's order, each group followed by its unclear line; then those whose group is
    /// unclear, or that lie in no region.
    pub lines: Vec<MarsLine>,
}

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarsLine {
    /// Its group; none where that is unclear.
    pub group: Option<RegionGroup>,
    /// Its region; none where it is one of several, or not known.
    pub region: Option<Region>,
    /// What was counted.
    #[serde(flatten)]
    pub counts: MarsCounts,
}

/// Counts by certainty and side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MarsCounts {
    /// Definite microbleeds.
    pub definite: Sides,
    /// Possible ones.
    pub possible: Sides,
}

/// A group's line and its counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Subtotal {
    /// None: in no group for sure.
    pub group: Option<RegionGroup>,
    /// All of the group.
    #[serde(flatten)]
    pub counts: MarsCounts,
}

/// Where the microbleeds of a brain lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// There are none.
    None,
    /// In the lobes alone: suggests cerebral amyloid angiopathy.
    StrictlyLobar,
    /// Deep or infratentorial alone: suggests hypertensive arteriopathy.
    StrictlyDeepOrInfratentorial,
    /// Both.
    Mixed,
    /// Some may lie in the lobes or not.
    Undetermined,
}

impl Pattern {
    /// What it is called and suggests.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::None => "no microbleeds",
            Self::StrictlyLobar => "strictly lobar (suggests cerebral amyloid angiopathy)",
            Self::StrictlyDeepOrInfratentorial => {
                "strictly deep or infratentorial (suggests hypertensive arteriopathy)"
            }
            Self::Mixed => "mixed",
            Self::Undetermined => "not determined: some may lie in the lobes or not",
        }
    }
}

impl MarsCounts {
    /// Definite and possible ones, both sides.
    #[must_use]
    pub fn total(&self) -> usize {
        self.definite.total() + self.possible.total()
    }
}

impl AddAssign for MarsCounts {
    fn add_assign(&mut self, other: Self) {
        self.definite += other.definite;
        self.possible += other.possible;
    }
}

impl Default for Mars {
    fn default() -> Self {
        let line = |group, region| MarsLine {
            group,
            region,
            counts: MarsCounts::default(),
        };
        let mut lines = Vec::new();
        for group in RegionGroup::ALL {
            let regions = Region::ALL.into_iter().filter(|r| r.group() == group);
            lines.extend(regions.map(|region| line(Some(group), Some(region))));
            lines.push(line(Some(group), None));
        }
        lines.push(line(None, None));
        Self { lines }
    }
}

impl Mars {
    /// Counts a microbleed; one on a border goes to the line of the group that both regions are of, or to
    /// the last one.
    pub(super) fn add(&mut self, place: Option<Place>, certainty: Certainty) {
        let (group, region) = match place {
            None => (None, None),
            Some(place) => {
                let alone = place.or_region.is_none();
                (place.group(), place.known_region().filter(|_| alone))
            }
        };
        let line = self
            .lines
            .iter_mut()
            .find(|line| line.group == group && line.region == region);
        if let Some(line) = line {
            match certainty {
                Certainty::Definite => line.counts.definite.add(place),
                Certainty::Possible => line.counts.possible.add(place),
            }
        }
    }

    /// The three groups, and what is in none for sure.
    #[must_use]
    pub fn subtotals(&self) -> [Subtotal; 4] {
        let groups = [
            Some(RegionGroup::Infratentorial),
            Some(RegionGroup::Deep),
            Some(RegionGroup::Lobar),
            None,
        ];
        groups.map(|group| {
            let mut counts = MarsCounts::default();
            for line in self.lines.iter().filter(|line| line.group == group) {
                counts += line.counts;
            }
            Subtotal { group, counts }
        })
    }

    /// All lines together.
    #[must_use]
    pub fn total(&self) -> MarsCounts {
        let mut total = MarsCounts::default();
        for line in &self.lines {
            total += line.counts;
        }
        total
    }

    /// Where they lie, definite and possible ones alike.
    #[must_use]
    pub fn pattern(&self) -> Pattern {
        let [infratentorial, deep, lobar, unclear] = self.subtotals().map(|s| s.counts.total());
        match (lobar > 0, infratentorial + deep > 0, unclear > 0) {
            (true, true, _) => Pattern::Mixed,
            (_, _, true) => Pattern::Undetermined,
            (true, false, false) => Pattern::StrictlyLobar,
            (false, true, false) => Pattern::StrictlyDeepOrInfratentorial,
            (false, false, false) => Pattern::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::Side;

    fn place(region: Region, or_region: Option<Region>, side: Side) -> Option<Place> {
        Some(Place {
            region,
            side,
            or_region,
            is_midline: false,
            is_group_only: false,
            depth_mm: None,
        })
    }

    #[test]
    fn each_is_counted_once_on_its_line() {
        let mut mars = Mars::default();
        // 13 regions, three groups, one for the rest.
        assert_eq!(mars.lines.len(), 17);
        mars.add(
            place(Region::Thalamus, None, Side::Left),
            Certainty::Definite,
        );
        mars.add(
            place(Region::Thalamus, None, Side::Right),
            Certainty::Possible,
        );
        let border = place(Region::Frontal, Some(Region::Parietal), Side::Left);
        mars.add(border, Certainty::Definite);
        let between = place(Region::Insula, Some(Region::ExternalCapsule), Side::Left);
        mars.add(between, Certainty::Possible);
        mars.add(None, Certainty::Possible);
        let counted: Vec<(Option<RegionGroup>, Option<Region>, usize)> = mars
            .lines
            .iter()
            .filter(|line| line.counts.total() > 0)
            .map(|line| (line.group, line.region, line.counts.total()))
            .collect();
        assert_eq!(
            counted,
            [
                (Some(RegionGroup::Deep), Some(Region::Thalamus), 2),
                (Some(RegionGroup::Lobar), None, 1),
                (None, None, 2),
            ]
        );
        assert_eq!(mars.subtotals().map(|s| s.counts.total()), [0, 2, 1, 2]);
        let total = mars.total();
        assert_eq!(
            total.definite,
            Sides {
                left: 2,
                right: 0,
                unclear: 0
            }
        );
        // In no region: on no side.
        assert_eq!(
            total.possible,
            Sides {
                left: 1,
                right: 1,
                unclear: 1
            }
        );
    }

    #[test]
    fn patterns() {
        let of = |places: &[Option<Place>]| {
            let mut mars = Mars::default();
            for place in places {
                mars.add(*place, Certainty::Possible);
            }
            mars.pattern()
        };
        let lobar = place(Region::Insula, None, Side::Left);
        let deep = place(Region::Thalamus, None, Side::Left);
        let below = place(Region::Cerebellum, None, Side::Right);
        let unclear = place(Region::Insula, Some(Region::ExternalCapsule), Side::Left);
        assert_eq!(of(&[]), Pattern::None);
        assert_eq!(of(&[lobar, lobar]), Pattern::StrictlyLobar);
        assert_eq!(of(&[deep, below]), Pattern::StrictlyDeepOrInfratentorial);
        assert_eq!(of(&[lobar, below]), Pattern::Mixed);
        assert_eq!(of(&[lobar, unclear]), Pattern::Undetermined);
        assert_eq!(of(&[unclear, deep, lobar]), Pattern::Mixed);
    }
}
