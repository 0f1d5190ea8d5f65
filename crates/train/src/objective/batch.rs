//! Patches or slices, and what is true of their voxels.

/// Samples side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PatchBatch {
    /// Number of the batch in the run.
    pub(crate) number: u64,
    /// Samples, images, slices, rows, columns; columns fastest.
    pub(crate) images: Vec<f32>,
    /// Class of each voxel: samples, slices, rows, columns.
    pub(crate) classes: Vec<u8>,
    /// Samples, images, slices, rows, columns.
    pub(crate) shape: [usize; 5],
}
