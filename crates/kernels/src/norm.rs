//! Normalisation with an activation behind it: two passes over the values forward (statistics, then
//! everything else), two backward.

use crate::activation::{Activation, Each, Forward, Line, map, padded};
use crate::parallel::Shared;
use crate::simd::{InstructionSet, Kernel, Simd};
use crate::size::{SizeError, check_length, product};
use rayon::prelude::*;

/// Which values share a mean and a variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A channel of all samples: batch normalisation (Ioffe 2015, arXiv 1502.03167).
    Batch,
    /// So many groups of channels of one sample: group normalisation (Wu 2018, arXiv 1803.08494),
    /// with as many groups as channels instance normalisation (Ulyanov 2016, arXiv 1607.08022).
    Groups(usize),
}

/// `y = activation((x - mean) / √(variance + ε) · γ + β)` of `[batch, channels, voxels]`, with `γ`
/// and `β` by channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norm {
    /// Samples.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Values of a channel of a sample.
    pub voxels: usize,
    /// What shares its statistics.
    pub over: Over,
    /// Added to the variance.
    pub epsilon: f32,
    /// What comes last.
    pub activation: Activation,
}

/// Mean and variance (with `n` in the denominator) of values that share them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// Mean; in double precision because in single a large one is off by more than the values differ.
    pub mean: f64,
    /// Variance.
    pub variance: f32,
}

impl Moments {
    /// The mean in single precision and what that leaves of it.
    fn split_mean(&self) -> (f32, f64) {
        let about = self.mean as f32;
        (about, self.mean - f64::from(about))
    }
}

/// Gradients that [`Norm::backward`] fills, each as long as what it belongs to.
#[derive(Debug)]
pub struct NormGradients<'a> {
    /// To the input.
    pub x: &'a mut [f32],
    /// To the factor of each channel.
    pub gamma: &'a mut [f32],
    /// To the addend of each channel.
    pub beta: &'a mut [f32],
}

impl Norm {
    /// Sets of values that share statistics: the length of what [`Norm::statistics`] gives.
    pub fn sets(&self) -> usize {
        match self.over {
            Over::Batch => self.channels,
            Over::Groups(groups) => self.batch * groups,
        }
    }

    /// The set of plane `plane`, which is a channel of a sample.
    fn set(&self, plane: usize) -> usize {
        let (sample, channel) = (plane / self.channels, plane % self.channels);
        match self.over {
            Over::Batch => channel,
            Over::Groups(groups) => sample * groups + channel / (self.channels / groups),
        }
    }

    /// Values of a set.
    fn set_length(&self) -> f64 {
        let values = self.batch * self.channels * self.voxels;
        values as f64 / self.sets().max(1) as f64
    }

    fn check(&self, x: &[f32]) -> Result<(), SizeError> {
        if let Over::Groups(groups) = self.over
            && (groups == 0 || !self.channels.is_multiple_of(groups))
        {
            return Err(SizeError::Impossible(format!("{self:?}")));
        }
        let length = product(&[self.batch, self.channels, self.voxels])?;
        check_length("the input of a normalisation", x, length)
    }

    /// The statistics of every set: by channel, or by sample and group.
    ///
    /// # Errors
    /// When the length of `x` is not that of the sizes, or channels no multiple of the groups.
    pub fn statistics(&self, level: InstructionSet, x: &[f32]) -> Result<Vec<Moments>, SizeError> {
        self.check(x)?;
        let mut sums = vec![[0.0f64; 2]; self.sets()];
        if x.is_empty() {
            return Ok(vec![Moments::default(); self.sets()]);
        }
        // Sums of squares about what lies near the mean, so that a large one costs no digits.
        let mut about = vec![None; self.sets()];
        let planes: Vec<&[f32]> = x.chunks_exact(self.voxels).collect();
        for (plane, x) in planes.iter().enumerate() {
            about[self.set(plane)].get_or_insert_with(|| middle(x));
        }
        let about: Vec<f32> = about.into_iter().map(Option::unwrap_or_default).collect();
        let of_planes: Vec<[f64; 2]> = planes
            .par_iter()
            .enumerate()
            .map(|(plane, x)| {
                level.run(Sums {
                    x,
                    about: about[self.set(plane)],
                })
            })
            .collect();
        for (plane, of_plane) in of_planes.iter().enumerate() {
            let sum = &mut sums[self.set(plane)];
            sum[0] += of_plane[0];
            sum[1] += of_plane[1];
        }
        let count = self.set_length();
        let moments = sums.iter().zip(about).map(|([sum, squares], about)| {
            let mean = sum / count;
            Moments {
                mean: f64::from(about) + mean,
                // `max` would turn what is not a number into zero.
                variance: match squares / count - mean * mean {
                    v if v < 0.0 => 0.0,
                    v => v as f32,
                },
            }
        });
        Ok(moments.collect())
    }

