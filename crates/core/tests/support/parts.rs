//! Parts and data that are not in the repository. Tests of the commands share it.

use std::path::PathBuf;

/// A part that is not there: said and skipped on a user's machine, a failure in CI.
pub fn missing<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "CI needs {what}");
    eprintln!("skipped: {what} is not here");
    None
}

/// A file or folder of the reference data beside the repository.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(path);
    if root.exists() {
        Some(root)
    } else {
        missing(&format!("the reference data ../shared/{path}"))
    }
}
