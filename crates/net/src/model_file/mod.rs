//! A trained network in one file.

mod weights;

pub(crate) use weights::set_weights;
pub use weights::WeightsMismatch;