    /// One over the standard deviation of a set.
    fn inverse(&self, moments: &Moments) -> f32 {
        1.0 / (moments.variance + self.epsilon).sqrt()
    }

    /// Factor and addend that normalise a plane.
    fn line(&self, plane: usize, moments: &[Moments], [gamma, beta]: [&[f32]; 2]) -> Line {
        let moments = &moments[self.set(plane)];
        let channel = plane % self.channels;
        let factor = gamma[channel] * self.inverse(moments);
        let (about, rest) = moments.split_mean();
        Line {
            about,
            factor,
            addend: (f64::from(beta[channel]) - f64::from(factor) * rest) as f32,
            activation: self.activation,
        }
    }

    fn check_parameters(
        &self,
        moments: &[Moments],
        [gamma, beta]: [&[f32]; 2],
    ) -> Result<(), SizeError> {
        check_length("the factors of a normalisation", gamma, self.channels)?;
        check_length("the addends of a normalisation", beta, self.channels)?;
        if moments.len() == self.sets() {
            return Ok(());
        }
        Err(SizeError::Length {
            what: "the statistics of a normalisation",
            found: moments.len(),
            expected: self.sets(),
        })
    }

    /// `y` from statistics, which may be those of `x` or of a training set; `affine` are `γ`
    /// and `β`.
    ///
    /// # Errors
    /// When a length is not that of the sizes, or channels are no multiple of the groups.
    pub fn forward(
        &self,
        level: InstructionSet,
        x: &[f32],
        moments: &[Moments],
        affine: [&[f32]; 2],
        y: &mut [f32],
    ) -> Result<(), SizeError> {
        self.check(x)?;
        self.check_parameters(moments, affine)?;
        check_length("the output of a normalisation", y, x.len())?;
        let voxels = self.voxels.max(1);
        y.par_chunks_exact_mut(voxels)
            .zip(x.par_chunks_exact(voxels))
            .enumerate()
            .for_each(|(plane, (y, x))| {
                level.run(Forward {
                    line: self.line(plane, moments, affine),
                    x,
                    y,
                });
            });
        Ok(())
    }

