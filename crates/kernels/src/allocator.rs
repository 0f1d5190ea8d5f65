//! What becomes of memory that is given back.

/// Keeps memory that tensors give back for the next ones, in this process and from now on.
///
/// A network takes and frees hundreds of blocks of many MiB in every step. The C library of Linux
/// hands each back to the system, which clears its pages before it gives them out again. With this the
/// process keeps as much memory as it ever needed at once. Elsewhere than on Linux with glibc nothing
/// changes.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (parameter, value) in [
        // The heaps of threads hold blocks up to 64 MiB; only the main one holds larger ones.
        (libc::M_ARENA_MAX, 1),
        // Blocks that are got from the system one by one, and given back to it.
        (libc::M_MMAP_MAX, 0),
        // Free bytes at the heap's end from which they are given back: never.
        (libc::M_TRIM_THRESHOLD, -1),
    ] {
        // SAFETY: `mallopt` takes two numbers and touches nothing of ours; a library that does not
        // know a parameter says so and changes nothing.
        unsafe { libc::mallopt(parameter, value) };
    }
}
