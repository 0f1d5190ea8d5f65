//! How fast the processor is when nothing holds it up.

use super::{InstructionSet, Kernel, Simd};
use std::hint::black_box;
use std::time::Instant;

/// Multiply-adds that do not wait for each other: more than any processor has under way.
const CHAINS: usize = 12;
const ROUNDS: usize = 1 << 20;

struct MultiplyAdds;

impl Kernel for MultiplyAdds {
    type Output = f32;

    #[inline(always)]
    unsafe fn run<S: Simd>(self) -> f32 {
        // SAFETY: registers only; the instruction set is there.
        unsafe {
            let factor = S::splat(black_box(0.999));
            let mut sums: [S::V; CHAINS] = std::array::from_fn(|_| S::splat(black_box(1.0)));
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = S::mul_add(*sum, factor, factor);
                }
            }
            let mut sum = S::splat(0.0);
            for chain in sums {
                sum = S::add(sum, chain);
            }
            S::sum(sum)
        }
    }
}

impl InstructionSet {
    /// Floating-point operations a second that all threads of the current pool reach together with
    /// nothing but multiply-adds in registers, measured for some milliseconds. A multiply-add is
    /// two operations.
    pub fn peak_flops(self) -> f64 {
        let threads = rayon::current_num_threads();
        let start = Instant::now();
        rayon::broadcast(|_| black_box(self.run(MultiplyAdds)));
        let operations = 2 * CHAINS * ROUNDS * self.lanes() * threads;
        operations as f64 / start.elapsed().as_secs_f64()
    }
}