    /// All gradients from that to the output, `dy`, where `moments` are the statistics of `x`.
    ///
    /// With `x̂` the normalised value and `g` the gradient behind the activation,
    /// `dβ = Σ g`, `dγ = Σ g x̂`, and
    /// `dx = γ g / σ - (mean(γ g) + x̂ mean(γ g x̂)) / σ` with means over the set.
    ///
    /// # Errors
    /// When a length is not that of the sizes, or channels are no multiple of the groups.
    pub fn backward(
        &self,
        level: InstructionSet,
        x: &[f32],
        dy: &[f32],
        moments: &[Moments],
        affine: [&[f32]; 2],
        gradients: NormGradients,
    ) -> Result<(), SizeError> {
        self.check(x)?;
        self.check_parameters(moments, affine)?;
        check_length("the gradient to the output", dy, x.len())?;
        check_length("the gradient to the input", gradients.x, x.len())?;
        check_length(
            "the gradient to the factors",
            gradients.gamma,
            self.channels,
        )?;
        check_length("the gradient to the addends", gradients.beta, self.channels)?;
        gradients.gamma.fill(0.0);
        gradients.beta.fill(0.0);
        if x.is_empty() {
            return Ok(());
        }
        let voxels = self.voxels;
        let planes = self.batch * self.channels;
        let of_plane = |plane: usize| plane * voxels..(plane + 1) * voxels;
        // Σ g and Σ g x̂ of each plane.
        let sums: Vec<[f64; 2]> = (0..planes)
            .into_par_iter()
            .map(|plane| {
                let set = &moments[self.set(plane)];
                let [sum, about] = level.run(GradientSums {
                    line: self.line(plane, moments, affine),
                    x: &x[of_plane(plane)],
                    dy: &dy[of_plane(plane)],
                });
                let about_mean = about - set.split_mean().1 * sum;
                [sum, about_mean * f64::from(self.inverse(set))]
            })
            .collect();
        let mut of_sets = vec![[0.0f64; 2]; self.sets()];
        let mut of_channels = vec![[0.0f64; 2]; self.channels];
        for (plane, sums) in sums.iter().enumerate() {
            let gamma = f64::from(affine[0][plane % self.channels]);
            for which in 0..2 {
                of_sets[self.set(plane)][which] += gamma * sums[which];
                of_channels[plane % self.channels][which] += sums[which];
            }
        }
        for (channel, [beta, gamma]) in of_channels.iter().enumerate() {
            gradients.beta[channel] = *beta as f32;
            gradients.gamma[channel] = *gamma as f32;
        }
        let count = self.set_length();
        let dx = Shared::new(gradients.x);
        (0..planes).into_par_iter().for_each(|plane| {
            let set = self.set(plane);
            let inverse = f64::from(self.inverse(&moments[set]));
            let [mean, slope] = of_sets[set].map(|sum| sum / count);
            let of_x = -inverse * inverse * slope;
            level.run(GradientLine {
                of: OfGradient {
                    line: self.line(plane, moments, affine),
                    factor: (f64::from(affine[0][plane % self.channels]) * inverse) as f32,
                    of_x: of_x as f32,
                    addend: (-inverse * mean - of_x * moments[set].split_mean().1) as f32,
                },
                x: &x[of_plane(plane)],
                dy: &dy[of_plane(plane)],
                // SAFETY: planes are disjoint, and the slice is borrowed till the end.
                dx: unsafe { dx.slice(plane * voxels, voxels) },
            });
        });
        Ok(())
    }
}

/// The sum of each channel of `[batch, channels, voxels]`: the gradient to a bias.
///
/// # Errors
/// When a length is not that of the sizes.
pub fn channel_sums(
    level: InstructionSet,
    [batch, channels, voxels]: [usize; 3],
    x: &[f32],
    sums: &mut [f32],
) -> Result<(), SizeError> {
    let length = product(&[batch, channels, voxels])?;
    check_length("the values to be summed", x, length)?;
    check_length("the sums of channels", sums, channels)?;
    sums.par_iter_mut().enumerate().for_each(|(channel, sum)| {
        let planes = (0..batch).map(|sample| (sample * channels + channel) * voxels);
        let of_planes = planes.map(|from| {
            let x = &x[from..from + voxels];
            level.run(Sums { x, about: 0.0 })[0]
        });
        *sum = of_planes.sum::<f64>() as f32;
    });
    Ok(())
}

/// The median of a few values from all over a plane: a mean that one outlier cannot move.
fn middle(x: &[f32]) -> f32 {
    let step = x.len().div_ceil(15).max(1);
    let mut few: Vec<f32> = x.iter().step_by(step).copied().collect();
    few.sort_unstable_by(f32::total_cmp);
    few.get(few.len() / 2).copied().unwrap_or_default()
}

/// Values whose sum is kept in single precision before it is added to one in double precision.
const RUN: usize = 4096;

/// Two numbers of each place that are summed.
trait Summand<const N: usize>: Copy {
    /// # Safety
    /// The processor has the instruction set of `S`.
    unsafe fn of<S: Simd>(self, v: [S::V; N]) -> [S::V; 2];
}

