//! Levels, kernels and strides from the spacing, by the rules of nnU-Net (Isensee 2021,
//! doi 10.1038/s41592-020-01008-z).

use serde::{Deserialize, Serialize};

/// One resolution of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuidedLevel {
    /// Kernel of its convolutions: slices, rows, columns.
    pub kernel: [usize; 3],
    /// How much coarser it is than the level before.
    pub stride: [usize; 3],
    /// Channels.
    pub channels: usize,
    /// Residual blocks on the way down.
    pub blocks: usize,
}

/// What a plan is made for.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanConfig {
    /// Spacing of the images in mm: slices, rows, columns.
    pub spacing_mm: [f64; 3],
    /// Voxels of a patch.
    pub patch: [usize; 3],
    /// Channels of the first level; they double until `widest`.
    pub width: usize,
    /// No level has more channels.
    pub widest: usize,
    /// Residual blocks of each level; the last number holds for all deeper ones.
    pub blocks: Vec<usize>,
}

/// No axis of a patch gets smaller.
const SMALLEST: usize = 4;

impl PlanConfig {
    /// The levels, finest first.
    ///
    /// An axis is halved while at least 4 voxels remain and its spacing is less than twice the
    /// finest among those that can be halved; a single axis is halved only down to 6. A kernel has
    /// one voxel along an axis until that axis' spacing is less than twice the finest, then three.
    #[must_use]
    pub fn levels(&self) -> Vec<GuidedLevel> {
        let mut spacing = self.spacing_mm;
        let mut size = self.patch;
        let mut kernel = [1; 3];
        let mut stride = [1; 3];
        let mut levels: Vec<GuidedLevel> = Vec::new();
        loop {
            let at = levels.len();
            let finest = spacing.into_iter().fold(f64::INFINITY, f64::min);
            for axis in 0..3 {
                if spacing[axis] / finest < 2.0 {
                    kernel[axis] = 3;
                }
            }
            let halved = self.halved(spacing, size);
            let deepest = halved.is_empty();
            levels.push(GuidedLevel {
                kernel: if deepest { [3; 3] } else { kernel },
                stride,
                channels: self.widest.min(self.width << at.min(16)),
                blocks: self
                    .blocks
                    .get(at)
                    .or(self.blocks.last())
                    .copied()
                    .unwrap_or(1),
            });
            if deepest {
                return levels;
            }
            stride = [1; 3];
            for axis in halved {
                stride[axis] = 2;
                spacing[axis] *= 2.0;
                size[axis] = size[axis].div_ceil(2);
            }
        }
    }

    /// The axes that the next level halves; none when this one is the deepest.
    fn halved(&self, spacing: [f64; 3], size: [usize; 3]) -> Vec<usize> {
        let can: Vec<usize> = (0..3).filter(|&a| size[a] >= 2 * SMALLEST).collect();
        let finest = can
            .iter()
            .map(|&a| spacing[a])
            .fold(f64::INFINITY, f64::min);
        let halved: Vec<usize> = can
            .into_iter()
            .filter(|&a| spacing[a] / finest < 2.0)
            .collect();
        match halved[..] {
            [only] if size[only] < 3 * SMALLEST => Vec::new(),
            _ => halved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(spacing_mm: [f64; 3], patch: [usize; 3]) -> Vec<GuidedLevel> {
        PlanConfig {
            spacing_mm,
            patch,
            width: 32,
            widest: 320,
            blocks: vec![1, 3, 4, 6],
        }
        .levels()
    }

    #[test]
    fn thick_slices_are_left_alone_until_the_planes_are_as_coarse() {
        // 6.5 mm slices, 0.4286 mm planes: 6.5/0.4286 = 15.2; after three halvings of the plane
        // 6.5/3.43 = 1.9 < 2, so the fourth level convolves across slices, and the step after it
        // halves them as well.
        let levels = plan([6.5, 0.4286, 0.4286], [16, 320, 256]);
        let kernels: Vec<_> = levels.iter().map(|l| l.kernel).collect();
        let strides: Vec<_> = levels.iter().map(|l| l.stride).collect();
        assert_eq!(kernels[..4], [[1, 3, 3], [1, 3, 3], [1, 3, 3], [3, 3, 3]]);
        assert_eq!(
            strides,
            [
                [1, 1, 1],
                [1, 2, 2],
                [1, 2, 2],
                [1, 2, 2],
                [2, 2, 2],
                [2, 2, 2],
                [1, 2, 2],
            ]
        );
        // 32 · 2^level, at most 320; the last number of blocks goes on.
        let channels: Vec<_> = levels.iter().map(|l| l.channels).collect();
        assert_eq!(channels, [32, 64, 128, 256, 320, 320, 320]);
        let blocks: Vec<_> = levels.iter().map(|l| l.blocks).collect();
        assert_eq!(blocks, [1, 3, 4, 6, 6, 6, 6]);
    }

    #[test]
    fn cubes_are_halved_along_all_axes() {
        // 64 → 32 → 16 → 8 → 4: five levels.
        let levels = plan([1.0; 3], [64; 3]);
        assert_eq!(levels.len(), 5);
        assert!(levels.iter().all(|l| l.kernel == [3; 3]));
        assert!(levels[1..].iter().all(|l| l.stride == [2; 3]));
    }
}
