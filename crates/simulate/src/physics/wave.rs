//! Lengths and frequencies of Fourier transforms.

/// The next length without a prime factor above 7, for which transforms are fast.
pub(crate) fn fast_length(at_least: usize) -> usize {
    (at_least.max(1)..)
        .find(|&n| {
            [2, 3, 5, 7].iter().fold(n, |mut rest, &prime| {
                while rest % prime == 0 {
                    rest /= prime;
                }
                rest
            }) == 1
        })
        .unwrap_or(at_least)
}

/// Spatial frequencies in cycles per mm, in the order of a transform of `length` samples.
pub(crate) fn frequencies(length: usize, spacing_mm: f64) -> Vec<f64> {
    (0..length)
        .map(|i| {
            let cycles = if 2 * i < length || length == 1 {
                i as f64
            } else {
                i as f64 - length as f64
            };
            cycles / (length as f64 * spacing_mm)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_frequencies() {
        // 11 and 13 are prime, 12 = 2·2·3; 2·241 = 482 → 486 = 2·3⁵.
        assert_eq!(fast_length(11), 12);
        assert_eq!(fast_length(482), 486);
        assert_eq!(frequencies(4, 0.5), [0.0, 0.5, -1.0, -0.5]);
        assert_eq!(frequencies(1, 1.0), [0.0]);
    }
}
