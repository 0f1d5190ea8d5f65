//! From a head in the magnet to complex voxels.

mod point_spread;
mod render;
mod signal;
mod source;

pub(crate) use point_spread::{PointSpread, Sampling};
pub(crate) use render::{Rendered, World, render, render_cells};
pub(crate) use signal::{Echo, SignalMaps};
pub(crate) use source::{Form, Source};
