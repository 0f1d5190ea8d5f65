use super::*;
use crate::annotate::{Entry, Finished, Mark, Runs, Verdict};
use siderin_core::forms::Certainty;

fn accepted() -> Entry {
    Entry::Finding(Mark::of(Verdict::Accepted))
}

fn rejected() -> Entry {
    Entry::Finding(Mark::of(Verdict::Rejected))
}

fn say(store: &mut Store, key: &str, item: Option<&str>, value: Option<&Entry>) -> String {
    let request = ChangeRequest {
        key,
        item,
        value,
        by: None,
    };
    store.change(1, "anna", &request).unwrap()
}

fn verdicts(store: &Store) -> Vec<(String, Verdict)> {
    let said = store.said(1, "anna").unwrap().into_iter();
    said.filter_map(|said| match said.entry {
        Entry::Finding(mark) => Some((said.item, mark.verdict)),
        _ => None,
    })
    .collect()
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.scan("scan.nii.gz").unwrap().id, 1);
    (folder, store)
}

#[test]
fn what_was_said_last_holds_and_the_trail_remains() {
    let (folder, mut store) = store();
    say(&mut store, "1", Some("f1"), Some(&accepted()));
    say(&mut store, "2", Some("f2"), Some(&accepted()));
    say(&mut store, "3", Some("f1"), Some(&rejected()));
    // Sent again after an answer that got lost.
    assert_eq!(say(&mut store, "3", Some("f1"), Some(&rejected())), "f1");
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let now = [
        ("f1".to_string(), Verdict::Rejected),
        ("f2".to_string(), Verdict::Accepted),
    ];
    assert_eq!(verdicts(&store), now);
    let trail = store.trail(1, "anna").unwrap();
    assert_eq!(trail.len(), 3);
    assert_eq!(trail[2].previous, Some(accepted()));
    assert_eq!(trail[2].value, Some(rejected()));
    // 2026-01-31T09:30:00.123Z.
    assert_eq!((trail[0].time.len(), &trail[0].time[23..]), (24, "Z"));
    // Nobody else's.
    assert!(store.said(1, "ben").unwrap().is_empty());
    assert_eq!(store.readers().unwrap(), ["anna"]);
}

#[test]
fn the_trail_cannot_be_changed() {
    let (_folder, mut store) = store();
    say(&mut store, "1", Some("f1"), Some(&accepted()));
    for sql in ["DELETE FROM event", "UPDATE event SET reader = 'ben'"] {
        let refused = store.connection.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("never changed"), "{refused}");
    }
}

#[test]
fn new_items_are_numbered_and_never_again() {
    let (_folder, mut store) = store();
    let own = Entry::Finding(Mark {
        mask: Some(Runs::of(&[1])),
        ..Mark::of(Verdict::Accepted)
    });
    let finished = Entry::Finished(Finished { is_finished: true });
    assert_eq!(say(&mut store, "1", None, Some(&own)), "a1");
    assert_eq!(say(&mut store, "2", None, Some(&own)), "a2");
    say(&mut store, "3", Some("a2"), None);
    assert_eq!(say(&mut store, "4", None, Some(&own)), "a3");
    assert_eq!(say(&mut store, "5", None, Some(&finished)), "finished");
    let items: Vec<String> = store
        .said(1, "anna")
        .unwrap()
        .into_iter()
        .map(|said| said.item)
        .collect();
    assert_eq!(items, ["a1", "a3", "finished"]);
}

#[test]
fn undoing_goes_back_step_by_step_and_redoing_forth() {
    let (folder, mut store) = store();
    say(&mut store, "1", Some("f1"), Some(&accepted()));
    say(&mut store, "2", Some("f1"), Some(&rejected()));
    assert_eq!(store.undo(1, "anna", "3").unwrap(), "f1");
    assert_eq!(verdicts(&store), [("f1".into(), Verdict::Accepted)]);
    // After a restart.
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    store.undo(1, "anna", "4").unwrap();
    assert_eq!(verdicts(&store), []);
    let nothing = store.undo(1, "anna", "5").unwrap_err().to_string();
    assert_eq!(nothing, "there is nothing to undo");
    store.redo(1, "anna", "6").unwrap();
    store.redo(1, "anna", "7").unwrap();
    assert_eq!(verdicts(&store), [("f1".into(), Verdict::Rejected)]);
    assert!(store.redo(1, "anna", "8").is_err());
    // Undone, then something else said: what was undone is gone for good, but in the trail.
    store.undo(1, "anna", "9").unwrap();
    say(&mut store, "10", Some("f2"), Some(&accepted()));
    let (undo, redo) = store.steps(1, "anna").unwrap();
    assert_eq!(undo.unwrap().item, "f2");
    assert_eq!(redo, None);
    assert_eq!(store.trail(1, "anna").unwrap().len(), 8);
}

