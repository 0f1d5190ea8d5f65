//! Sharpening of a histogram by Wiener deconvolution with a Gaussian
//! (Sled 1998, doi 10.1109/42.668698, section II.C, as ITK's N4 does it).

use realfft::{RealFftPlanner, num_complex::Complex};

/// Maps log intensities to what they would be without the field's blur.
pub(super) struct Sharpener {
    bins: usize,
    fwhm: f64,
    wiener_noise: f64,
}

impl Sharpener {
    pub(super) fn new(bins: usize, fwhm: f64, wiener_noise: f64) -> Self {
        Self {
            bins,
            fwhm,
            wiener_noise,
        }
    }

    /// The expected true log intensity of each voxel in the mask; others stay 0.
    pub(super) fn sharpen(&self, values: &[f64], inside: &[bool]) -> Vec<f64> {
        let masked = || {
            values
                .iter()
                .zip(inside)
                .filter(|(_, m)| **m)
                .map(|(&v, _)| v)
        };
        let (low, high) = masked().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        let width = (high - low) / (self.bins - 1) as f64;
        if width <= 0.0 || !width.is_finite() {
            return values.to_vec();
        }
        let place = |value: f64| {
            let at = (value - low) / width;
            let bin = (at as usize).min(self.bins - 1);
            (bin, at - bin as f64)
        };
        let mut histogram = vec![0.0; self.bins];
        for value in masked() {
            let (bin, share) = place(value);
            histogram[bin] += 1.0 - share;
            if bin + 1 < self.bins {
                histogram[bin + 1] += share;
            }
        }
        let expected = self.expected(&histogram, low, width);
        values
            .iter()
            .zip(inside)
            .map(|(&value, &m)| {
                if !m {
                    return 0.0;
                }
                let (bin, share) = place(value);
                let next = expected[(bin + 1).min(self.bins - 1)];
                expected[bin] + (next - expected[bin]) * share
            })
            .collect()
    }

    /// For each bin the expectation of the true value given the observed one.
    fn expected(&self, histogram: &[f64], low: f64, width: f64) -> Vec<f64> {
        let size = 2 * self.bins.next_power_of_two();
        let offset = (size - self.bins) / 2;
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(size),
            planner.plan_fft_inverse(size),
        );
        let transform = |signal: &[f64]| {
            let mut input = signal.to_vec();
            let mut spectrum = forward.make_output_vec();
            forward
                .process(&mut input, &mut spectrum)
                .expect("planned for this size");
            spectrum
        };
        let back = |mut spectrum: Vec<Complex<f64>>| {
            let mut signal = inverse.make_output_vec();
            // A real signal's first and last spectral values are real.
            spectrum[0].im = 0.0;
            spectrum[size / 2].im = 0.0;
            inverse
                .process(&mut spectrum, &mut signal)
                .expect("planned for this size");
            signal.iter_mut().for_each(|v| *v /= size as f64);
            signal
        };

        let mut padded = vec![0.0; size];
        padded[offset..offset + self.bins].copy_from_slice(histogram);
        let blur = transform(&self.gaussian(size, width));
        let observed = transform(&padded);
        let restored: Vec<Complex<f64>> = observed
            .iter()
            .zip(&blur)
            .map(|(v, f)| v * (f.conj() / (f.norm_sqr() + self.wiener_noise)).re)
            .collect();
        let true_histogram: Vec<f64> = back(restored).into_iter().map(|u| u.max(0.0)).collect();
        let value_of = |bin: usize| low + (bin as f64 - offset as f64) * width;
        let weighted: Vec<f64> = true_histogram
            .iter()
            .enumerate()
            .map(|(bin, u)| u * value_of(bin))
            .collect();
        let blurred = |signal: &[f64]| {
            back(
                transform(signal)
                    .iter()
                    .zip(&blur)
                    .map(|(v, f)| v * f)
                    .collect(),
            )
        };
        let (numerator, denominator) = (blurred(&weighted), blurred(&true_histogram));
        (offset..offset + self.bins)
            .map(|bin| {
                if denominator[bin].abs() > 1e-12 {
                    numerator[bin] / denominator[bin]
                } else {
                    value_of(bin)
                }
            })
            .collect()
    }

    /// A Gaussian of the blur's width in bins, centred on the first sample, of unit sum.
    fn gaussian(&self, size: usize, width: f64) -> Vec<f64> {
        let fwhm_bins = self.fwhm / width;
        let exponent = 4.0 * std::f64::consts::LN_2 / (fwhm_bins * fwhm_bins);
        let scale = 2.0 * (std::f64::consts::LN_2 / std::f64::consts::PI).sqrt() / fwhm_bins;
        (0..size)
            .map(|n| {
                let distance = n.min(size - n) as f64;
                scale * (-distance * distance * exponent).exp()
            })
            .collect()
    }
}
