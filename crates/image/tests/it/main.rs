//! Integration tests, in one program: one link instead of many.
#![allow(clippy::unwrap_used, clippy::panic)] // Tests state what they expect.

mod dicom_attributes;
mod dicom_hostile;
mod dicom_series;
mod nifti_files;
mod registration_oracle;
mod slices;
