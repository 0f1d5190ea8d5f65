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

    /// Everybody who said anything here, by name; `by` who decided for the consensus are not among them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn readers(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT reader FROM event WHERE reader <> ?1 ORDER BY reader";
        let mut query = self.connection.prepare(sql)?;
        let names = query.query_map([crate::CONSENSUS], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}
