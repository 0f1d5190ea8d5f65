//! Parts and data that are not in the repository.

use std::path::PathBuf;
use std::process::Command;

/// A part that is not there: said and skipped on a user's machine, a failure in CI.
pub fn missing<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "CI needs {what}");
    eprintln!("skipped: {what} is not here");
    None
}

/// A file or folder of the reference data beside the repository. Where `SIDERIN_WITHOUT_SHARED=1` declares it
/// absent, as on public runners, its tests are skipped in CI, too.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(path);
    if root.exists() {
        Some(root)
    } else if std::env::var_os("SIDERIN_WITHOUT_SHARED").is_some_and(|set| set == "1") {
        eprintln!("skipped: the reference data ../shared/{path} is declared absent");
        None
    } else {
        missing(&format!("the reference data ../shared/{path}"))
    }
}

/// A script of `oracle/`.
#[must_use]
pub fn oracle(script: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("oracle")
        .join(script)
}

/// Runs a Python script of `oracle/` with its arguments; its standard output. `None` without its packages.
pub fn python(script: &str, arguments: &[&std::ffi::OsStr]) -> Option<String> {
    let probe = Command::new("python3")
        .args(["-c", "import SimpleITK, scipy, numpy, sklearn"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return missing("python3 with SimpleITK, scipy, scikit-learn and numpy");
    }
    let output = Command::new("python3")
        .arg(oracle(script))
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
