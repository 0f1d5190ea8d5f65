//! Structures sharpened by the scan's own contrast.
//!
//! A network trained on all contrasts knows about where a structure lies; where exactly its border runs, the signals of
//! the scan itself tell better. As in unified segmentation (Ashburner 2005, doi 10.1016/j.neuroimage.2005.02.018) and
//! its form for any contrast (Puonti 2016, doi 10.1016/j.neuroimage.2016.09.011), the network's probabilities are the
//! prior; how the log signal of each class is distributed in this scan, and how the scan is shaded, follow by
//! expectation maximisation. Tissue has a normal distribution; background and fluid have histograms, for the one is air,
//! bone, fat and muscle at once, and the other flows and stands.

use nalgebra::Matrix4;
use rayon::prelude::*;
use siderin_image::preprocess::gaussian_smooth;
use siderin_image::volume::{Interpolation, Volume, block_mean, resample};

const ROUNDS: usize = 8;
/// Voxels that are surely background stay that.
const LEAST_PRIOR: f32 = 0.02;
/// No class is impossible in the others.
const PRIOR_FLOOR: f32 = 1e-4;
/// Of the mean signal of the head: what is darker is alike.
const DARKEST: f32 = 0.02;

/// Probabilities of classes in a head's view, by voxel: class 0 is background, the next `fluids` are fluid, the others
/// tissue.
#[derive(Debug, Clone)]
pub struct ClassMaps {
    /// A plane a class, each as long as the view has voxels.
    pub planes: Vec<Vec<f32>>,
    /// How many classes are fluid.
    pub fluids: usize,
}

impl ClassMaps {
    /// Replaces the probabilities by those that the signals of the view leave, where the background is not sure.
    ///
    /// # Panics
    /// When a plane is not as long as the view.
    pub fn sharpen(&mut self, view: &Volume<f32>) {
        let voxels = view.grid().voxel_count();
        assert!(
            self.planes.iter().all(|p| p.len() == voxels),
            "a plane has every voxel"
        );
        let head = Head::of(view, self);
        if head.offsets.is_empty() {
            return;
        }
        let mut posterior = head.prior.clone();
        let mut shading = vec![0f32; head.offsets.len()];
        for round in 0..ROUNDS {
            let binned = Binned::of(&head.signal, &shading);
            let likelihood =
                Histograms::of(&binned, &posterior, head.classes).likelihoods(self.fluids);
            head.update(&mut posterior, &binned, &likelihood);
            if round + 1 < ROUNDS {
                shading = head.shading(view, &posterior, &shading, self.fluids);
            }
        }
        for (at, offset) in head.offsets.iter().enumerate() {
            let row = &posterior[at * head.classes..][..head.classes];
            for (plane, p) in self.planes.iter_mut().zip(row) {
                plane[*offset] = *p;
            }
        }
    }
}

/// What is worked on: voxels that may be inside.
struct Head {
    classes: usize,
    offsets: Vec<usize>,
    /// Log signal.
    signal: Vec<f32>,
    /// Rows of classes.
    prior: Vec<f32>,
}

/// Voxels that are worked on at once.
const CHUNK: usize = 4096;

impl Head {
    fn of(view: &Volume<f32>, maps: &ClassMaps) -> Self {
        let classes = maps.planes.len();
        let background = &maps.planes[0];
        let offsets: Vec<usize> = (0..background.len())
            .filter(|at| 1.0 - background[*at] > LEAST_PRIOR)
            .collect();
        let signal = offsets
            .iter()
            .map(|at| view.voxels()[*at].max(DARKEST).ln())
            .collect();
        let mut prior = Vec::with_capacity(offsets.len() * classes);
        for at in &offsets {
            let row = maps.planes.iter().map(|plane| plane[*at].max(PRIOR_FLOOR));
            let total: f32 = row.clone().sum();
            prior.extend(row.map(|p| p / total));
        }
        Self {
            classes,
            offsets,
            signal,
            prior,
        }
    }

    /// Prior times likelihood.
    fn update(&self, posterior: &mut [f32], binned: &Binned, likelihood: &[Vec<f32>]) {
        let row = CHUNK * self.classes;
        let chunks = posterior
            .par_chunks_mut(row)
            .zip(self.prior.par_chunks(row));
        chunks
            .zip(binned.places.par_chunks(CHUNK))
            .for_each(|((posterior, prior), places)| {
                let rows = posterior
                    .chunks_exact_mut(self.classes)
                    .zip(prior.chunks_exact(self.classes));
                for ((posterior, prior), place) in rows.zip(places) {
                    let (low, high) = (&likelihood[place.bin], &likelihood[place.bin + 1]);
                    let mut total = 0.0;
                    for (class, p) in posterior.iter_mut().enumerate() {
                        let between = low[class] + (high[class] - low[class]) * place.share;
                        *p = prior[class] * between;
                        total += *p;
                    }
                    posterior.iter_mut().for_each(|p| *p /= total);
                }
            });
    }

