//! A trained network in one file.

mod weights;

pub use weights::WeightsMismatch;
pub(crate) use weights::set_weights;
