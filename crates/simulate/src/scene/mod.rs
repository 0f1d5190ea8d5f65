//! What is placed into a head: vessels, mimics, microbleeds. All in head mm.

mod anatomy;
mod lesions;
mod mimics;
mod substance;
mod vessels;

pub(crate) use anatomy::Anatomy;
pub use lesions::{LesionPattern, PlaceLesionsError, PlacedLesion, literature_count};
pub(crate) use lesions::{Request, place_lesions, resolve};
pub use mimics::MimicDraw;
pub(crate) use mimics::{map_mimics, place_mimics};
pub(crate) use substance::{lesion_source, mimic_sources};
pub use vessels::VesselDraw;
pub(crate) use vessels::place_vessels;
