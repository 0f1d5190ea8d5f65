use super::{AugmentConfig, AugmentDraw, SamplingConfig};
use crate::data::Material;
use siderin_core::random::Stream;

/// What a sample is, before it is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleDraw {
    /// Voxel of the scan (column, row, slice) that becomes the sample's middle.
    pub middle: [f64; 3],
    /// How it is changed.
    pub augment: AugmentDraw,
}

/// Decides what samples are.
#[derive(Debug, Clone)]
pub struct Sampler {
    config: SamplingConfig,
    augment: AugmentConfig,
    seed: u64,
    scans: usize,
}

/// Voxels between a lesion and the sample's border, as a share of the sample: features at the
/// border see half of what surrounds them.
const BORDER: f64 = 0.15;

impl Sampler {
    /// A sampler over so many scans.
    #[must_use]
    pub fn new(config: SamplingConfig, augment: AugmentConfig, seed: u64, scans: usize) -> Self {
        Self {
            config,
            augment,
            seed,
            scans,
        }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &SamplingConfig {
        &self.config
    }

    /// Samples of an epoch.
    #[must_use]
    pub fn per_epoch(&self) -> u64 {
        (self.scans * self.config.per_scan) as u64
    }

    /// Batches of an epoch; what is left over belongs to the next.
    #[must_use]
    pub fn batches_per_epoch(&self) -> u64 {
        (self.per_epoch() / self.config.batch as u64).max(1)
    }

    /// The order of an epoch: which scan each of its samples is from, and the sample's number in
    /// its scan.
    #[must_use]
    pub fn order(&self, epoch: u64) -> Vec<(usize, usize)> {
        let mut order: Vec<(usize, usize)> = (0..self.scans)
            .flat_map(|scan| (0..self.config.per_scan).map(move |number| (scan, number)))
            .collect();
        let mut stream = Stream::new(self.seed, "epoch", epoch);
        for at in (1..order.len()).rev() {
            order.swap(at, stream.index(at + 1));
        }
        order
    }

    /// Draws sample `index` of the run, which is number `number` of the samples of its scan in this
    /// epoch: the first ones hold a lesion, as many as their share says.
    #[must_use]
    pub fn draw(&self, index: u64, number: usize, scan: &Material) -> SampleDraw {
        let mut stream = Stream::new(self.seed, "sample", index);
        let with = (self.config.lesion_share * self.config.per_scan as f64).round() as usize;
        let middle = if number < with && !scan.lesions.is_empty() {
            self.around_lesion(scan, &mut stream)
        } else {
            in_brain(scan, &mut stream)
        };
        SampleDraw {
            middle,
            augment: AugmentDraw::draw(
                &self.augment,
                self.config.size,
                scan.spacing_mm,
                &mut stream,
            ),
        }
    }

    /// A middle such that a voxel of a lesion is in the sample, away from its border. In samples of
    /// a few slices the middle slice shows it.
    fn around_lesion(&self, scan: &Material, stream: &mut Stream) -> [f64; 3] {
        let lesion = &scan.lesions[stream.index(scan.lesions.len())];
        let voxel = index_of(lesion[stream.index(lesion.len())], scan.shape);
        let [d, h, w] = self.config.size;
        let shift = |stream: &mut Stream, at: usize, size: usize| {
            let reach = (size as f64 * (0.5 - BORDER)).floor();
            at as f64 + stream.uniform(-reach, reach).round()
        };
        [
            shift(stream, voxel[0], w),
            shift(stream, voxel[1], h),
            if d < 8 {
                voxel[2] as f64
            } else {
                shift(stream, voxel[2], d)
            },
        ]
    }
}

/// Draws before a brain that is hardly there is given up.
const TRIES: usize = 1000;

fn in_brain(scan: &Material, stream: &mut Stream) -> [f64; 3] {
    let mut at = 0;
    for _ in 0..TRIES {
        at = stream.index(scan.brain.len());
        if scan.brain[at] {
            break;
        }
    }
    index_of(at, scan.shape).map(|at| at as f64)
}

fn index_of(offset: usize, [nx, ny, _]: [usize; 3]) -> [usize; 3] {
    [offset % nx, offset / nx % ny, offset / (nx * ny)]
}
