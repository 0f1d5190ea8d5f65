//! How much one image tells about the other.

use super::pose::Pose;
use super::pyramid::PyramidLevel;
use crate::volume::{VoxelPoint, linear_at};
use nalgebra::{Matrix4, Point3};
use rayon::prelude::*;
use serde::Serialize;

/// Bins of each image. Chance alone gives bins²/(2 · samples) of information, which must stay small
/// beside what the images tell.
const BINS: usize = 24;
/// Voxels of the fixed image that are compared at most, at a scale of 1 mm; coarser scales tell as
/// much with fewer. Air is among them: where air meets air tells most about where a head lies.
const SAMPLES: f64 = 120_000.0;
/// Compared by one thread at a time; sums are in this order whatever the number of threads.
const CHUNK: usize = 4096;
/// A pose that covers less of the fixed head is none.
pub(super) const LEAST_OVERLAP: f64 = 0.25;

/// How well two registered images agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// Normalised mutual information, (H(a) + H(b)) / H(a, b): 1 if they tell nothing about each
    /// other, 2 if everything. Between contrasts of one head 1.05 to 1.3.
    pub normalised_mutual_information: f64,
    /// By how much it falls, on average, when the pose is 3 mm off in any of its six numbers; near
    /// 0 the pose is arbitrary.
    pub sharpness: f64,
    /// Share of the fixed image's head that the moving image covers.
    pub overlap: f64,
}

/// A voxel of the fixed image: its place and its bin, with the share of the bin above.
struct Sample {
    at: Point3<f64>,
    in_head: bool,
    bin: usize,
    above: f32,
}

/// What is climbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Mutual information times the share covered. Normalised alone, coarse images agree best
    /// where only a corner of each overlaps.
    Covered,
    /// Normalised mutual information: close to the top, where coverage must not pull.
    Normalised,
}

/// Two images at one resolution.
pub(super) struct Similarity {
    pub fixed: PyramidLevel,
    pub moving: PyramidLevel,
    samples: Vec<Sample>,
}

/// How much of the fixed image the moving one covers.
#[derive(Debug, Clone, Copy)]
struct Shares {
    all: f64,
    head: f64,
}

type Histogram = [[f64; BINS]; BINS];

impl Similarity {
    pub(super) fn new(moving: PyramidLevel, fixed: PyramidLevel) -> Self {
        let grid = fixed.image.grid();
        let values = fixed.image.voxels();
        let most = (SAMPLES / fixed.mm) as usize;
        let stride = values.len().div_ceil(most);
        let samples = (0..values.len())
            .step_by(stride)
            .map(|offset| {
                let (bin, above) = bin_of(values[offset], fixed.range);
                Sample {
                    at: grid.to_world(VoxelPoint::center_of(grid.index(offset))).0,
                    in_head: values[offset] > fixed.head_above,
                    bin,
                    above,
                }
            })
            .collect();
        Self {
            fixed,
            moving,
            samples,
        }
    }

    /// How similar the images are at a pose; 0 where they barely overlap.
    pub(super) fn at(&self, pose: &Pose, measure: Measure) -> f64 {
        let (histogram, covered) = self.histogram(pose);
        if covered.head < LEAST_OVERLAP {
            return 0.0;
        }
        let [fixed, moving, joint] = entropies(&histogram);
        match measure {
            Measure::Covered => covered.all * (fixed + moving - joint),
            Measure::Normalised if joint > 0.0 => (fixed + moving) / joint,
            Measure::Normalised => 0.0,
        }
    }

    pub(super) fn quality(&self, pose: &Pose) -> Quality {
        const OFF_MM: f64 = 3.0;
        let value = |pose: &Pose| self.at(pose, Measure::Normalised);
        let best = value(pose);
        let falls = (0..12).map(|n| {
            let mut numbers = pose.numbers.clone();
            numbers[n / 2] += if n % 2 == 0 { OFF_MM } else { -OFF_MM };
            best - value(&pose.with(numbers))
        });
        Quality {
            normalised_mutual_information: best,
            sharpness: falls.sum::<f64>() / 12.0,
            overlap: self.histogram(pose).1.head,
        }
    }

