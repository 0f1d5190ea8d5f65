//! What readers said: the audit trail, and what holds now.

use super::{Store, StoreError, now};
use crate::annotate::Entry;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

/// A decision to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRequest<'a> {
    /// A name of the decision that no other of this reader in this scan has: sent again, it changes nothing.
    pub key: &'a str,
    /// What it is about; none for something new.
    pub item: Option<&'a str>,
    /// What is said; none takes back what was said.
    pub value: Option<&'a Entry>,
    /// Who decided where the reader is the consensus.
    pub by: Option<&'a str>,
}

/// How a row of the trail came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The reader said something.
    Change,
    /// The reader took the last change back.
    Undo,
    /// The reader took the last undoing back.
    Redo,
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number; later ones are higher.
    pub id: i64,
    /// When, in UTC.
    pub time: String,
    /// What it is about.
    pub item: String,
    /// How it came about.
    pub action: Action,
    /// What was said before.
    pub previous: Option<Entry>,
    /// What is said now.
    pub value: Option<Entry>,
    /// Who decided where the reader is the consensus.
    pub by: Option<String>,
}

/// What a reader says of an item now.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The item.
    pub item: String,
    /// What is said.
    pub entry: Entry,
}

impl Action {
    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Undo => "undo",
            Self::Redo => "redo",
        }
    }

    fn of_name(name: &str) -> Self {
        match name {
            "undo" => Self::Undo,
            "redo" => Self::Redo,
            _ => Self::Change,
        }
    }
}

impl Store {
    /// Keeps a decision; it is on the disk when this returns. Returns the item it is about.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub fn change(
        &mut self,
        scan: i64,
        reader: &str,
        request: &ChangeRequest,
    ) -> Result<String, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = request.value.map(serde_json::to_string).transpose()?;
        if let Some(known) = known_of_key(&transaction, scan, reader, request.key)? {
            let same_item = request.item.is_none_or(|item| item == known.item);
            let same = same_item && known.value == value;
            return known.answered(same, Action::Change);
        }
        let item = match (request.item, request.value) {
            (Some(item), _) => item.to_string(),
            (None, Some(entry)) => new_item(&transaction, scan, reader, entry)?,
            (None, None) => return Err(StoreError::NoItem { item: "".into() }),
        };
        let previous = last_value(&transaction, scan, reader, &item)?;
        insert(
            &transaction,
            &Row {
                key: request.key,
                scan,
                reader,
                item: &item,
                action: Action::Change,
                previous: previous.as_deref(),
                value: value.as_deref(),
                by: request.by,
            },
        )?;
        transaction.commit()?;
        Ok(item)
    }

    /// Whether something was kept under a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_kept(&self, scan: i64, reader: &str, key: &str) -> Result<bool, StoreError> {
        Ok(known_of_key(&self.connection, scan, reader, key)?.is_some())
    }

    /// Takes the reader's last change back. Returns the item it was about.
    ///
    /// # Errors
    /// [`StoreError::Nothing`] where there is none.
    pub fn undo(&mut self, scan: i64, reader: &str, key: &str) -> Result<String, StoreError> {
        self.step(scan, reader, key, Action::Undo)
    }

    /// Takes the reader's last undoing back, as long as nothing was changed since. Returns the item.
    ///
    /// # Errors
    /// [`StoreError::Nothing`] where there is none.
    pub fn redo(&mut self, scan: i64, reader: &str, key: &str) -> Result<String, StoreError> {
        self.step(scan, reader, key, Action::Redo)
    }

    fn step(
        &mut self,
        scan: i64,
        reader: &str,
        key: &str,
        action: Action,
    ) -> Result<String, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(known) = known_of_key(&transaction, scan, reader, key)? {
            return known.answered(true, action);
        }
        let events = events(&transaction, scan, reader)?;
        let (done, undone) = stacks(&events);
        let stack = if action == Action::Undo { done } else { undone };
        let last = *stack.last().ok_or(StoreError::Nothing(action.name()))?;
        let event = &events[last];
        let (from, to) = match action {
            Action::Undo => (&event.value, &event.previous),
            _ => (&event.previous, &event.value),
        };
        let text = |entry: &Option<Entry>| entry.as_ref().map(serde_json::to_string).transpose();
        insert(
            &transaction,
            &Row {
                key,
                scan,
                reader,
                item: &event.item,
                action,
                previous: text(from)?.as_deref(),
                value: text(to)?.as_deref(),
                by: None,
            },
        )?;
        let item = event.item.clone();
        transaction.commit()?;
        Ok(item)
    }

    /// What could be undone, and what redone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn steps(
        &self,
        scan: i64,
        reader: &str,
    ) -> Result<(Option<Event>, Option<Event>), StoreError> {
        let events = events(&self.connection, scan, reader)?;
        let (done, undone) = stacks(&events);
        let last = |stack: Vec<usize>| stack.last().map(|&at| events[at].clone());
        Ok((last(done), last(undone)))
    }

    /// The reader's whole trail in a scan, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trail(&self, scan: i64, reader: &str) -> Result<Vec<Event>, StoreError> {
        events(&self.connection, scan, reader)
    }

    /// What a reader says of a scan now, in the order in which items were first spoken of.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn said(&self, scan: i64, reader: &str) -> Result<Vec<Said>, StoreError> {
        let sql = "SELECT item, value FROM event
                   WHERE id IN (SELECT MAX(id) FROM event WHERE scan = ?1 AND reader = ?2
                                GROUP BY item)
                   ORDER BY (SELECT MIN(first.id) FROM event AS first
                             WHERE first.scan = ?1 AND first.reader = ?2
                               AND first.item = event.item)";
        let mut query = self.connection.prepare_cached(sql)?;
        let rows = query.query_map(params![scan, reader], |row| {
            Ok((row.get(0)?, row.get::<_, Option<String>>(1)?))
        })?;
        let mut said = Vec::new();
        for row in rows {
            let (item, value) = row?;
            if let Some(value) = value {
                let entry = serde_json::from_str(&value)?;
                said.push(Said { item, entry });
            }
        }
        Ok(said)
    }
}

