//! What tests of the commands share.

pub(crate) use siderin_testing::{missing, shared};

use assert_cmd::Command;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(crate) fn siderin() -> Command {
    Command::cargo_bin("siderin").unwrap()
}

/// A folder that several tests need and that takes long to make: made once by this build of the program, whichever
/// process comes first, and kept in the build's folder.
pub(crate) fn made_once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let program = fs::metadata(assert_cmd::cargo::cargo_bin("siderin")).unwrap();
    let built = program.modified().unwrap().duration_since(UNIX_EPOCH);
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&all).unwrap();
    let lock = File::create(all.join("lock")).unwrap();
    lock.lock().unwrap();
    let folder = all.join(built.unwrap().as_nanos().to_string());
    if !folder.is_dir() {
        for old in fs::read_dir(&all).unwrap().map(|entry| entry.unwrap()) {
            if old.path().is_dir() {
                fs::remove_dir_all(old.path()).unwrap();
            }
        }
        let partial = all.join("partial");
        fs::create_dir(&partial).unwrap();
        make(&partial);
        fs::rename(&partial, &folder).unwrap();
    }
    folder
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A model of a preset with random weights and with some sizes changed.
pub(crate) fn write_model(folder: &Path, architecture: &str, sizes: &Value) -> PathBuf {
    let path = folder.join(format!("{architecture}.siderin"));
    let new = |card: Option<&Path>| {
        let mut command = siderin();
        command.args(["model", "new", "--force", "--architecture", architecture]);
        if let Some(card) = card {
            command.arg("--card").arg(card);
        }
        command.arg("--out").arg(&path).assert().success();
    };
    new(None);
    let shown = siderin().arg("inspect").arg(&path).arg("--json").output();
    let report: Value = serde_json::from_slice(&shown.unwrap().stdout).unwrap();
    let mut card = report["models"][0]["card"].clone();
    for (name, value) in sizes.as_object().unwrap() {
        card["model"][name] = value.clone();
    }
    let file = folder.join("card.json");
    fs::write(&file, card.to_string()).unwrap();
    new(Some(&file));
    path
}

/// Writes a float NIfTI-1 with an isotropic or given voxel size.
pub(crate) fn write_map(
    path: &Path,
    shape: [i16; 3],
    voxel_mm: [f32; 3],
    value: impl Fn(usize) -> f32,
) {
    let mut bytes = vec![0u8; 352];
    let mut put = |at: usize, raw: &[u8]| bytes[at..at + raw.len()].copy_from_slice(raw);
    put(0, &348i32.to_le_bytes());
    put(40, &3i16.to_le_bytes());
    for a in 0..3 {
        put(42 + 2 * a, &shape[a].to_le_bytes());
        put(80 + 4 * a, &voxel_mm[a].to_le_bytes());
        put(280 + 20 * a, &voxel_mm[a].to_le_bytes());
    }
    for a in 3..7 {
        put(42 + 2 * a, &1i16.to_le_bytes());
    }
    put(70, &16i16.to_le_bytes());
    put(72, &32i16.to_le_bytes());
    put(108, &352f32.to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(254, &1i16.to_le_bytes());
    put(344, b"n+1\0");
    let count = shape.iter().map(|&n| n as usize).product();
    for offset in 0..count {
        bytes.extend_from_slice(&value(offset).to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}
