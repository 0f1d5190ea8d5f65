//! What all requests share.

use super::Refused;
use super::entering::Sessions;
use crate::CONSENSUS;
use crate::jobs::{Jobs, RunMethod};
use crate::reading::{Proposals, Reading};
use crate::room::{LoadedScan, Loader, Partner, Room, RoomScan};
use crate::secret::random_name;
use crate::store::{Store, StoreError};
use siderin_image::volume::{Grid, Volume};
use siderin_report::Paper;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// What a server is started with.
#[derive(Debug)]
pub struct AppConfig {
    /// The review's folder.
    pub folder: PathBuf,
    /// The scans.
    pub room: Room,
    /// The store in that folder.
    pub store: Store,
    /// What can be run.
    pub methods: Vec<RunMethod>,
    /// The reader, where the command names one.
    pub reader: Option<String>,
    /// Size of the reports' pages.
    pub paper: Paper,
    /// The port it is served on.
    pub port: u16,
}

/// The server's state.
#[derive(Debug)]
pub struct App {
    pub(super) folder: PathBuf,
    pub(super) room: Room,
    pub(super) methods: Vec<RunMethod>,
    pub(super) reader: Option<String>,
    pub(super) paper: Paper,
    pub(super) review_id: String,
    pub(super) token: String,
    pub(super) origins: [String; 2],
    pub(super) loader: Loader,
    pub(super) jobs: Jobs,
    pub(super) store: Mutex<Store>,
    pub(super) sessions: Sessions,
    /// Images that may be on their way at once: each is as large as its scan.
    pub(super) images: Arc<Semaphore>,
    proposals: Mutex<HashMap<i64, Arc<Proposals>>>,
    /// Registrations that were made: each takes seconds.
    laid: Mutex<HashMap<(i64, String), Grid>>,
}

/// Images on their way at once.
const MOST_IMAGES: usize = 3;

/// The longest name of a reader.
const LONGEST_NAME: usize = 60;

impl App {
    /// A server's state with a token of its own.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn new(config: AppConfig) -> Result<Self, StoreError> {
        config.store.set_port(config.port)?;
        let origin = |host: &str| format!("http://{host}:{}", config.port);
        Ok(Self {
            review_id: config.store.review_id()?,
            token: random_name(),
            origins: [origin("127.0.0.1"), origin("localhost")],
            folder: config.folder,
            room: config.room,
            methods: config.methods,
            reader: config.reader,
            paper: config.paper,
            loader: Loader::default(),
            jobs: Jobs::default(),
            store: Mutex::new(config.store),
            sessions: Sessions::default(),
            images: Arc::new(Semaphore::new(MOST_IMAGES)),
            proposals: Mutex::default(),
            laid: Mutex::default(),
        })
    }

    /// The address of the page, with the token.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/{}/", self.origins[0], self.token)
    }

    /// Reads the scan where only one is open: a browser takes as long to start. What is wrong with it the page says.
    pub fn read_ahead(&self) {
        if let [scan] = &self.room.scans[..] {
            let _ = self.loader.load(scan, &self.store);
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scan(&self, id: i64) -> Result<&RoomScan, Refused> {
        self.room.scan(id).ok_or_else(|| {
            Refused::missing(format!(
                "asking for scan {id}: it is not open; choose one of the list"
            ))
        })
    }

    pub(super) fn loaded(&self, id: i64) -> Result<Arc<LoadedScan>, Refused> {
        Ok(self.loader.load(self.scan(id)?, &self.store)?)
    }

    /// What the scan's last run proposes, unpacked once.
    pub(super) fn proposals(
        &self,
        id: i64,
        loaded: &LoadedScan,
    ) -> Result<Arc<Proposals>, Refused> {
        let mut all = self
            .proposals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let store = self.store();
        let last = store.runs(id)?.first().map(|run| run.id);
        if let Some(known) = all.get(&id)
            && known.run.as_ref().map(|run| run.id) == last
        {
            return Ok(known.clone());
        }
        let grid = loaded.scan.magnitude.grid();
        let proposals = Arc::new(Proposals::of(&store, id, grid)?);
        all.insert(id, proposals.clone());
        Ok(proposals)
    }

    /// The grid that lays a partner's voxels into the scan's space, found once.
    pub(super) fn laid(
        &self,
        id: i64,
        partner: &Partner,
        loaded: &LoadedScan,
        voxels: &Volume<f32>,
    ) -> Result<Grid, Refused> {
        let key = (id, partner.id.clone());
        let known = |laid: &HashMap<_, Grid>| laid.get(&key).cloned();
        let lock = || self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grid) = known(&lock()) {
            return Ok(grid);
        }
        let grid = partner.grid(loaded, voxels)?;
        lock().insert(key, grid.clone());
        Ok(grid)
    }

    pub(super) fn reading(
        &self,
        id: i64,
        reader: &str,
        proposals: &Proposals,
    ) -> Result<Reading, Refused> {
        Ok(Reading::of(&self.store(), id, reader, proposals)?)
    }
}

/// Whether a reader can be called so.
///
/// # Errors
/// A sentence that says why not.
pub fn check_reader(name: &str) -> Result<(), String> {
    let count = name.chars().count();
    let fits = |c: char| c.is_alphanumeric() || " .-_@".contains(c);
    if count == 0 || count > LONGEST_NAME || !name.chars().all(fits) || name.trim() != name {
        return Err(format!(
            "naming the reader: expected 1 to {LONGEST_NAME} letters, numbers, spaces or .-_@; give another name"
        ));
    }
    if name.eq_ignore_ascii_case(CONSENSUS) || name == "." || name == ".." {
        return Err(format!(
            "naming the reader: {name} is taken for what readers decide together; give another name"
        ));
    }
    Ok(())
}

/// Runs what may take long or wait for the disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    app: Arc<App>,
    work: impl FnOnce(&Arc<App>) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(move || work(&app))
        .await
        .unwrap_or_else(|_| {
            Err(Refused::failed(
                "the program made a mistake; nothing that was saved is lost, please report it",
            ))
        })
}
