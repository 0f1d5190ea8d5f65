//! What is kept beside the data: one SQLite file, in which every decision is a transaction.
//!
//! `event` is the audit trail and is never changed: each row says who said what of which item, when, and what
//! was said before. What holds now is the last row of each item. Undoing adds a row, too.

mod events;
mod runs;
mod scans;
mod schema;

pub use events::{Action, ChangeRequest, Event, Said};
pub use runs::{NewRun, PackedMaps, ProposedRow, RunAbout, RunRow};
pub use scans::ScanRow;

use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// The file beside the data.
pub const STORE_FILE: &str = "review.sqlite";

/// How long another siderin may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// Decisions and findings of a review.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

/// A store that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoreError {
    #[error(
        "opening the decisions: review.sqlite is damaged or no SQLite file ({why}); nothing was changed. Move it away to start anew, or bring it back from a backup"
    )]
    Damaged { why: String },
    #[error(
        "opening the decisions: review.sqlite was written by a newer siderin (format {found}, this one knows {known}); update siderin"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "opening the decisions: review.sqlite cannot be written ({why}); give a folder that can be with ‹out›"
    )]
    NotWritable { why: String },
    #[error(
        "saving: the disk or the file refused ({why}); nothing of this decision was saved, check free space and permissions"
    )]
    Sqlite { why: String },
    #[error(
        "saving: the scan has {have} decisions on the findings of {method}; new findings would hide them. Export the review, then start one in another folder with ‹out›"
    )]
    HasDecisions { have: i64, method: String },
    #[error("saving: an entry cannot be read ({why}); please report this as a fault")]
    Entry { why: String },
    #[error("saving: another decision was sent under this key; reload the page")]
    OtherContent,
    #[error("there is nothing to {0}")]
    Nothing(&'static str),
    #[error("saving: {item:?} is not in this scan; reload the page")]
    NoItem { item: String },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, ReadOnly};
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged { why },
            Some(ReadOnly) => Self::NotWritable { why },
            _ => Self::Sqlite { why },
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Entry {
            why: error.to_string(),
        }
    }
}

impl Store {
    /// Opens the store of a folder, or makes one. A file that is damaged is left as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(STORE_FILE);
        let connection =
            Connection::open(&path).map_err(|error| match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::CannotOpen) => StoreError::NotWritable {
                    why: error.to_string(),
                },
                _ => error.into(),
            })?;
        connection.busy_timeout(BUSY)?;
        schema::prepare(&connection)?;
        Ok(Self { connection })
    }

    /// A name of this review that no other has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn review_id(&self) -> Result<String, StoreError> {
        schema::review_id(&self.connection)
    }

    /// The port that was served on last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_port(&self) -> Result<Option<u16>, StoreError> {
        Ok(schema::meta(&self.connection, "port")?.and_then(|port| port.parse().ok()))
    }

    /// The time now in UTC: 2026-01-31T09:30:00.123Z.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn time(&self) -> Result<String, StoreError> {
        now(&self.connection)
    }

    /// Remembers the port.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_port(&self, port: u16) -> Result<(), StoreError> {
        schema::set_meta(&self.connection, "port", &port.to_string())
    }
}

/// As [`Store::time`].
fn now(connection: &Connection) -> Result<String, StoreError> {
    let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests;
