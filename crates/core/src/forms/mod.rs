//! The scales on which readers count microbleeds, filled in from what was found.
//!
//! [`Mars`] counts by region, [`Bombs`] by place and size; both by side and by how sure a finding is
//! ([`Certainty`]). What lies on a border is counted on a line of its own and not given to either side of
//! it. [`count_interval`] gives the range of their number by the confidence of all candidates.

mod bombs;
mod certainty;
mod counted;
mod interval;
mod mars;
mod sides;

pub use bombs::{Bombs, BombsLine, Location};
pub use certainty::{Certainty, ROUND_MOST, SMALLEST_DEFINITE_MM};
pub use counted::{Counted, SizeBand};
pub use interval::{CountInterval, count_interval};
pub use mars::{Mars, MarsCounts, MarsLine, Pattern, Subtotal};
pub use sides::Sides;

use crate::lesion::{Lesion, NoRegion, SizeClass};
use serde::Serialize;
use siderin_image::volume::Grid;

/// Both forms of one scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forms {
    /// Confidence from which a finding can be definite.
    pub certain_from: f32,
    /// Microbleed Anatomical Rating Scale.
    pub mars: Mars,
    /// Brain Observer MicroBleed Scale.
    pub bombs: Bombs,
    /// Larger than 10 mm: in neither form.
    pub macrohaemorrhages: usize,
}

impl Forms {
    /// Counts the microbleeds of a scan on `grid`; findings of this confidence and more can be definite.
    ///
    /// # Errors
    /// [`NoRegion::NoMap`] when the regions of a microbleed are not known: no line of a form could be
    /// filled in.
    pub fn of(lesions: &[Lesion], grid: &Grid, certain_from: f32) -> Result<Self, NoRegion> {
        // A larger one is in no line, so that its region need not be known.
        let is_larger = |lesion: &&Lesion| lesion.size_class == SizeClass::Macrohaemorrhage;
        let microbleeds = lesions.iter().filter(|lesion| !is_larger(lesion));
        let counted: Result<Vec<Counted>, NoRegion> = microbleeds
            .map(|lesion| Counted::of(lesion, grid, certain_from))
            .collect();
        let mut forms = Self::count(&counted?, certain_from);
        forms.macrohaemorrhages = lesions.iter().filter(is_larger).count();
        Ok(forms)
    }

    /// Counts what was judged already; what is larger than 10 mm apart.
    #[must_use]
    pub fn count(all: &[Counted], certain_from: f32) -> Self {
        let mut forms = Self {
            certain_from,
            mars: Mars::default(),
            bombs: Bombs::default(),
            macrohaemorrhages: 0,
        };
        for counted in all {
            if counted.size == SizeBand::Macro {
                forms.macrohaemorrhages += 1;
            } else {
                forms.mars.add(counted.place, counted.certainty);
                forms.bombs.add(counted);
            }
        }
        forms
    }
}
