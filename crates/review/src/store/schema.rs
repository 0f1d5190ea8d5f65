//! Tables, and what they are called.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// The format of the file.
const FORMAT: i64 = 2;

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

";

/// The audit trail, and who may read.
const TRAIL: &str = "
CREATE TABLE event (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL,
    scan     INTEGER NOT NULL REFERENCES scan,
    reader   TEXT NOT NULL,
    time     TEXT NOT NULL,
    item     TEXT NOT NULL,
    action   TEXT NOT NULL CHECK (action IN ('change', 'undo', 'redo')),
    previous TEXT,
    value    TEXT,
    by       TEXT,
    UNIQUE (scan, reader, key)
) STRICT;

-- The password of each reader, as argon2 hashes it.
CREATE TABLE reader (
    name     TEXT PRIMARY KEY,
    password TEXT NOT NULL
) STRICT;
";

const TRAIL_STAYS: &str = "
CREATE INDEX event_of_reader ON event (scan, reader, item, id);

CREATE TRIGGER event_stays BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER event_remains BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
";

/// Format 1 had keys that no two readers could share, and no passwords.
const FROM_1: [&str; 2] = [
    "DROP TRIGGER event_stays; DROP TRIGGER event_remains; DROP INDEX event_of_reader;
     ALTER TABLE event RENAME TO event_1;",
    "INSERT INTO event (id, key, scan, reader, time, item, action, previous, value, by)
     SELECT id, key, scan, reader, time, item, action, previous, value, by FROM event_1 ORDER BY id;
     DROP TABLE event_1;",
];

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
            "BEGIN IMMEDIATE; {TABLES} {TRAIL} {TRAIL_STAYS} PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
        set_meta(connection, "review_id", &id)?;
    }
    if found == 1 {
        let [aside, back] = FROM_1;
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {aside} {TRAIL} {back} {TRAIL_STAYS} PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
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