/// Two sums over slices of one length.
///
/// # Safety
/// The processor has the instruction set of `S`, and all slices are as long as the first.
#[inline(always)]
unsafe fn sums<S: Simd, const N: usize>(x: [&[f32]; N], summand: impl Summand<N>) -> [f64; 2] {
    let length = x[0].len();
    let mut total = [0.0f64; 2];
    let mut from = 0;
    // SAFETY: whole vectors end at or before the end of a run, and runs at or before the end of
    // every slice.
    unsafe {
        let mut v = [S::splat(0.0); N];
        while from < length {
            let end = (from + RUN).min(length);
            // Two vectors at a time, because an addition waits for the one before.
            let mut sum = [[S::splat(0.0); 2]; 2];
            let mut at = from;
            while at + 2 * S::LANES <= end {
                for sum in &mut sum {
                    for (v, x) in v.iter_mut().zip(x) {
                        *v = S::load(x.as_ptr().add(at));
                    }
                    let two = summand.of::<S>(v);
                    *sum = [S::add(sum[0], two[0]), S::add(sum[1], two[1])];
                    at += S::LANES;
                }
            }
            for which in 0..2 {
                total[which] += f64::from(S::sum(S::add(sum[0][which], sum[1][which])));
            }
            // What is left, a value at a time so that no zero is counted as a value.
            for at in at..end {
                for (v, x) in v.iter_mut().zip(x) {
                    *v = S::load(padded(&x[at..=at]).as_ptr());
                }
                let two = summand.of::<S>(v);
                for which in 0..2 {
                    let mut first = [0.0f32; 16];
                    S::store(first.as_mut_ptr(), two[which]);
                    total[which] += f64::from(first[0]);
                }
            }
            from = end;
        }
    }
    total
}

/// `x - about` and its square.
#[derive(Clone, Copy)]
struct About(f32);

impl Summand<1> for About {
    #[inline(always)]
    unsafe fn of<S: Simd>(self, [x]: [S::V; 1]) -> [S::V; 2] {
        // SAFETY: as the caller vouches.
        unsafe {
            let x = S::add(x, S::splat(-self.0));
            [x, S::mul(x, x)]
        }
    }
}

/// The sums of `x - about` and of its square.
struct Sums<'a> {
    x: &'a [f32],
    about: f32,
}

impl Kernel for Sums<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> [f64; 2] {
        // SAFETY: the instruction set is there.
        unsafe { sums::<S, 1>([self.x], About(self.about)) }
    }
}

/// The gradient `g` behind the activation, from `x` and the gradient to the output.
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
unsafe fn behind<S: Simd>(line: Line, x: S::V, dy: S::V) -> S::V {
    // SAFETY: as the caller vouches.
    unsafe { S::mul(line.activation.derivative::<S>(line.before::<S>(x)), dy) }
}

/// `g` and `g (x - about)`.
impl Summand<2> for Line {
    #[inline(always)]
    unsafe fn of<S: Simd>(self, [x, dy]: [S::V; 2]) -> [S::V; 2] {
        // SAFETY: as the caller vouches.
        unsafe {
            let g = behind::<S>(self, x, dy);
            [g, S::mul(g, S::add(x, S::splat(-self.about)))]
        }
    }
}

/// The sums of `g` and of `g (x - about)`.
struct GradientSums<'a> {
    line: Line,
    x: &'a [f32],
    dy: &'a [f32],
}

impl Kernel for GradientSums<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> [f64; 2] {
        // SAFETY: the instruction set is there, and both slices have one length.
        unsafe { sums::<S, 2>([self.x, self.dy], self.line) }
    }
}

/// `factor g + of_x (x - about) + addend`.
#[derive(Clone, Copy)]
struct OfGradient {
    line: Line,
    factor: f32,
    of_x: f32,
    addend: f32,
}

impl Each<2> for OfGradient {
    #[inline(always)]
    unsafe fn of<S: Simd>(self, [x, dy]: [S::V; 2]) -> S::V {
        // SAFETY: as the caller vouches.
        unsafe {
            let g = behind::<S>(self.line, x, dy);
            let x = S::add(x, S::splat(-self.line.about));
            let rest = S::mul_add(S::splat(self.of_x), x, S::splat(self.addend));
            S::mul_add(g, S::splat(self.factor), rest)
        }
    }
}

/// Writes [`OfGradient`] to `dx`.
struct GradientLine<'a> {
    of: OfGradient,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for GradientLine<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        // SAFETY: the instruction set is there, and all slices have one length.
        unsafe { map::<S, 2>([self.x, self.dy], self.dx, self.of) }
    }
}
