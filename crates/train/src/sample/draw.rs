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
    /// epoch: the first ones hold a lesion, the next ones a spot, as many as their shares say.
    #[must_use]
    pub fn draw(&self, index: u64, number: usize, scan: &Material) -> SampleDraw {
        let mut stream = Stream::new(self.seed, "sample", index);
        let number = number as f64;
        let samples = self.config.per_scan as f64;
        let lesions = (self.config.lesion_share * samples).round();
        let spots = lesions + (self.config.spot_share * samples).round();
        let middle = if number < lesions && !scan.lesions.is_empty() {
            let lesion = &scan.lesions[stream.index(scan.lesions.len())];
            let voxel = lesion[stream.index(lesion.len())];
            self.around(voxel, scan, &mut stream)
        } else if number < spots && !scan.spots.is_empty() && self.config.spot_share > 0.0 {
            // The likelier mistakes more often: the smaller of two places in the list.
            let count = scan.spots.len();
            let place = stream.index(count).min(stream.index(count));
            self.around(scan.spots[place], scan, &mut stream)
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

    /// A middle such that a voxel is in the sample, away from its border. In samples of a few
    /// slices the middle slice shows it.
    fn around(&self, offset: usize, scan: &Material, stream: &mut Stream) -> [f64; 3] {
        let voxel = index_of(offset, scan.shape);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 40 × 30 × 12 voxels with a lesion at (8, 9, 3), a spot at (30, 20, 8), and a brain of the
    /// upper slices alone.
    fn scan() -> Material {
        let shape = [40, 30, 12];
        let at = |i: usize, j: usize, k: usize| (k * 30 + j) * 40 + i;
        Material {
            shape,
            spacing_mm: [1.0; 3],
            images: vec![vec![0.0; 14_400]],
            classes: vec![0; 14_400],
            brain: (0..14_400).map(|offset| offset >= 6 * 1200).collect(),
            lesions: vec![vec![at(8, 9, 3)]],
            spots: vec![at(30, 20, 8)],
        }
    }

    fn sampler(size: [usize; 3], seed: u64) -> Sampler {
        let config = SamplingConfig {
            size,
            batch: 3,
            per_scan: 8,
            lesion_share: 0.5,
            spot_share: 0.25,
            regions: 1,
        };
        Sampler::new(config, AugmentConfig::default(), seed, 5)
    }

    /// Whether a voxel is in a sample of `size` around `middle`.
    fn holds(middle: [f64; 3], [d, h, w]: [usize; 3], voxel: [usize; 3]) -> bool {
        [w, h, d].iter().enumerate().all(|(axis, &length)| {
            let step = voxel[axis] as isize - middle[axis] as isize + (length / 2) as isize;
            (0..length as isize).contains(&step)
        })
    }

    proptest! {
        #[test]
        fn samples_hold_what_they_are_drawn_for(
            seed in 0..1000u64,
            index in 0..1000u64,
            deep in 1..20usize,
            height in 1..24usize,
        ) {
            let size = [deep, height, 16];
            let sampler = sampler(size, seed);
            let middle = |number| sampler.draw(index, number, &scan()).middle;
            for number in 0..4 {
                prop_assert!(holds(middle(number), size, [8, 9, 3]));
            }
            for number in 4..6 {
                prop_assert!(holds(middle(number), size, [30, 20, 8]));
            }
            // The rest lies in the brain.
            prop_assert!(middle(6)[2] >= 6.0 && middle(7)[2] >= 6.0);
            prop_assert_eq!(middle(3), middle(3));
        }

        #[test]
        fn an_epoch_holds_every_sample_once(seed in 0..100u64, epoch in 0..100u64) {
            let mut order = sampler([1, 8, 8], seed).order(epoch);
            prop_assert_ne!(&order, &sampler([1, 8, 8], seed).order(epoch + 1));
            order.sort_unstable();
            let all: Vec<(usize, usize)> =
                (0..5).flat_map(|scan| (0..8).map(move |number| (scan, number))).collect();
            prop_assert_eq!(order, all);
        }
    }

    #[test]
    fn flat_samples_show_the_lesion_in_their_slice() {
        let sampler = sampler([3, 16, 16], 1);
        for index in 0..20 {
            assert_eq!(sampler.draw(index, 0, &scan()).middle[2], 3.0);
        }
        // 5 scans of 8 samples, 3 a batch.
        assert_eq!((sampler.per_epoch(), sampler.batches_per_epoch()), (40, 13));
    }

    #[test]
    fn a_scan_without_lesions_shows_its_spots_instead() {
        let empty = Material {
            lesions: Vec::new(),
            ..scan()
        };
        let middle = sampler([3, 16, 16], 1).draw(4, 0, &empty).middle;
        assert!(holds(middle, [3, 16, 16], [30, 20, 8]));
    }
}
