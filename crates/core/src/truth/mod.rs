//! What is known of a simulated scan: microbleeds, and what may be taken for one.

mod lesion;
mod mimic;

pub use lesion::LesionTruth;
pub use mimic::{Mimic, MimicKind, MimicShape};