    /// How much the log signal of tissue strays from its class's mean, smooth over the head.
    fn shading(
        &self,
        view: &Volume<f32>,
        posterior: &[f32],
        before: &[f32],
        fluids: usize,
    ) -> Vec<f32> {
        const SIGMA_MM: f64 = 24.0;
        const BLOCK: usize = 4;
        /// Strays by more than a few times this are no shading.
        const ROUGH: f32 = 0.3;
        let first = fluids + 1;
        let rows = || posterior.chunks_exact(self.classes);
        let mut sums = vec![(0f64, 0f64); self.classes];
        for ((row, signal), shading) in rows().zip(&self.signal).zip(before) {
            for (sum, p) in sums.iter_mut().zip(row) {
                sum.0 += f64::from(p * (signal - shading));
                sum.1 += f64::from(*p);
            }
        }
        let means: Vec<f32> = sums
            .iter()
            .map(|(sum, n)| (sum / n.max(1e-6)) as f32)
            .collect();
        let grid = view.grid();
        let (mut strays, mut weights) = (Volume::filled(grid, 0f32), Volume::filled(grid, 0f32));
        for (at, row) in rows().enumerate() {
            let tissue: f32 = row[first..].iter().sum();
            let expected: f32 = row[first..]
                .iter()
                .zip(&means[first..])
                .map(|(p, m)| p * m)
                .sum();
            let stray = self.signal[at] - expected / tissue.max(1e-6);
            let off = (stray - before[at]) / ROUGH;
            let weight = tissue * (-0.5 * off * off).exp();
            strays.voxels_mut()[self.offsets[at]] = weight * stray;
            weights.voxels_mut()[self.offsets[at]] = weight;
        }
        let smooth = |volume: &Volume<f32>| {
            let coarse = block_mean(volume, [BLOCK; 3]).ok()?;
            let coarse = gaussian_smooth(coarse, SIGMA_MM).ok()?;
            resample(
                &coarse,
                grid,
                &Matrix4::identity(),
                Interpolation::Linear,
                0.0,
            )
            .ok()
        };
        let (Some(strays), Some(weights)) = (smooth(&strays), smooth(&weights)) else {
            return before.to_vec();
        };
        let here = |offset: &usize| strays.voxels()[*offset] / (weights.voxels()[*offset] + 1e-3);
        self.offsets.iter().map(here).collect()
    }
}

/// Bins of a histogram.
const BINS: usize = 64;

/// Width of the Gaussian that smooths a histogram, in bins.
const SMOOTH_BINS: f64 = 2.0;

/// Between which bins each voxel's signal lies.
struct Binned {
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    /// The lower bin, at most the last but one.
    bin: usize,
    /// How far towards the next.
    share: f32,
}

impl Binned {
    /// Bins from the signal that .5 % are below to the one that .5 % are above.
    fn of(signal: &[f32], shading: &[f32]) -> Self {
        let even: Vec<f32> = signal.iter().zip(shading).map(|(s, b)| s - b).collect();
        let mut sorted = even.clone();
        let tail = (sorted.len() - 1) / 200;
        let low = *sorted.select_nth_unstable_by(tail, f32::total_cmp).1;
        let top = sorted.len() - 1 - tail;
        let high = *sorted.select_nth_unstable_by(top, f32::total_cmp).1;
        let scale = (BINS - 1) as f32 / (high - low).max(1e-6);
        let place = |signal: &f32| {
            let at = ((signal - low) * scale).clamp(0.0, (BINS - 1) as f32);
            let bin = (at as usize).min(BINS - 2);
            Place {
                bin,
                share: at - bin as f32,
            }
        };
        Self {
            places: even.iter().map(place).collect(),
        }
    }
}

/// Of each class, how many voxels have which signal.
struct Histograms(Vec<[f64; BINS]>);

