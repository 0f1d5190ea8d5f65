//! What a reader marks and says.
//!
//! [`grow`] makes the mask of one lesion from a click or a scribble; [`read_scribbles`] makes seeds of a
//! map of scribbles, and [`grow_scribbles`] lesions of them. [`Entry`] is one thing a reader says,
//! [`Finding`] what program and reader say of one place; [`places`] lays several readers' findings
//! together, and [`agreement`] counts how often two of them agree.

mod grow;
mod reading;
mod scribbles;

pub use grow::{GrowConfig, GrowError, Grown, Reference, SizeAt, grow, largest_volume_mm3};
pub use reading::{
    Agreement, Artefact, Cause, Entry, EntryError, Finding, Finished, ImageQuality, Landmark,
    LandmarkType, Mark, MarkedSide, MimicType, OtherFinding, PlaceRead, Proposed, Rating,
    ReadLesion, ReaderView, RegionsOfScan, Runs, RunsError, Site, Verdict, agreement, places,
    touching_parts,
};
pub use scribbles::{
    GrownLesions, Scribble, ScribbleError, Strokes, grow_scribbles, read_scribbles,
};