/// A row to be written.
struct Row<'a> {
    key: &'a str,
    scan: i64,
    reader: &'a str,
    item: &'a str,
    action: Action,
    previous: Option<&'a str>,
    value: Option<&'a str>,
    by: Option<&'a str>,
}

fn insert(connection: &Connection, row: &Row) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO event (key, scan, reader, time, item, action, previous, value, by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.key,
            row.scan,
            row.reader,
            now(connection)?,
            row.item,
            row.action.name(),
            row.previous,
            row.value,
            row.by
        ],
    )?;
    Ok(())
}

/// What was kept under a key.
struct Known {
    item: String,
    action: Action,
    value: Option<String>,
}

impl Known {
    /// The item, where the same was sent again.
    fn answered(self, is_same: bool, action: Action) -> Result<String, StoreError> {
        if is_same && self.action == action {
            Ok(self.item)
        } else {
            Err(StoreError::OtherContent)
        }
    }
}

fn known_of_key(
    connection: &Connection,
    scan: i64,
    reader: &str,
    key: &str,
) -> Result<Option<Known>, StoreError> {
    let sql = "SELECT item, action, value FROM event WHERE scan = ?1 AND reader = ?2 AND key = ?3";
    let known = connection.query_row(sql, params![scan, reader, key], |row| {
        Ok(Known {
            item: row.get(0)?,
            action: Action::of_name(&row.get::<_, String>(1)?),
            value: row.get(2)?,
        })
    });
    Ok(known.optional()?)
}

/// The letter of an item and the next number: `a` for a finding, `l` for a landmark, `quality`, `finished`.
fn new_item(
    connection: &Connection,
    scan: i64,
    reader: &str,
    entry: &Entry,
) -> Result<String, StoreError> {
    let letter = match entry {
        Entry::Finding(_) => "a",
        Entry::Landmark(_) => "l",
        Entry::Quality(_) => return Ok("quality".into()),
        Entry::Finished(_) => return Ok("finished".into()),
    };
    let sql = "SELECT COALESCE(MAX(CAST(SUBSTR(item, 2) AS INTEGER)), 0) + 1 FROM event
               WHERE scan = ?1 AND reader = ?2 AND item GLOB ?3 || '[0-9]*'";
    let number: i64 = connection.query_row(sql, params![scan, reader, letter], |row| row.get(0))?;
    Ok(format!("{letter}{number}"))
}

fn last_value(
    connection: &Connection,
    scan: i64,
    reader: &str,
    item: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM event WHERE scan = ?1 AND reader = ?2 AND item = ?3
               ORDER BY id DESC LIMIT 1";
    let value: Option<Option<String>> = connection
        .query_row(sql, params![scan, reader, item], |row| row.get(0))
        .optional()?;
    Ok(value.flatten())
}

fn events(connection: &Connection, scan: i64, reader: &str) -> Result<Vec<Event>, StoreError> {
    let sql = "SELECT id, time, item, action, previous, value, by FROM event
               WHERE scan = ?1 AND reader = ?2 ORDER BY id";
    let mut query = connection.prepare_cached(sql)?;
    let mut rows = query.query(params![scan, reader])?;
    let entry = |text: Option<String>| -> Result<Option<Entry>, StoreError> {
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(Event {
            id: row.get(0)?,
            time: row.get(1)?,
            item: row.get(2)?,
            action: Action::of_name(&row.get::<_, String>(3)?),
            previous: entry(row.get(4)?)?,
            value: entry(row.get(5)?)?,
            by: row.get(6)?,
        });
    }
    Ok(events)
}

/// Which events can be undone and which redone, the next one last: an undoing moves the last change over, a
/// new change drops what was undone.
fn stacks(events: &[Event]) -> (Vec<usize>, Vec<usize>) {
    let (mut done, mut undone) = (Vec::new(), Vec::new());
    for (at, event) in events.iter().enumerate() {
        match event.action {
            Action::Change => {
                done.push(at);
                undone.clear();
            }
            Action::Undo => undone.extend(done.pop()),
            Action::Redo => done.extend(undone.pop()),
        }
    }
    (done, undone)
}
