//! What readers say of a scan.

mod agreement;
mod entry;
mod finding;
mod runs;
mod terms;

pub use agreement::{Agreement, PlaceRead, ReaderView, agreement, places};
pub use entry::{Entry, EntryError, Finished, ImageQuality, Landmark, LandmarkType, Mark};
pub use finding::{Finding, Proposed, ReadLesion, RegionsOfScan, Site, touching_parts};
pub use runs::{Runs, RunsError};
pub use terms::{Artefact, Cause, MarkedSide, MimicType, OtherFinding, Rating, Verdict};
