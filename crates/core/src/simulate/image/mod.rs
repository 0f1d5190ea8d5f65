//! From clean complex voxels to the images a scanner gives out.

mod fourier;
mod imperfect;
mod motion;
mod noise;
mod swi;
mod t1w;

pub use imperfect::Images;
pub(crate) use imperfect::{apply, noise_deviation};
pub use swi::susceptibility_weighted;
pub use t1w::{T1wError, t1_weighted};
