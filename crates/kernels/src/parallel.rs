//! What tasks that run side by side share, and what each thread keeps for itself.

use std::cell::RefCell;

/// A slice that several tasks write to at once, each in places of its own.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    start: *mut f32,
    length: usize,
}

// SAFETY: a pointer to floats that outlive the tasks (a `Shared` is only made from a slice that its
// maker keeps borrowed until the tasks are done); writing through it is unsafe, and whoever does
// vouches that no two tasks write or read the same place.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
        }
    }

    /// # Panics
    /// When the range does not lie in the slice.
    ///
    /// # Safety
    /// The slice is still borrowed, and nobody else touches the range while the result lives.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn slice(&self, from: usize, length: usize) -> &mut [f32] {
        assert!(from <= self.length && length <= self.length - from);
        // SAFETY: the range lies in the slice; the rest is as the caller vouches.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), length) }
    }
}

/// Room that a thread keeps between tasks, so that no task waits for fresh memory.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Inputs, packed.
    pub(crate) slab: Vec<f32>,
    /// Sums or other inputs, packed.
    pub(crate) sums: Vec<f32>,
}

/// The most that a thread keeps: 16 MiB a buffer.
const KEPT: usize = 1 << 22;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Runs `work` with this thread's scratch, whose contents are whatever the last task left.
///
/// Work inside must not start parallel work: a thread that waits for it could be handed another
/// task that wants the same scratch.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        if cfg!(any(test, miri)) {
            // So that a checker sees what reads or writes beyond the room of its own task.
            *scratch = Scratch::default();
        }
        let result = work(scratch);
        for buffer in [&mut scratch.slab, &mut scratch.sums] {
            if buffer.len() > KEPT {
                *buffer = Vec::new();
            }
        }
        result
    })
}

/// Makes `buffer` at least `length` long; new room is zero, old contents stay.
pub(crate) fn grow(buffer: &mut Vec<f32>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
}
