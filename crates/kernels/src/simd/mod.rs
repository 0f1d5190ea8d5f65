//! What a processor computes with: a few operations on a vector of floats, in four instruction
//! sets, chosen while running.
//!
//! A kernel is written once, over [`Simd`]. [`InstructionSet::run`] is the one place where it is compiled
//! for an instruction set and where it is made sure that the processor has that set.

mod peak;
mod portable;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

/// A vector of `LANES` floats and what kernels do with it.
///
/// # Safety
/// Every operation may only run on a processor with the instruction set of the implementor, which
/// [`InstructionSet::run`] sees to. Pointers need no alignment beyond that of `f32`.
pub(crate) trait Simd: Copy + 'static {
    /// `LANES` floats.
    type V: Copy;
    /// Floats in a vector.
    const LANES: usize;
    /// Vectors that the processor holds at a time.
    const REGISTERS: usize;

    /// # Safety
    /// See [`Simd`].
    unsafe fn splat(value: f32) -> Self::V;
    /// # Safety
    /// See [`Simd`]; `LANES` floats can be read at `from`.
    unsafe fn load(from: *const f32) -> Self::V;
    /// # Safety
    /// See [`Simd`]; `LANES` floats can be written at `to`.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// `a b + c`, rounded once where the processor can.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// # Safety
    /// See [`Simd`].
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of each two; `b` where either is not a number.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each two; `b` where either is not a number.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// # Safety
    /// See [`Simd`].
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// # Safety
    /// See [`Simd`].
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `yes` where `v` is above zero, `no` elsewhere.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn positive(v: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// The nearest whole number, and 2 to its power; `v` between -126 and 127.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn power_of_two(v: Self::V) -> [Self::V; 2];
    /// The sum of all lanes.
    ///
    /// # Safety
    /// See [`Simd`].
    unsafe fn sum(v: Self::V) -> f32;
}

/// Work that can be compiled for any instruction set.
pub(crate) trait Kernel {
    /// What it leaves.
    type Output;
    /// Does the work. Implementors are `#[inline(always)]`, so that the code lands in the function
    /// that [`InstructionSet::run`] compiled for the instruction set.
    ///
    /// # Safety
    /// The processor has the instruction set of `S`.
    unsafe fn run<S: Simd>(self) -> Self::Output;
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstructionSet {
    /// What every processor has; vectors of 8 that the compiler translates as well as it can.
    Portable,
    /// x86-64 with AVX2 and FMA: vectors of 8, 16 registers.
    Avx2,
    /// x86-64 with AVX-512F: vectors of 16, 32 registers.
    Avx512,
    /// 64-bit ARM: vectors of 4, 32 registers.
    Neon,
    /// The layout of AVX-512 without its instructions, to test the one without a machine that has
    /// the others.
    #[cfg(test)]
    PortableWide,
}

impl InstructionSet {
    /// Every level this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let all = [
            Self::Avx512,
            Self::Avx2,
            Self::Neon,
            Self::Portable,
            #[cfg(test)]
            Self::PortableWide,
        ];
        all.into_iter()
            .filter(|level| level.is_available())
            .collect()
    }

    /// The fastest level of this processor.
    pub fn detected() -> Self {
        [Self::Avx512, Self::Avx2, Self::Neon]
            .into_iter()
            .find(|level| level.is_available())
            .unwrap_or(Self::Portable)
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(test)]
            Self::PortableWide => true,
            // Miri interprets; it has no instruction sets.
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Self::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(all(target_arch = "aarch64", not(miri)))]
            Self::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// Floats in one of its vectors.
    pub fn lanes(self) -> usize {
        struct Lanes;
        impl Kernel for Lanes {
            type Output = usize;
            #[inline(always)]
            unsafe fn run<S: Simd>(self) -> usize {
                S::LANES
            }
        }
        self.run(Lanes)
    }

    /// Runs a kernel compiled for this level; for [`InstructionSet::Portable`] where the processor lacks it.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the guard has just asked the processor.
            Self::Avx2 if self.is_available() => unsafe { avx2::run(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the guard has just asked the processor.
            Self::Avx512 if self.is_available() => unsafe { avx512::run(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: NEON is part of the 64-bit ARM baseline.
            Self::Neon => unsafe { kernel.run::<neon::Neon>() },
            #[cfg(test)]
            // SAFETY: plain Rust.
            Self::PortableWide => unsafe { kernel.run::<portable::Portable<16, 32>>() },
            // SAFETY: plain Rust.
            _ => unsafe { kernel.run::<portable::Portable<8, 16>>() },
        }
    }
}
