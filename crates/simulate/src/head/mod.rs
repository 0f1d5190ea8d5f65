//! From a label map to a head of one's own: cleaned, bent, with properties.

mod builtin;
mod clean;
mod labels;
mod properties;
mod shape;
mod tissue;

pub use clean::Cleaning;
pub use labels::{Head, HeadError};
pub(crate) use properties::tissue_maps;
pub use properties::{TissueDraw, TissueMaps};
pub use shape::{Bend, HeadShape, shape_head};
pub use tissue::{Tissue, tissue_of};
