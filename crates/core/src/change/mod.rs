//! What changed between two visits of one person.
//!
//! The lesions of both visits meet in one space ([`REACH_MM`]); one that has no partner is looked for in the
//! other scan before it is called new or gone ([`Sight`]). [`changes`] tells what became of each, [`AriaH`]
//! grades what is new, and [`cautions`] say what makes a comparison unsure. [`compare_visits`] is the whole of it.

mod aria_h;
mod caution;
mod comparison;
mod coverage;
mod pairing;
mod sight;
mod size;
mod status;

pub use aria_h::{AriaGrade, AriaH, Siderosis, Ungraded};
pub use caution::{Caution, cautions};
pub use comparison::{
    CompareError, Comparison, LEAST_AGREEMENT, LEAST_SHARED, SURE_AGREEMENT, Visit, VisitQuality,
    VisitRegistration, compare_visits,
};
pub use pairing::{PairingError, REACH_MM};
pub use sight::{Evidence, Seen, Sight};
pub use size::{LEAST_CHANGE_MM, LEAST_RATIO};
pub use status::{Change, ChangeConfig, Compared, Status, changes};
