use super::prepared::{Material, PreparedFile, PreparedFileError};
use std::sync::{Arc, Mutex};

/// Prepared scans, in memory as far as they fit; the others are read whenever they are needed.
#[derive(Debug)]
pub struct Store {
    files: Vec<PreparedFile>,
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    materials: Vec<Option<Arc<Material>>>,
    bytes: usize,
}

impl Store {
    /// A store of these files that holds `limit_gib` at most.
    #[must_use]
    pub fn new(files: Vec<PreparedFile>, limit_gib: f64) -> Self {
        Self {
            held: Mutex::new(Held {
                materials: vec![None; files.len()],
                bytes: 0,
            }),
            files,
            limit: (limit_gib * f64::from(1 << 30)) as usize,
        }
    }

    /// How many scans there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The scans' files.
    #[must_use]
    pub fn files(&self) -> &[PreparedFile] {
        &self.files
    }

    /// What samples of a scan are cut from.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn material(&self, scan: usize) -> Result<Arc<Material>, PreparedFileError> {
        if let Some(material) = &self.lock().materials[scan] {
            return Ok(Arc::clone(material));
        }
        let material = Arc::new(self.files[scan].material()?);
        let bytes = material.bytes();
        let mut held = self.lock();
        if held.materials[scan].is_none() && held.bytes + bytes <= self.limit {
            held.bytes += bytes;
            held.materials[scan] = Some(Arc::clone(&material));
        }
        Ok(material)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        // A thread that panicked left no half change behind.
        self.held
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Material {
    /// Memory it takes.
    fn bytes(&self) -> usize {
        let voxels = self.shape.iter().product::<usize>();
        let marked: usize = self.lesions.iter().map(Vec::len).sum();
        voxels * (4 * self.images.len() + 2) + 8 * marked
    }
}
