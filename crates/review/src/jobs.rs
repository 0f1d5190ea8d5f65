//! Methods that run on a scan, one after another.

use crate::annotate::Runs;
use crate::reading::pack;
use crate::room::{LoadedScan, Loader, RoomScan};
use crate::store::{NewRun, ProposedRow, RunAbout, Store};
use serde::Serialize;
use siderin_core::forms::Certainty;
use siderin_image::scan::Scan;
use siderin_net::{DetectStage, Detection, Finder, detect};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// Opens a finder, or says in a sentence why not.
pub type OpenFinder = dyn Fn() -> Result<Finder, String> + Send + Sync;

/// A method that can be run from the page.
pub struct RunMethod {
    /// Its name in requests.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is, in a few words.
    pub note: String,
    open: Box<OpenFinder>,
    opened: OnceLock<Finder>,
}

impl fmt::Debug for RunMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunMethod").field(&self.id).finish()
    }
}

impl RunMethod {
    /// A method that is opened when it is run first.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        note: impl Into<String>,
        open: Box<OpenFinder>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            note: note.into(),
            open,
            opened: OnceLock::new(),
        }
    }

    fn finder(&self) -> Result<&Finder, String> {
        if let Some(finder) = self.opened.get() {
            return Ok(finder);
        }
        let finder = (self.open)()?;
        Ok(self.opened.get_or_init(|| finder))
    }
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Another one runs.
    Waiting,
    /// It runs.
    Running,
    /// Its findings are in the store.
    Done,
    /// It ended without any.
    Failed,
}

/// A job as the page asks for it.
#[derive(Debug, Clone, Serialize)]
pub struct JobStatus {
    /// Its number.
    pub id: u64,
    /// The scan's number.
    pub scan: i64,
    /// The method's id.
    pub method: String,
    /// Where it is.
    pub state: JobState,
    /// What it does.
    pub stage: String,
    /// How far it is, 0 to 1: stages, not seconds.
    pub step: f32,
    /// How long it has run.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<String>,
}

/// All jobs of this server.
#[derive(Debug, Default)]
pub struct Jobs {
    all: Mutex<BTreeMap<u64, (JobStatus, Instant)>>,
    /// One runs at a time: a method takes all cores and the memory of a scan.
    turn: Mutex<()>,
}

impl Jobs {
    /// The status of a job.
    #[must_use]
    pub fn status(&self, id: u64) -> Option<JobStatus> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, since) = all.get(&id)?;
        let mut status = status.clone();
        if matches!(status.state, JobState::Running | JobState::Waiting) {
            status.seconds = since.elapsed().as_secs_f64();
        }
        Some(status)
    }

    /// Whether a job on this scan has not ended; its number.
    #[must_use]
    pub fn unfinished(&self, scan: i64) -> Option<u64> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.values()
            .map(|(status, _)| status)
            .find(|status| {
                status.scan == scan && matches!(status.state, JobState::Running | JobState::Waiting)
            })
            .map(|status| status.id)
    }

    /// Takes a job on.
    pub fn add(&self, scan: i64, method: &str) -> u64 {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let id = all.last_key_value().map_or(1, |(last, _)| last + 1);
        let status = JobStatus {
            id,
            scan,
            method: method.to_string(),
            state: JobState::Waiting,
            stage: "waiting for another run".into(),
            step: 0.0,
            seconds: 0.0,
            error: None,
        };
        all.insert(id, (status, Instant::now()));
        id
    }

    /// Runs a job to its end; its findings go to the store. What fails is told by its status.
    pub fn run(
        &self,
        id: u64,
        scan: &RoomScan,
        method: &RunMethod,
        loader: &Loader,
        store: &Mutex<Store>,
    ) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let work = std::panic::AssertUnwindSafe(|| self.work(id, scan, method, loader, store));
        let ended = std::panic::catch_unwind(work).unwrap_or_else(|_| {
            Err("the program made a mistake on this scan; please report it".into())
        });
        self.tell(id, |status| match ended {
            Ok(()) => {
                status.state = JobState::Done;
                status.stage = "done".into();
                status.step = 1.0;
            }
            Err(error) => {
                status.state = JobState::Failed;
                status.error = Some(error);
            }
        });
    }

    fn work(
        &self,
        id: u64,
        scan: &RoomScan,
        method: &RunMethod,
        loader: &Loader,
        store: &Mutex<Store>,
    ) -> Result<(), String> {
        let doing = |stage: &str, step: f32| {
            self.tell(id, |status| {
                status.state = JobState::Running;
                status.stage = stage.into();
                status.step = step;
            });
        };
        doing("reading the scan", 0.02);
        let loaded = loader.load(scan, store).map_err(|e| e.to_string())?;
        doing("opening the method", 0.05);
        let finder = method.finder()?;
        let detection = detect(&loaded.scan, finder, &|stage| {
            let share = match stage {
                DetectStage::Brain => 0.1,
                DetectStage::Register => 0.35,
                DetectStage::Prepare => 0.45,
                DetectStage::Search => 0.55,
                DetectStage::Select => 0.9,
            };
            doing(stage.in_words(), share);
        })
        .map_err(|error| error.to_string())?;
        doing("saving", 0.95);
        let run = new_run(method, &loaded, &detection);
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        store.add_run(scan.id, &run).map_err(|e| e.to_string())?;
        Ok(())
    }

    fn tell(&self, id: u64, change: impl FnOnce(&mut JobStatus)) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((status, since)) = all.get_mut(&id) {
            change(status);
            status.seconds = since.elapsed().as_secs_f64();
        }
    }
}

/// A detection as the store keeps it.
fn new_run(method: &RunMethod, loaded: &LoadedScan, detection: &Detection) -> NewRun {
    let scan: &Scan = &loaded.scan;
    let findings = detection.findings(scan);
    let grid = scan.magnitude.grid();
    let certain_from = findings.method.certain_from;
    let brain: Vec<u8> = detection
        .found
        .brain
        .voxels()
        .iter()
        .map(|inside| u8::from(*inside))
        .collect();
    NewRun {
        method: method.name.clone(),
        about: RunAbout {
            name: findings.method.name.clone(),
            version: findings.method.version.clone(),
            threshold: findings.method.threshold,
            confidence_meaning: findings.method.confidence_meaning.clone(),
            notes: detection.warnings.iter().map(ToString::to_string).collect(),
        },
        brain: pack(&brain),
        regions: detection
            .found
            .regions
            .as_ref()
            .map(|map| pack(map.voxels())),
        findings: detection
            .found
            .lesions
            .iter()
            .map(|lesion| ProposedRow {
                number: lesion.id,
                confidence: lesion.confidence,
                certainty: Certainty::of(lesion, grid, certain_from),
                mask: Runs::of(&lesion.voxels),
            })
            .collect(),
    }
}
