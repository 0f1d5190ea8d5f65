//! What a voxel is, as networks that make maps tell it.

/// Class of a voxel: a group of MARS, a microbleed, or neither. The number is the class's in label maps and in the
/// output of a softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum VoxelClass {
    /// Outside the parenchyma.
    Background = 0,
    /// Lobes, with hippocampus and amygdala.
    Lobar = 1,
    /// Deep supratentorial nuclei and white matter.
    Deep = 2,
    /// Brainstem and cerebellum.
    Infratentorial = 3,
    /// Microbleed.
    Microbleed = 4,
}

impl VoxelClass {
    /// All of them, by number.
    pub const ALL: [Self; 5] = [
        Self::Background,
        Self::Lobar,
        Self::Deep,
        Self::Infratentorial,
        Self::Microbleed,
    ];
}
