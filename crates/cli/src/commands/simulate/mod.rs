//! `siderin simulate`.

pub(crate) mod cohort;
pub(crate) mod field;
mod heads;
pub(crate) mod scan;
