//! Counts of the two sides of the body.

use crate::lesion::Place;
use crate::regions::Side;
use serde::Serialize;
use std::ops::AddAssign;

/// How many on which side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// On the left.
    pub left: usize,
    /// On the right.
    pub right: usize,
    /// On the midline, or where sides are not known.
    pub unclear: usize,
}

impl Sides {
    /// Counts one at this place.
    pub(super) fn add(&mut self, place: Option<Place>) {
        match place {
            Some(place) if !place.is_midline => match place.side {
                Side::Left => self.left += 1,
                Side::Right => self.right += 1,
            },
            _ => self.unclear += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> usize {
        self.left + self.right + self.unclear
    }
}

impl AddAssign for Sides {
    fn add_assign(&mut self, other: Self) {
        self.left += other.left;
        self.right += other.right;
        self.unclear += other.unclear;
    }
}