    /// The joint histogram of fixed and moving values, each spread over two bins, and the shares of
    /// the samples that lie in the moving image.
    fn histogram(&self, pose: &Pose) -> (Histogram, Shares) {
        let moving_voxel_from_fixed: Matrix4<f64> =
            self.moving.image.grid().voxel_from_world() * pose.moving_from_fixed().to_homogeneous();
        let limit = self.moving.image.shape().map(|n| n as f64 - 0.5);
        let parts: Vec<(Box<Histogram>, [usize; 2])> = self
            .samples
            .par_chunks(CHUNK)
            .map(|samples| {
                let mut histogram = Box::new([[0.0; BINS]; BINS]);
                let mut inside = [0; 2];
                for sample in samples {
                    let at: [f64; 3] = moving_voxel_from_fixed
                        .transform_point(&sample.at)
                        .coords
                        .into();
                    if !(0..3).all(|a| at[a] >= -0.5 && at[a] <= limit[a]) {
                        continue;
                    }
                    inside[0] += 1;
                    inside[1] += usize::from(sample.in_head);
                    let value = linear_at(&self.moving.image, at);
                    let (bin, above) = bin_of(value, self.moving.range);
                    let (f, m) = (f64::from(sample.above), f64::from(above));
                    histogram[sample.bin][bin] += (1.0 - f) * (1.0 - m);
                    histogram[sample.bin][bin + 1] += (1.0 - f) * m;
                    histogram[sample.bin + 1][bin] += f * (1.0 - m);
                    histogram[sample.bin + 1][bin + 1] += f * m;
                }
                (histogram, inside)
            })
            .collect();
        let mut sum = [[0.0; BINS]; BINS];
        let mut inside = [0; 2];
        for (part, [all, head]) in parts {
            inside = [inside[0] + all, inside[1] + head];
            for (row, part) in sum.iter_mut().zip(part.iter()) {
                for (value, part) in row.iter_mut().zip(part) {
                    *value += part;
                }
            }
        }
        let head = self.samples.iter().filter(|sample| sample.in_head).count();
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let shares = Shares {
            all: share(inside[0], self.samples.len()),
            head: share(inside[1], head),
        };
        (sum, shares)
    }
}

/// The lower of the two bins that a value falls between, and its share of the upper one.
fn bin_of(value: f32, [low, high]: [f32; 2]) -> (usize, f32) {
    let place = ((value - low) / (high - low)).clamp(0.0, 1.0) * (BINS - 1) as f32;
    let bin = (place as usize).min(BINS - 2);
    (bin, place - bin as f32)
}

/// Entropies of rows, columns and cells of a joint histogram.
fn entropies(histogram: &Histogram) -> [f64; 3] {
    let total: f64 = histogram.iter().flatten().sum();
    let entropy = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts
            .filter(|n| *n > 0.0)
            .map(|n| {
                let p = n / total;
                -p * p.ln()
            })
            .sum()
    };
    [
        entropy(&mut histogram.iter().map(|row| row.iter().sum())),
        entropy(&mut (0..BINS).map(|c| histogram.iter().map(|row| row[c]).sum())),
        entropy(&mut histogram.iter().flatten().copied()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_images_tell_all_and_independent_ones_nothing() {
        let mut equal = [[0.0; BINS]; BINS];
        let mut independent = equal;
        for i in 0..4 {
            equal[i][i] = 5.0;
            for j in 0..4 {
                independent[i][j] = 2.0;
            }
        }
        // H = ln 4 on each side: joint ln 4 and 2 ln 4.
        let one = 4f64.ln();
        for (histogram, joint) in [(equal, one), (independent, 2.0 * one)] {
            let found = entropies(&histogram);
            for (value, expected) in found.iter().zip([one, one, joint]) {
                assert!((value - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn values_are_shared_between_two_bins() {
        assert_eq!(bin_of(-1.0, [0.0, 23.0]), (0, 0.0));
        assert_eq!(bin_of(2.25, [0.0, 23.0]), (2, 0.25));
        assert_eq!(bin_of(99.0, [0.0, 23.0]), (22, 1.0));
    }
}
