//! Scans that were opened.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension, params};

/// A scan of the review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRow {
    /// Its number here.
    pub id: i64,
    /// What its voxels were when it was first read.
    pub fingerprint: Option<String>,
}

impl Store {
    /// The scan at a place, new or known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn scan(&self, place: &str) -> Result<ScanRow, StoreError> {
        let sql = "INSERT INTO scan (place) VALUES (?1) ON CONFLICT (place) DO NOTHING";
        self.connection.execute(sql, [place])?;
        let sql = "SELECT id, fingerprint FROM scan WHERE place = ?1";
        Ok(self.connection.query_row(sql, [place], |row| {
            Ok(ScanRow {
                id: row.get(0)?,
                fingerprint: row.get(1)?,
            })
        })?)
    }

    /// Remembers what a scan holds, or answers what it held when it was first read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hold_fingerprint(&self, scan: i64, found: &str) -> Result<String, StoreError> {
        let sql = "UPDATE scan SET fingerprint = ?2 WHERE id = ?1 AND fingerprint IS NULL";
        self.connection.execute(sql, params![scan, found])?;
        let sql = "SELECT fingerprint FROM scan WHERE id = ?1";
        let held: Option<String> = self
            .connection
            .query_row(sql, [scan], |row| row.get(0))
            .optional()?;
        Ok(held.unwrap_or_else(|| found.to_string()))
    }

    /// Everybody who has a password or said anything here, by name; `by` who decided for the consensus are not among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn readers(&self) -> Result<Vec<String>, StoreError> {
        let sql =
            "SELECT reader FROM event WHERE reader <> ?1 UNION SELECT name FROM reader ORDER BY 1";
        let mut query = self.connection.prepare(sql)?;
        let names = query.query_map([crate::CONSENSUS], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// The hash of a reader's password, where one was set.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn password_of(&self, reader: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT password FROM reader WHERE name = ?1";
        let hash = self.connection.query_row(sql, [reader], |row| row.get(0));
        Ok(hash.optional()?)
    }

    /// Keeps the hash of a new reader's password. Returns whether there was none yet; one that is there stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_password(&self, reader: &str, hash: &str) -> Result<bool, StoreError> {
        let sql =
            "INSERT INTO reader (name, password) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        Ok(self.connection.execute(sql, [reader, hash])? > 0)
    }
}
