//! What methods found.

use super::{Store, StoreError, now};
use crate::annotate::Runs;
use rusqlite::{OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use siderin_core::forms::Certainty;

/// What is known of a run beside its findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunAbout {
    /// The method's name as its results say it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Confidence from which something is a finding.
    pub threshold: f32,
    /// What a confidence means.
    pub confidence_meaning: String,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A finding of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedRow {
    /// 1, 2, … by falling confidence.
    pub number: u16,
    /// 0 to 1.
    pub confidence: f32,
    /// As the forms count it.
    pub certainty: Certainty,
    /// Its voxels.
    pub mask: Runs,
}

/// A run to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The method's name on the page.
    pub method: String,
    /// What is known of it.
    pub about: RunAbout,
    /// The brain mask, packed.
    pub brain: Vec<u8>,
    /// Regions on the scan's grid, packed, of methods that find them.
    pub regions: Option<Vec<u8>>,
    /// Its findings.
    pub findings: Vec<ProposedRow>,
}

/// The brain mask of a run, and its regions where it has some; both packed.
pub type PackedMaps = (Vec<u8>, Option<Vec<u8>>);

/// A run that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its number.
    pub id: i64,
    /// The method's name on the page.
    pub method: String,
    /// When it ended.
    pub time: String,
    /// What is known of it.
    pub about: RunAbout,
}

impl Store {
    /// Keeps a run as what the scan's findings are from now on.
    ///
    /// # Errors
    /// [`StoreError::HasDecisions`] where a reader has decided on findings of an earlier run.
    pub fn add_run(&mut self, scan: i64, run: &NewRun) -> Result<i64, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "SELECT COUNT(*) FROM event WHERE scan = ?1 AND item GLOB 'f[0-9]*'";
        let have: i64 = transaction.query_row(sql, [scan], |row| row.get(0))?;
        if have > 0 {
            let sql = "SELECT method FROM run WHERE scan = ?1 ORDER BY id DESC LIMIT 1";
            let method = transaction.query_row(sql, [scan], |row| row.get(0))?;
            return Err(StoreError::HasDecisions { have, method });
        }
        let time = now(&transaction)?;
        transaction.execute(
            "INSERT INTO run (scan, method, time, about, brain, regions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                scan,
                run.method,
                time,
                serde_json::to_string(&run.about)?,
                run.brain,
                run.regions
            ],
        )?;
        let id = transaction.last_insert_rowid();
        {
            let mut insert = transaction.prepare(
                "INSERT INTO finding (run, number, confidence, certainty, mask)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for finding in &run.findings {
                insert.execute(params![
                    id,
                    finding.number,
                    f64::from(finding.confidence),
                    serde_json::to_string(&finding.certainty)?,
                    serde_json::to_string(&finding.mask)?
                ])?;
            }
        }
        transaction.commit()?;
        Ok(id)
    }

    /// The runs of a scan, the last one first: its findings are those shown.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs(&self, scan: i64) -> Result<Vec<RunRow>, StoreError> {
        let sql = "SELECT id, method, time, about FROM run WHERE scan = ?1 ORDER BY id DESC";
        let mut query = self.connection.prepare(sql)?;
        let rows = query.query_map([scan], |row| {
            let about: String = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, about))
        })?;
        rows.map(|row| {
            let (id, method, time, about) = row?;
            Ok(RunRow {
                id,
                method,
                time,
                about: serde_json::from_str(&about)?,
            })
        })
        .collect()
    }

    /// The findings of a run, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn findings(&self, run: i64) -> Result<Vec<ProposedRow>, StoreError> {
        let sql = "SELECT number, confidence, certainty, mask FROM finding
                   WHERE run = ?1 ORDER BY number";
        let mut query = self.connection.prepare(sql)?;
        let rows = query.query_map([run], |row| {
            let (certainty, mask): (String, String) = (row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, row.get::<_, f64>(1)?, certainty, mask))
        })?;
        rows.map(|row| {
            let (number, confidence, certainty, mask) = row?;
            Ok(ProposedRow {
                number,
                confidence: confidence as f32,
                certainty: serde_json::from_str(&certainty)?,
                mask: serde_json::from_str(&mask)?,
            })
        })
        .collect()
    }

    /// The packed brain mask and regions of a run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn maps(&self, run: i64) -> Result<Option<PackedMaps>, StoreError> {
        let sql = "SELECT brain, regions FROM run WHERE id = ?1";
        let maps = self
            .connection
            .query_row(sql, [run], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(maps.optional()?)
    }
}
