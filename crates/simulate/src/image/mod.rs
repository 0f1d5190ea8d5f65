//! From clean complex voxels to the images a scanner gives out.

mod fourier;
mod imperfect;
mod motion;
mod noise;
mod receiver;
mod swi;
mod t1w;

pub use imperfect::Images;
pub(crate) use imperfect::{add_noise, apply};
pub(crate) use receiver::Receiver;
pub use swi::susceptibility_weighted;
pub(crate) use swi::{Homodyne, masked};
pub use t1w::{T1wError, t1_weighted};