fn run() -> NewRun {
    NewRun {
        method: "default".into(),
        about: RunAbout {
            name: "siderin".into(),
            version: "1".into(),
            threshold: 0.6,
            confidence_meaning: "a probability".into(),
            notes: vec!["thick slices".into()],
        },
        brain: vec![1, 2],
        regions: None,
        findings: vec![ProposedRow {
            number: 1,
            confidence: 0.75,
            certainty: Certainty::Definite,
            mask: Runs::of(&[4, 5, 6]),
        }],
    }
}

#[test]
fn new_findings_never_hide_decisions() {
    let (_folder, mut store) = store();
    store.add_run(1, &run()).unwrap();
    let second = store.add_run(1, &run()).unwrap();
    let runs = store.runs(1).unwrap();
    assert_eq!((runs.len(), runs[0].id), (2, second));
    assert_eq!(runs[0].about, run().about);
    assert_eq!(store.findings(second).unwrap(), run().findings);
    assert_eq!(store.maps(second).unwrap(), Some((vec![1, 2], None)));
    say(&mut store, "1", Some("f1"), Some(&accepted()));
    let refused = store.add_run(1, &run()).unwrap_err().to_string();
    assert!(
        refused.contains("1 decisions on the findings of default"),
        "{refused}"
    );
}

#[test]
fn two_programs_share_a_file() {
    let (folder, mut store) = store();
    let mut other = Store::open(folder.path()).unwrap();
    say(&mut store, "1", Some("f1"), Some(&accepted()));
    say(&mut other, "2", Some("f2"), Some(&accepted()));
    assert_eq!(verdicts(&store).len(), 2);
    assert_eq!(store.review_id().unwrap(), other.review_id().unwrap());
}

#[test]
fn damaged_files_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    std::fs::write(
        &path,
        "this is no database, and long enough to be read as one",
    )
    .unwrap();
    let said = Store::open(folder.path()).unwrap_err().to_string();
    assert!(said.contains("damaged or no SQLite file"), "{said}");
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .starts_with("this is")
    );
    // A file of which the middle was overwritten.
    let (folder, mut store) = store();
    for n in 0..200 {
        say(&mut store, &n.to_string(), Some("f1"), Some(&accepted()));
    }
    drop(store);
    let path = folder.path().join(STORE_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 6000..middle + 6000].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    let said = Store::open(folder.path()).unwrap_err().to_string();
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    // One of a later siderin.
    let (folder, store) = self::store();
    store
        .connection
        .pragma_update(None, "user_version", 9)
        .unwrap();
    drop(store);
    let said = Store::open(folder.path()).unwrap_err().to_string();
    assert!(said.contains("newer siderin (format 9"), "{said}");
}

#[test]
fn signing_off_before_the_first_run_does_not_forbid_it() {
    let (_folder, mut store) = store();
    let finished = Entry::Finished(Finished { is_finished: true });
    say(&mut store, "1", None, Some(&finished));
    assert!(store.add_run(1, &run()).is_ok());
}

#[test]
fn a_store_of_format_1_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let old = rusqlite::Connection::open(folder.path().join(super::STORE_FILE)).unwrap();
    old.execute_batch(
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
         INSERT INTO meta VALUES ('review_id', 'abc');
         CREATE TABLE scan (id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, fingerprint TEXT) STRICT;
         INSERT INTO scan (id, place) VALUES (1, 'scan.nii');
         CREATE TABLE event (
             id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
             scan INTEGER NOT NULL REFERENCES scan, reader TEXT NOT NULL, time TEXT NOT NULL,
             item TEXT NOT NULL, action TEXT NOT NULL CHECK (action IN ('change', 'undo', 'redo')),
             previous TEXT, value TEXT, by TEXT) STRICT;
         CREATE INDEX event_of_reader ON event (scan, reader, item, id);
         INSERT INTO event VALUES (7, 'k1', 1, 'anna', '2026-01-01T00:00:00.000Z', 'f1', 'change',
             NULL, '{\"kind\":\"finding\",\"verdict\":\"accepted\"}', NULL);
         CREATE TRIGGER event_stays BEFORE UPDATE ON event
         BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
         CREATE TRIGGER event_remains BEFORE DELETE ON event
         BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.review_id().unwrap(), "abc");
    assert_eq!(store.trail(1, "anna").unwrap()[0].id, 7);
    assert_eq!(store.readers().unwrap(), ["anna"]);
    assert_eq!(store.password_of("anna").unwrap(), None);
    // The trail goes on behind, and still cannot be changed.
    say(&mut store, "k2", Some("f1"), Some(&rejected()));
    assert_eq!(store.trail(1, "anna").unwrap()[1].id, 8);
    assert!(store.connection.execute("DELETE FROM event", []).is_err());
}
