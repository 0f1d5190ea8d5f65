//! Random numbers that are the same on every machine and any number of threads.
//!
//! Each purpose and each row or slice draws from a stream of its own, so nothing depends on
//! the order in which threads come along.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers.
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream for a purpose, and for one item of it.
    pub fn new(seed: u64, purpose: &str, item: u64) -> Self {
        // FNV-1a over the purpose, then SplitMix64 (in seed_from_u64) spreads the sum.
        let named = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let state = seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(17)
            .wrapping_add(named)
            .wrapping_add(item.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Self(Xoshiro256PlusPlus::seed_from_u64(state))
    }

    /// Uniform from `low` to `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A whole number from 0 to `below - 1`; 0 where there is none.
    pub fn index(&mut self, below: usize) -> usize {
        if below < 2 {
            0
        } else {
            self.0.random_range(0..below)
        }
    }

    /// A whole number from `low` to `high`, both included.
    pub fn integer(&mut self, low: usize, high: usize) -> usize {
        low + self.index(high.saturating_sub(low) + 1)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Normal with this median and spread of the logarithm, kept within limits.
    pub fn log_normal(&mut self, median: f64, sigma: f64, limits: [f64; 2]) -> f64 {
        (median * (sigma * self.normal()).exp()).clamp(limits[0], limits[1])
    }

    /// A direction, evenly spread over the sphere.
    pub fn direction(&mut self) -> nalgebra::Vector3<f64> {
        loop {
            let v = nalgebra::Vector3::from_fn(|_, _| self.normal());
            if v.norm() > 1e-6 {
                return v.normalize();
            }
        }
    }

    /// A seed for a part that draws for itself. Below 2⁵³, so that JSON readers keep it.
    pub fn seed(&mut self) -> u64 {
        self.0.next_u64() >> 11
    }
}