impl Histograms {
    fn of(binned: &Binned, posterior: &[f32], classes: usize) -> Self {
        // Sums in a fixed order, whatever the number of threads.
        let parts: Vec<Vec<[f64; BINS]>> = binned
            .places
            .par_chunks(CHUNK)
            .zip(posterior.par_chunks(CHUNK * classes))
            .map(|(places, posterior)| {
                let mut counts = vec![[0f64; BINS]; classes];
                for (place, row) in places.iter().zip(posterior.chunks_exact(classes)) {
                    for (counts, p) in counts.iter_mut().zip(row) {
                        counts[place.bin] += f64::from(p * (1.0 - place.share));
                        counts[place.bin + 1] += f64::from(p * place.share);
                    }
                }
                counts
            })
            .collect();
        let mut counts = vec![[0f64; BINS]; classes];
        for part in parts {
            for (sum, part) in counts.iter_mut().flatten().zip(part.iter().flatten()) {
                *sum += part;
            }
        }
        Self(counts)
    }

    /// Of each bin, the likelihood in every class. Small classes lean on the histogram of all.
    fn likelihoods(&self, fluids: usize) -> Vec<Vec<f32>> {
        /// Voxels that the histogram of all counts for.
        const LEAN: f64 = 50.0;
        const FLOOR: f64 = 1e-4 / BINS as f64;
        let mut all = [0f64; BINS];
        for counts in &self.0 {
            for (sum, count) in all.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let total: f64 = all.iter().sum();
        let mut likelihood = vec![vec![0f32; self.0.len()]; BINS];
        for (class, counts) in self.0.iter().enumerate() {
            let voxels: f64 = counts.iter().sum();
            let smooth = if class <= fluids {
                smoothed(counts)
            } else {
                normal(counts)
            };
            for (bin, row) in likelihood.iter_mut().enumerate() {
                let p = (smooth[bin] + LEAN * all[bin] / total) / (voxels + LEAN);
                row[class] = (p + FLOOR) as f32;
            }
        }
        likelihood
    }
}

/// The normal distribution with the mean and the variance of the counts, smoothed as they would be.
fn normal(counts: &[f64; BINS]) -> [f64; BINS] {
    let voxels = counts.iter().sum::<f64>().max(1e-12);
    let moment = |of: &dyn Fn(f64) -> f64| {
        let bins = counts.iter().enumerate();
        bins.map(|(bin, n)| n * of(bin as f64)).sum::<f64>() / voxels
    };
    let mean = moment(&|bin| bin);
    let variance = moment(&|bin| (bin - mean).powi(2)) + SMOOTH_BINS * SMOOTH_BINS;
    let density: [f64; BINS] =
        std::array::from_fn(|bin| (-0.5 * (bin as f64 - mean).powi(2) / variance).exp());
    let total: f64 = density.iter().sum();
    density.map(|d| voxels * d / total)
}

/// By a Gaussian, the ends continued.
fn smoothed(counts: &[f64; BINS]) -> [f64; BINS] {
    const REACH: isize = 8;
    let weight = |step: isize| (-0.5 * (step as f64 / SMOOTH_BINS).powi(2)).exp();
    let total: f64 = (-REACH..=REACH).map(weight).sum();
    let last = BINS as isize - 1;
    let mut smooth: [f64; BINS] = std::array::from_fn(|bin| {
        let around = (-REACH..=REACH).map(|step| {
            let from = (bin as isize + step).clamp(0, last) as usize;
            weight(step) * counts[from]
        });
        around.sum::<f64>() / total
    });
    // The ends count more than once: as many voxels as before.
    let (before, after) = (counts.iter().sum::<f64>(), smooth.iter().sum::<f64>());
    smooth
        .iter_mut()
        .for_each(|v| *v *= before / after.max(1e-12));
    smooth
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::random::Stream;
    use siderin_image::volume::Grid;

    const SIZE: usize = 40;

    fn grid() -> Grid {
        Grid::axis_aligned([SIZE; 3], [2.0; 3]).unwrap()
    }

    fn distance([i, j, k]: [usize; 3], middle: [f64; 3]) -> f64 {
        let at = [i, j, k].map(|n| n as f64);
        (0..3)
            .map(|a| (at[a] - middle[a]).powi(2))
            .sum::<f64>()
            .sqrt()
    }

    /// A brain of radius 16 voxels with a ventricle of radius 6 that lies 4 mm beside where the prior has it. Classes:
    /// background, fluid, tissue.
    fn head(
        grid: &Grid,
        signal: impl Fn(usize, [usize; 3]) -> f32,
    ) -> (Volume<f32>, Volume<u8>, ClassMaps) {
        let middle = [19.5; 3];
        let truth = Volume::from_fn(grid, |index| match () {
            () if distance(index, [21.5, 19.5, 19.5]) < 6.0 => 1u8,
            () if distance(index, middle) < 16.0 => 2,
            () => 0,
        });
        let view = Volume::from_fn(grid, |index| signal(usize::from(truth.at(index)), index));
        // Borders that are soft over a few voxels.
        let soft = |mm: f64| (1.0 / (1.0 + mm.exp())) as f32;
        let prior = |index: [usize; 3]| {
            let inside = soft((distance(index, middle) - 16.0) / 1.5);
            let fluid = inside * soft((distance(index, middle) - 6.0) / 1.5);
            [1.0 - inside, fluid, inside - fluid]
        };
        let planes = (0..3).map(|class| {
            let plane = Volume::from_fn(grid, |index| prior(index)[class]);
            plane.into_voxels()
        });
        let planes = planes.collect();
        (view, truth, ClassMaps { planes, fluids: 1 })
    }

    fn wrong(maps: &ClassMaps, truth: &Volume<u8>) -> usize {
        let likeliest = |at: usize| {
            let p = |class: &usize| maps.planes[*class][at];
            (0..3).max_by(|a, b| p(a).total_cmp(&p(b)))
        };
        let codes = truth.voxels().iter().enumerate();
        codes
            .filter(|(at, code)| likeliest(*at) != Some(usize::from(**code)))
            .count()
    }

    /// Signals of the classes with noise of 5 %.
    fn noisy(stream: &mut Stream, mean: f32) -> f32 {
        mean * (1.0 + 0.05 * stream.normal() as f32)
    }

    #[test]
    fn borders_follow_the_signal_whichever_is_brighter() {
        for signals in [[0.1, 1.5, 1.0], [0.1, 0.5, 1.0]] {
            let grid = grid();
            let stream = std::cell::RefCell::new(Stream::new(1, "contrast", 0));
            let noise = |class: usize, _| noisy(&mut stream.borrow_mut(), signals[class]);
            let (view, truth, mut maps) = head(&grid, noise);
            let before = wrong(&maps, &truth);
            maps.sharpen(&view);
            let after = wrong(&maps, &truth);
            // The displaced ventricle alone is off by some 450 voxels.
            assert!(before > 400 && after < 10, "{before} {after}");
        }
    }

    #[test]
    fn shading_moves_no_border() {
        let grid = grid();
        let stream = std::cell::RefCell::new(Stream::new(1, "contrast", 0));
        // Tissue from .7 on the left to 1.3 on the right, fluid half as bright again.
        let shaded = |class: usize, [i, ..]: [usize; 3]| {
            let shade = 0.7 + 0.6 * i as f32 / (SIZE - 1) as f32;
            shade * noisy(&mut stream.borrow_mut(), [0.1, 1.5, 1.0][class])
        };
        let (view, truth, mut maps) = head(&grid, shaded);
        maps.sharpen(&view);
        let after = wrong(&maps, &truth);
        assert!(after < 40, "{after}");
    }

    #[test]
    fn without_contrast_the_prior_stays() {
        let grid = grid();
        let stream = std::cell::RefCell::new(Stream::new(1, "contrast", 0));
        let alike = |_, _| noisy(&mut stream.borrow_mut(), 1.0);
        let (view, _, mut maps) = head(&grid, alike);
        let before = maps.clone();
        maps.sharpen(&view);
        // Signals beyond the histogram's ends, 1 in 100, may say anything.
        for (after, before) in maps.planes.iter().zip(&before.planes) {
            let off = after
                .iter()
                .zip(before)
                .filter(|(a, b)| (*a - *b).abs() > 0.1);
            let moved = off.count();
            assert!(moved < after.len() / 100, "{moved}");
        }
        // Nothing but background is left as it is, and so is a view without any signal.
        let mut nothing = before.clone();
        nothing.planes[0].fill(1.0);
        let as_given = nothing.planes.clone();
        nothing.sharpen(&view);
        assert!(nothing.planes == as_given);
        let mut dark = before;
        dark.sharpen(&Volume::filled(&grid, 0.0));
        assert!(dark.planes.iter().flatten().all(|p| p.is_finite()));
    }

    #[test]
    fn a_distribution_has_as_many_voxels_as_its_histogram() {
        let mut counts = [0.0; BINS];
        (counts[0], counts[30]) = (100.0, 50.0);
        let smooth = smoothed(&counts);
        assert!((smooth.iter().sum::<f64>() - 150.0).abs() < 1e-9);
        let even = normal(&counts);
        assert!((even.iter().sum::<f64>() - 150.0).abs() < 1e-9);
        // Mean 10, variance 100 · 10² / 150 + 50 · 20² / 150 + 2² = 204.
        assert!((even[20] / even[10] - (-0.5f64 * 100.0 / 204.0).exp()).abs() < 1e-9);
        // Two bins from a peak a Gaussian of two bins has e^-½ of it.
        assert!((smooth[32] / smooth[30] - (-0.5f64).exp()).abs() < 1e-9);
    }
}
