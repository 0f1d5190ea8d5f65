//! The physics: fields of susceptibility, decay, and constants.

pub(crate) mod decay;
pub mod dipole;
pub(crate) mod sources;
pub(crate) mod trigonometry;
pub(crate) mod wave;
