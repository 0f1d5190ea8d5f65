//! What integration tests share: outside parts, reference data, DICOM slices made to order.
#![allow(dead_code, unused_imports)] // Each test binary uses some of it.
#![allow(unreachable_pub, clippy::print_stderr)] // Test output is where skips are said.

pub mod parts;
pub mod slices;

pub use parts::{missing, shared};

use std::path::PathBuf;
use std::process::Command;

/// Runs a Python script beside the tests with its arguments; its standard output.
pub fn python(script: &str, arguments: &[&std::ffi::OsStr]) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/oracle")
        .join(script);
    let probe = Command::new("python3")
        .args(["-c", "import SimpleITK, scipy, numpy, sklearn"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return missing("python3 with SimpleITK, scipy, scikit-learn and numpy");
    }
    let output = Command::new("python3")
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A program on the search path.
pub fn program(name: &str) -> Option<Command> {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {name}")])
        .output()
        .unwrap();
    if found.status.success() {
        Some(Command::new(name))
    } else {
        missing(name)
    }
}
