//! Scans with known truth. Beside the line from scan to report: nothing in it uses this.
//!
//! In the order of the flow: a [`head::Head`] is made of a label map; a [`Person`] is a head
//! with a shape, tissues, vessels and mimics of its own ([`PersonDraw`]); a [`VisitDraw`]
//! says how it lies in which scanner; [`Exam`] is the scan to come out of it.

pub(crate) mod acquire;
mod any_contrast;
mod any_t2star;
mod background;
pub mod cohort;
mod draw;
pub mod drawn_head;
pub mod exam;
mod files;
pub mod head;
pub mod image;
pub mod implant;
mod person;
mod phantom;
pub mod physics;
mod protocol;
pub(crate) mod scene;
mod simulation;

pub use any_contrast::{
    ANY_CONTRAST_MM, AnyContrast, ContrastDraw, ContrastError, Signal, any_contrast,
};
pub use any_t2star::{ANY_T2STAR, any_t2star};
pub use background::{Background, Patch};
pub use draw::{Imperfections, PersonDraw, Plan, Pose, VisitDraw};
pub use exam::{CleanScan, Exam, ExamError, ScanPlace, Truth};
pub use files::{VisitFilesError, VisitNames, write_visit};
pub use image::{Images, t1_weighted};
pub use person::{Person, PersonError};
pub use phantom::{Ball, Phantom, PhantomConfig, phantom};
pub use protocol::{Encoding, Protocol, ProtocolError};
pub use scene::{
    LesionPattern, MimicDraw, PlaceLesionsError, PlacedLesion, VesselDraw, literature_count,
};
pub use simulation::{Record, Request, SecondVisit, SimulateError, SimulateStage, Visit, simulate};

#[cfg(test)]
mod tests;
