use super::augment::is_flat;
use super::{AugmentConfig, AugmentDraw, SamplingConfig};
use crate::data::Material;
use nalgebra::Vector3;
use siderin_image::random::Stream;
use std::sync::Arc;

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
    /// Of each scan, as [`Material::spots`].
    mistakes: Arc<Vec<Vec<usize>>>,
}

/// Goes through the samples of a run, and remembers the order of the epoch at hand.
#[derive(Debug)]
pub struct Walk {
    sampler: Sampler,
    epoch: u64,
    order: Vec<(usize, usize)>,
}

impl Walk {
    /// The scan that sample `index` of the run is from, and its number among those of its scan.
    pub fn of(&mut self, index: u64) -> (usize, usize) {
        let per_epoch = self.sampler.per_epoch();
        let epoch = index / per_epoch;
        if epoch != self.epoch {
            self.epoch = epoch;
            self.order = self.sampler.order(epoch);
        }
        self.order[(index % per_epoch) as usize]
    }
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
            mistakes: Arc::default(),
        }
    }

    /// The same sampler with voxels of each scan that are to be shown before its spots.
    #[must_use]
    pub fn showing(&self, mistakes: &[Vec<usize>]) -> Self {
        Self {
            mistakes: Arc::new(mistakes.to_vec()),
            ..self.clone()
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

    /// A walk through the samples of the run.
    #[must_use]
    pub fn walk(&self) -> Walk {
        Walk {
            sampler: self.clone(),
            epoch: 0,
            order: self.order(0),
        }
    }

    /// Draws sample `index` of the run, which is of the scan numbered `at.0` and its sample `at.1`
    /// in this epoch: the first ones hold a lesion, the next ones a spot, as many as their shares
    /// say.
    #[must_use]
    pub fn draw(&self, index: u64, at: (usize, usize), scan: &Material) -> SampleDraw {
        let mistakes = self.mistakes.get(at.0).map_or(&[][..], Vec::as_slice);
        let mut stream = Stream::new(self.seed, "sample", index);
        let augment = AugmentDraw::draw(
            &self.augment,
            self.config.size,
            scan.spacing_mm,
            scan.images.len(),
            &mut stream,
        );
        let count = mistakes.len() + scan.spots.len();
        let number = at.1 as f64;
        let samples = self.config.per_scan as f64;
        let lesions = (self.config.lesion_share * samples).round();
        let spots = lesions + (self.config.spot_share * samples).round();
        let middle = if number < lesions && !scan.lesions.is_empty() {
            let lesion = &scan.lesions[stream.index(scan.lesions.len())];
            let voxel = lesion[stream.index(lesion.len())];
            self.around(voxel, scan, &augment, &mut stream)
        } else if number < spots && count > 0 && self.config.spot_share > 0.0 {
            let place = early_place(count, stream.uniform(0.0, 1.0));
            let after = || scan.spots[place - mistakes.len()];
            let spot = mistakes.get(place).copied().unwrap_or_else(after);
            self.around(spot, scan, &augment, &mut stream)
        } else {
            in_brain(scan, &mut stream)
        };
        SampleDraw {
            middle: self.within(middle, scan, &augment, &mut stream),
            augment,
        }
    }

    /// A middle such that a voxel is in the sample, away from its border, whatever turn and size the
    /// sample has. In samples of a few slices the middle slice shows it.
    fn around(
        &self,
        offset: usize,
        scan: &Material,
        augment: &AugmentDraw,
        stream: &mut Stream,
    ) -> [f64; 3] {
        let voxel = index_of(offset, scan.shape);
        let [d, h, w] = self.config.size;
        let spacing = Vector3::from(scan.spacing_mm);
        let steps = [w, h, d].map(|size| {
            let reach = (size as f64 * (0.5 - BORDER)).floor();
            stream.uniform(-reach, reach).round()
        });
        let flat = is_flat(self.config.size);
        let steps = Vector3::new(steps[0], steps[1], if flat { 0.0 } else { steps[2] });
        let there = augment.spatial.source_mm(steps.component_mul(&spacing));
        let there = there.component_div(&spacing);
        std::array::from_fn(|axis| {
            let middle = voxel[axis] as f64 - there[axis];
            // Whole voxels stay whole.
            let is_whole = augment.spatial.mirrors().is_some() || (flat && axis == 2);
            if is_whole { middle.round() } else { middle }
        })
    }

    /// Moves a sample so that it shows as much of the scan as it can: all of it along an axis where
    /// it is the larger, nothing beyond it where it is the smaller and lies straight.
    fn within(
        &self,
        middle: [f64; 3],
        scan: &Material,
        augment: &AugmentDraw,
        stream: &mut Stream,
    ) -> [f64; 3] {
        let [d, h, w] = self.config.size;
        let sizes = [w, h, d];
        std::array::from_fn(|axis| {
            let (size, extent) = (sizes[axis], scan.shape[axis]);
            if axis == 2 && is_flat(self.config.size) {
                return middle[axis];
            }
            // The sample's first voxel is half its size before its middle.
            let half = (size / 2) as f64;
            let other = extent as f64 - size as f64 + half;
            if size >= extent {
                return stream.uniform(other, half).round();
            }
            match augment.spatial.mirrors() {
                Some(_) => middle[axis].clamp(half, other),
                None => middle[axis],
            }
        })
    }
}

/// A place in a list whose first entries matter most: the places 1 to 10 together are as likely as
/// 11 to 120. `chance` is from 0 to 1.
fn early_place(count: usize, chance: f64) -> usize {
    let place = ((count + 1) as f64).powf(chance) as usize;
    place.clamp(1, count) - 1
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
    use super::super::augment::AugmentChange;
    use super::super::cut;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// 40 × 30 × 12 voxels with a lesion at (8, 9, 3), a spot of class 3 at (38, 20, 8), and a brain
    /// of the upper slices alone.
    fn scan() -> Material {
        let shape = [40, 30, 12];
        let at = |i: usize, j: usize, k: usize| (k * 30 + j) * 40 + i;
        let mut classes = vec![0; 14_400];
        classes[at(8, 9, 3)] = 4;
        classes[at(38, 20, 8)] = 3;
        Material {
            shape,
            spacing_mm: [1.0, 1.0, 2.0],
            images: vec![vec![0.0; 14_400]],
            classes,
            brain: (0..14_400).map(|offset| offset >= 6 * 1200).collect(),
            lesions: vec![vec![at(8, 9, 3)]],
            spots: vec![at(38, 20, 8)],
        }
    }

    fn sampler(size: [usize; 3], augment: AugmentConfig, seed: u64) -> Sampler {
        let config = SamplingConfig {
            size,
            batch: 3,
            per_scan: 8,
            lesion_share: 0.5,
            spot_share: 0.25,
            mining_epochs: None,
            regions: 1,
        };
        Sampler::new(config, augment, seed, 5)
    }

    fn change(most: f64) -> Option<AugmentChange> {
        Some(AugmentChange { chance: 0.7, most })
    }

    proptest! {
        #[test]
        fn samples_hold_what_they_are_drawn_for(
            seed in 0..1000u64,
            index in 0..1000u64,
            deep in 1..12usize,
            height in 4..24usize,
            straight in any::<bool>(),
        ) {
            let augment = if straight {
                AugmentConfig { flip: 0.5, ..AugmentConfig::default() }
            } else {
                AugmentConfig {
                    flip: 0.5,
                    rotation: change(180.0),
                    tilt: change(40.0),
                    zoom: change(0.4),
                    elastic: change(3.0),
                    ..AugmentConfig::default()
                }
            };
            let size = [deep, height, 16];
            let sampler = sampler(size, augment, seed);
            for (number, class) in [(0, 4), (3, 4), (4, 3), (5, 3)] {
                let drawn = sampler.draw(index, (0, number), &scan());
                let sample = cut(&scan(), size, &drawn);
                prop_assert!(sample.classes.contains(&class), "{number} {drawn:?}");
                prop_assert_eq!(&sampler.draw(index, (0, number), &scan()), &drawn);
                if deep < 4 {
                    // The middle slice shows it.
                    let slice = &sample.classes[deep / 2 * height * 16..][..height * 16];
                    prop_assert!(slice.contains(&class));
                }
            }
        }

        #[test]
        fn a_sample_as_large_as_the_scan_shows_all_of_it(
            seed in 0..100u64,
            number in 0..8usize,
            size in (12..20usize, 30..40usize, 40..50usize),
        ) {
            let size = [size.0, size.1, size.2];
            let augment = AugmentConfig { flip: 0.5, ..AugmentConfig::default() };
            let drawn = sampler(size, augment, seed).draw(seed, (0, number), &scan());
            let sample = cut(&scan(), size, &drawn);
            prop_assert!(sample.classes.contains(&4) && sample.classes.contains(&3));
        }

        #[test]
        fn an_epoch_holds_every_sample_once(seed in 0..100u64, epoch in 0..100u64) {
            let sampler = sampler([1, 8, 8], AugmentConfig::default(), seed);
            let mut order = sampler.order(epoch);
            prop_assert_ne!(&order, &sampler.order(epoch + 1));
            order.sort_unstable();
            let all: Vec<(usize, usize)> =
                (0..5).flat_map(|scan| (0..8).map(move |number| (scan, number))).collect();
            prop_assert_eq!(order, all);
        }
    }

    #[test]
    fn the_others_lie_in_the_brain_and_within_the_scan() {
        let sampler = sampler([3, 16, 16], AugmentConfig::default(), 1);
        for index in 0..50 {
            let middle = sampler.draw(index, (0, 7), &scan()).middle;
            assert!(middle[2] >= 6.0);
            // 16 of 40 columns and of 30 rows: the middle is from 8 to 32 and to 22.
            assert!((8.0..=32.0).contains(&middle[0]) && (8.0..=22.0).contains(&middle[1]));
            assert_eq!(sampler.draw(index, (0, 0), &scan()).middle[2], 3.0);
        }
        // 5 scans of 8 samples, 3 a batch.
        assert_eq!((sampler.per_epoch(), sampler.batches_per_epoch()), (40, 13));
    }

    #[test]
    fn the_likeliest_mistakes_are_shown_most() {
        // ln(n + 1) / ln(256) of all draws are among the first n of 255: ⅛ the first, ½ the first 15.
        let places: Vec<usize> = (0..8000)
            .map(|at| early_place(255, (f64::from(at) + 0.5) / 8000.0))
            .collect();
        let among = |first| places.iter().filter(|place| **place < first).count();
        assert_eq!([among(1), among(15), among(255)], [1000, 4000, 8000]);
        assert_eq!((early_place(255, 0.0), early_place(255, 1.0)), (0, 254));
        assert_eq!((early_place(1, 0.0), early_place(1, 1.0)), (0, 0));
    }

    #[test]
    fn mined_mistakes_come_before_the_spots_of_their_scan() {
        // Scan 1 has a mistake at (20, 4, 2), the first of two places: ln 2 / ln 3 = .63 of the
        // draws show it. Numbers 4 and 5 of 8 samples are spots'.
        let mistake = (2 * 30 + 4) * 40 + 20;
        let sampler = sampler([1, 4, 4], AugmentConfig::default(), 1);
        let mined = sampler.showing(&[Vec::new(), vec![mistake]]);
        let slices = |scan: usize| {
            let slice = |index| mined.draw(index, (scan, 4), &self::scan()).middle[2];
            (0..2000).map(slice).collect::<Vec<f64>>()
        };
        assert!(slices(0).iter().all(|slice| *slice == 8.0));
        let shown = slices(1).iter().filter(|slice| **slice == 2.0).count();
        assert!((1200..1320).contains(&shown), "{shown}");
        assert_eq!(
            mined.draw(7, (0, 4), &scan()),
            sampler.draw(7, (1, 4), &scan())
        );
    }

    #[test]
    fn without_a_share_for_spots_nothing_is_drawn_for_them() {
        let empty = Material {
            lesions: Vec::new(),
            ..scan()
        };
        let mut sampler = sampler([1, 4, 4], AugmentConfig::default(), 1);
        sampler.config.spot_share = 0.0;
        // The spot is in slice 8; of slices 6 to 11, in which the brain is, all are shown.
        let slices: BTreeSet<i64> = (0..200)
            .map(|index| sampler.draw(index, (0, 0), &empty).middle[2] as i64)
            .collect();
        assert_eq!(slices, (6..12).collect());
    }

    #[test]
    fn a_scan_without_lesions_shows_its_spots_instead() {
        let empty = Material {
            lesions: Vec::new(),
            ..scan()
        };
        let size = [3, 16, 16];
        let drawn = sampler(size, AugmentConfig::default(), 1).draw(4, (0, 0), &empty);
        assert!(cut(&empty, size, &drawn).classes.contains(&3));
    }
}
