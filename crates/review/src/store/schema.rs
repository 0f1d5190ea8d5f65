//! Tables, and what they are called.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// The format of the file.
const FORMAT: i64 = 1;

const TABLES: &str = "
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- A scan that was opened here: where it lies from the folder of the review, and what it held.
CREATE TABLE scan (
    id          INTEGER PRIMARY KEY,
    place       TEXT NOT NULL UNIQUE,
    fingerprint TEXT
) STRICT;

-- What a method found in it.
CREATE TABLE run (
    id      INTEGER PRIMARY KEY,
    scan    INTEGER NOT NULL REFERENCES scan,
    method  TEXT NOT NULL,
    time    TEXT NOT NULL,
    about   TEXT NOT NULL,
    brain   BLOB NOT NULL,
    regions BLOB
) STRICT;
CREATE INDEX run_of_scan ON run (scan);

CREATE TABLE finding (
    run        INTEGER NOT NULL REFERENCES run,
    number     INTEGER NOT NULL,
    confidence REAL NOT NULL,
    certainty  TEXT NOT NULL,
    mask       TEXT NOT NULL,
    PRIMARY KEY (run, number)
) STRICT;

-- The audit trail.
CREATE TABLE event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL UNIQUE,
    scan     INTEGER NOT NULL REFERENCES scan,
    reader   TEXT NOT NULL,
    time     TEXT NOT NULL,
    item     TEXT NOT NULL,
    action   TEXT NOT NULL CHECK (action IN ('change', 'undo', 'redo')),
    previous TEXT,
    value    TEXT,
    by       TEXT
) STRICT;
CREATE INDEX event_of_reader ON event (scan, reader, item, id);

CREATE TRIGGER event_stays BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER event_remains BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
";

/// Makes the tables where there are none, and refuses what cannot be read.
pub(super) fn prepare(connection: &Connection) -> Result<(), StoreError> {
    // A decision is on the disk before it is answered, whatever happens to the process or the power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(StoreError::Newer {
            found,
            known: FORMAT,
        });
    }
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Damaged { why: sound });
    }
    if found == 0 {
        let id = crate::secret::random_name();
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
        set_meta(connection, "review_id", &id)?;
    }
    Ok(())
}

/// What is kept under a key.
pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    Ok(connection
        .query_row(sql, [key], |row| row.get(0))
        .optional()?)
}

/// Keeps a value under a key.
pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}

/// The review's own name.
pub(super) fn review_id(connection: &Connection) -> Result<String, StoreError> {
    meta(connection, "review_id")?.ok_or_else(|| StoreError::Damaged {
        why: "it has no name".into(),
    })
}
