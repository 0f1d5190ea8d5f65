//! The Brain Observer MicroBleed Scale (Cordonnier 2009, doi 10.1161/STROKEAHA.108.526996).

use super::{Certainty, Counted, Sides, SizeBand};
use crate::lesion::Place;
use crate::regions::Region;
use serde::{Deserialize, Serialize};

/// The form: its seven places, and a line for what may lie in several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bombs {
    /// In the form's order; those of no clear place last.
    pub lines: Vec<BombsLine>,
}

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BombsLine {
    /// Where; none where it is one of several.
    pub location: Option<Location>,
    /// Certain, smaller than 5 mm.
    pub certain_small: Sides,
    /// Certain, 5 to 10 mm.
    pub certain_large: Sides,
    /// Uncertain, smaller than 5 mm.
    pub uncertain_small: Sides,
    /// Uncertain, 5 to 10 mm.
    pub uncertain_large: Sides,
}

/// A place on the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// Cortex, or the junction of grey and white matter.
    Cortex,
    /// Subcortical white matter, with the deep and the callosum.
    WhiteMatter,
    /// Grey matter of the basal ganglia.
    BasalGanglia,
    /// Internal and external capsule.
    Capsules,
    /// Thalamus.
    Thalamus,
    /// Brainstem.
    Brainstem,
    /// Cerebellum.
    Cerebellum,
}

/// Lobar tissue up to this depth is cortex or its junction: cortex is 1 to 4.5 mm thick (Fischl 2000, doi
/// 10.1073/pnas.200033797).
const CORTEX_MM: f64 = 5.0;
/// Lobar tissue deeper than this is white matter; what lies between may be either.
const WHITE_MM: f64 = 8.0;

impl Location {
    /// All, in the order of the form.
    pub const ALL: [Self; 7] = [
        Self::Cortex,
        Self::WhiteMatter,
        Self::BasalGanglia,
        Self::Capsules,
        Self::Thalamus,
        Self::Brainstem,
        Self::Cerebellum,
    ];

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cortex => "cortex",
            Self::WhiteMatter => "white_matter",
            Self::BasalGanglia => "basal_ganglia",
            Self::Capsules => "capsules",
            Self::Thalamus => "thalamus",
            Self::Brainstem => "brainstem",
            Self::Cerebellum => "cerebellum",
        }
    }

    /// As the form says it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Cortex => "cortex, grey-white junction",
            Self::WhiteMatter => "subcortical white matter",
            Self::BasalGanglia => "basal ganglia grey matter",
            Self::Capsules => "internal and external capsule",
            Self::Thalamus => "thalamus",
            Self::Brainstem => "brainstem",
            Self::Cerebellum => "cerebellum",
        }
    }

    /// The place of a lesion, none where it may be one of two, or its region is not known.
    #[must_use]
    pub fn of(place: Place) -> Option<Self> {
        let location = Self::of_region(place.known_region()?, place.depth_mm)?;
        let same = place
            .or_region
            .is_none_or(|other| Self::of_region(other, place.depth_mm) == Some(location));
        same.then_some(location)
    }

    fn of_region(region: Region, depth_mm: Option<f64>) -> Option<Self> {
        Some(match region {
            Region::Brainstem => Self::Brainstem,
            Region::Cerebellum => Self::Cerebellum,
            Region::BasalGanglia => Self::BasalGanglia,
            Region::Thalamus => Self::Thalamus,
            Region::InternalCapsule | Region::ExternalCapsule => Self::Capsules,
            Region::CorpusCallosum | Region::DeepWhiteMatter => Self::WhiteMatter,
            Region::Frontal
            | Region::Parietal
            | Region::Temporal
            | Region::Occipital
            | Region::Insula => match depth_mm {
                Some(mm) if mm <= CORTEX_MM => Self::Cortex,
                Some(mm) if mm <= WHITE_MM => return None,
                _ => Self::WhiteMatter,
            },
        })
    }
}

impl Default for Bombs {
    fn default() -> Self {
        let line = |location| BombsLine {
            location,
            certain_small: Sides::default(),
            certain_large: Sides::default(),
            uncertain_small: Sides::default(),
            uncertain_large: Sides::default(),
        };
        let locations = Location::ALL.into_iter().map(Some).chain([None]);
        Self {
            lines: locations.map(line).collect(),
        }
    }
}

impl Bombs {
    /// Counts a microbleed.
    pub(super) fn add(&mut self, counted: &Counted) {
        let location = counted.location;
        let line = self.lines.iter_mut().find(|line| line.location == location);
        if let Some(line) = line {
            let sides = match (counted.certainty, counted.size) {
                (Certainty::Definite, SizeBand::Small) => &mut line.certain_small,
                (Certainty::Definite, _) => &mut line.certain_large,
                (Certainty::Possible, SizeBand::Small) => &mut line.uncertain_small,
                (Certainty::Possible, _) => &mut line.uncertain_large,
            };
            sides.add(counted.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::Side;

    fn place(region: Region, or_region: Option<Region>, depth_mm: Option<f64>) -> Place {
        Place {
            region,
            side: Side::Right,
            or_region,
            is_midline: false,
            is_group_only: false,
            depth_mm,
        }
    }

    #[test]
    fn regions_and_depth_tell_the_place() {
        let of = |region, or_region, depth| Location::of(place(region, or_region, depth));
        let lobe = Region::Frontal;
        assert_eq!(of(lobe, None, Some(5.0)), Some(Location::Cortex));
        assert_eq!(of(lobe, None, Some(6.0)), None);
        assert_eq!(of(lobe, None, Some(8.1)), Some(Location::WhiteMatter));
        assert_eq!(of(lobe, None, None), Some(Location::WhiteMatter));
        // Two lobes share a place; two capsules as well; a nucleus and a capsule do not.
        assert_eq!(
            of(lobe, Some(Region::Parietal), Some(2.0)),
            Some(Location::Cortex)
        );
        let capsules = of(Region::InternalCapsule, Some(Region::ExternalCapsule), None);
        assert_eq!(capsules, Some(Location::Capsules));
        assert_eq!(
            of(Region::Thalamus, Some(Region::InternalCapsule), None),
            None
        );
        let deep = of(Region::DeepWhiteMatter, Some(lobe), Some(12.0));
        assert_eq!(deep, Some(Location::WhiteMatter));
    }

    #[test]
    fn size_and_certainty_tell_the_column() {
        let mut bombs = Bombs::default();
        assert_eq!(bombs.lines.len(), 8);
        let brainstem = Some(place(Region::Brainstem, None, None));
        let mut add = |place: Option<Place>, certainty, diameter_mm| {
            bombs.add(&Counted {
                place,
                location: place.and_then(Location::of),
                certainty,
                size: SizeBand::of(diameter_mm),
            });
        };
        add(brainstem, Certainty::Definite, 4.9);
        add(brainstem, Certainty::Definite, 5.0);
        add(brainstem, Certainty::Possible, 5.0);
        add(None, Certainty::Possible, 3.0);
        let [line, unclear] = [&bombs.lines[5], &bombs.lines[7]];
        assert_eq!(line.location, Some(Location::Brainstem));
        assert_eq!(line.certain_small.right, 1);
        assert_eq!(line.certain_large.right, 1);
        assert_eq!(
            (line.uncertain_small.total(), line.uncertain_large.right),
            (0, 1)
        );
        assert_eq!(unclear.uncertain_small.unclear, 1);
    }
}
