//! The folder of a run.

use super::curves;
use super::history::{Row, write_csv};
use crate::config::{ConfigError, TrainConfig};
use crate::data::Division;
use serde_json::json;
use siderin_image::folder::{
    FolderError, WorkFolder, WorkFolderError, write_json, write_synced, write_then_rename,
};
use siderin_image::settings::read_settings;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A run's folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunError {
    #[error(
        "opening the run: ‹out› holds a run with another {what}; give another ‹out›, or the same \
         {what} to go on"
    )]
    Other { what: &'static str },
    #[error(transparent)]
    Open(#[from] WorkFolderError),
    #[error("keeping the run: {0}; check the free space and the permissions of ‹out›")]
    Io(#[from] io::Error),
    #[error("keeping the run: {0}")]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A run's folder, locked by this process.
#[derive(Debug)]
pub struct RunFolder(WorkFolder);

const CONFIG: &str = "config.toml";
const SPLIT: &str = "split.json";
const CHECKPOINT: &str = "checkpoint.safetensors";
const SPEED: &str = "speed.csv";

impl RunFolder {
    /// Opens a folder for a run: a new one, or one of the same config and division.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn open(path: &Path, config: &TrainConfig, division: &Division) -> Result<Self, RunError> {
        let folder = Self(WorkFolder::open(path, CONFIG)?);
        let config_path = folder.0.join(CONFIG);
        if config_path.exists() {
            // Where the files are may be said in another way.
            let there = TrainConfig::from_toml(&read_settings(&config_path)?)?;
            if there.without_paths() != config.without_paths() {
                return Err(RunError::Other { what: "config" });
            }
            let split = fs::read(folder.0.join(SPLIT)).unwrap_or_default();
            if !split.is_empty() && serde_json::from_slice(&split).ok() != Some(division.clone()) {
                return Err(RunError::Other {
                    what: "set of scans",
                });
            }
        } else {
            folder.write_text(CONFIG, &config.to_toml()?)?;
        }
        write_then_rename(&folder.0.join(SPLIT), |partial| {
            write_json(partial, division)
        })?;
        let versions = json!({
            "siderin": env!("CARGO_PKG_VERSION"),
            "burn": "0.22.1",
            "system": std::env::consts::OS,
            "processor": std::env::consts::ARCH,
            "instructions": siderin_net::ops::instructions(),
            "threads": rayon::current_num_threads(),
        });
        write_then_rename(&folder.0.join("versions.json"), |partial| {
            write_json(partial, &versions)
        })?;
        Ok(folder)
    }

    /// Where prepared scans are kept.
    #[must_use]
    pub fn prepared(&self) -> PathBuf {
        self.0.join("prepared")
    }

    /// The model with the best judgement.
    #[must_use]
    pub fn best(&self) -> PathBuf {
        self.0.join("best.siderin")
    }

    /// Scores of a set of scans.
    pub(super) fn scores(&self, of: &str) -> PathBuf {
        self.0.join(&format!("scores-{of}"))
    }

    /// The last checkpoint, if there is one.
    pub(super) fn checkpoint(&self) -> Result<Option<Vec<u8>>, RunError> {
        match fs::read(self.0.join(CHECKPOINT)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the checkpoint; it is complete or as it was.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<(), RunError> {
        write_then_rename(&self.0.join(CHECKPOINT), |partial| {
            write_synced(partial, |sink| Ok::<_, RunError>(sink.write_all(bytes)?))
        })
    }

    /// Writes the best model if its file is not there: a full disk may have kept it away.
    pub(super) fn best_from(&self, bytes: Option<&[u8]>) -> Result<(), RunError> {
        let Some(bytes) = bytes else { return Ok(()) };
        let path = self.best();
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        write_then_rename(&path, |partial| {
            write_synced(partial, |sink| Ok::<_, RunError>(sink.write_all(bytes)?))
        })
    }

    /// Writes `history.csv` and `curves.svg`.
    pub(super) fn write_history(&self, history: &[Row]) -> Result<(), RunError> {
        write_then_rename(&self.0.join("history.csv"), |partial| {
            write_synced(partial, |sink| Ok::<_, RunError>(write_csv(history, sink)?))
        })?;
        self.write_text("curves.svg", &curves::picture(history))
    }

    /// Adds a row to `speed.csv`. It is a help, not a result: failing to is no failure.
    pub(super) fn add_speed(&self, row: &[f64; 5]) {
        let path = self.0.join(SPEED);
        let begun = path.exists();
        let Ok(mut file) = File::options().create(true).append(true).open(path) else {
            return;
        };
        if !begun {
            let _ = writeln!(
                file,
                "step,seconds,share_of_time_waiting,batches_per_loader_second,memory_mib"
            );
        }
        let [step, seconds, waiting, batches, memory] = row;
        let _ = writeln!(
            file,
            "{step},{seconds:.1},{waiting:.4},{batches:.2},{memory:.0}"
        );
    }

    fn write_text(&self, name: &str, text: &str) -> Result<(), RunError> {
        write_then_rename(&self.0.join(name), |partial| {
            write_synced(partial, |sink| {
                Ok::<_, RunError>(sink.write_all(text.as_bytes())?)
            })
        })
    }
}
