//! What the forms ask of a microbleed.

use super::{Certainty, Location};
use crate::lesion::{LARGEST_MICROBLEED_MM, Lesion, NoRegion, Place};
use serde::{Deserialize, Serialize};
use siderin_image::volume::Grid;

/// Size on BOMBS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeBand {
    /// Smaller than 5 mm.
    Small,
    /// 5 to 10 mm.
    Large,
    /// Larger than 10 mm: a macrohaemorrhage, counted apart.
    Macro,
}

/// From this diameter a microbleed is a large one.
const LARGE_MM: f64 = 5.0;

impl SizeBand {
    /// All, from small to large.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Macro];

    /// That of a diameter.
    #[must_use]
    pub fn of(diameter_mm: f64) -> Self {
        if diameter_mm > LARGEST_MICROBLEED_MM {
            Self::Macro
        } else if diameter_mm < LARGE_MM {
            Self::Small
        } else {
            Self::Large
        }
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
            Self::Macro => "macro",
        }
    }

    /// As the form says it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Small => "below 5 mm",
            Self::Large => "5 to 10 mm",
            Self::Macro => "over 10 mm",
        }
    }
}

/// A microbleed as the forms count it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Where on MARS; none where that is not known or it lies in no region.
    pub place: Option<Place>,
    /// Where on BOMBS; none where it may be one of several.
    pub location: Option<Location>,
    /// How sure it is.
    pub certainty: Certainty,
    /// How large.
    pub size: SizeBand,
}

impl Counted {
    /// As the program counts a lesion of a scan on `grid`; findings of this confidence and more can be
    /// definite.
    ///
    /// # Errors
    /// [`NoRegion::NoMap`] when regions are not known.
    pub fn of(lesion: &Lesion, grid: &Grid, certain_from: f32) -> Result<Self, NoRegion> {
        let place = match lesion.place {
            Ok(place) => Some(place),
            Err(NoRegion::Outside | NoRegion::DoubtfulMap) => None,
            Err(NoRegion::NoMap) => return Err(NoRegion::NoMap),
        };
        Ok(Self {
            place,
            location: place.and_then(Location::of),
            certainty: Certainty::of(lesion, grid, certain_from),
            size: SizeBand::of(lesion.diameter_mm),
        })
    }
}
