//! Decisions in words, for undoing and for the trail.

use crate::annotate::{Entry, Mark, Verdict};
use crate::store::Event;

/// What an event did, such as "f3: accepted" or "a1: mask changed".
#[must_use]
pub fn in_words(event: &Event) -> String {
    let did = match (&event.previous, &event.value) {
        (Some(_), None) => "taken back".to_string(),
        (None, None) => "nothing".to_string(),
        (previous, Some(entry)) => match (previous, entry) {
            (None, Entry::Finding(mark)) if mark.mask.is_some() => "added".to_string(),
            (Some(Entry::Finding(before)), Entry::Finding(mark)) => changed(before, mark),
            (None, Entry::Finding(mark)) => changed(&Mark::of(Verdict::Open), mark),
            (_, Entry::Landmark(landmark)) => format!("landmark {}", landmark.what.in_words()),
            (_, Entry::Quality(_)) => return "image quality".into(),
            (_, Entry::Finished(finished)) if finished.is_finished => return "finished".into(),
            (_, Entry::Finished(_)) => return "opened again".into(),
            (_, Entry::Finding(_)) => "changed".to_string(),
        },
    };
    format!("{}: {did}", event.item)
}

fn changed(before: &Mark, after: &Mark) -> String {
    if before.verdict != after.verdict || before.mimic != after.mimic {
        return match (after.verdict, after.mimic) {
            (Verdict::Accepted, _) => "accepted".into(),
            (Verdict::Rejected, Some(mimic)) => format!("rejected ({})", mimic.in_words()),
            (Verdict::Rejected, None) => "rejected".into(),
            (Verdict::Open, _) => "opened again".into(),
        };
    }
    let fields = [
        (before.mask != after.mask, "mask"),
        (before.certainty != after.certainty, "certainty"),
        (before.region != after.region, "region"),
        (before.side != after.side, "side"),
        (before.location != after.location, "place"),
        (before.size != after.size, "size"),
        (before.cause != after.cause, "cause"),
        (before.note != after.note, "note"),
        (before.is_group != after.is_group, "group"),
    ];
    let names: Vec<&str> = fields.iter().filter(|f| f.0).map(|f| f.1).collect();
    if names.is_empty() {
        "said again".into()
    } else {
        format!("{} changed", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::{MimicType, Runs};
    use crate::store::Action;

    #[test]
    fn decisions_in_words() {
        let said = |previous: Option<Mark>, value: Option<Mark>| {
            in_words(&Event {
                id: 1,
                time: String::new(),
                item: "f3".into(),
                action: Action::Change,
                previous: previous.map(Entry::Finding),
                value: value.map(Entry::Finding),
                by: None,
            })
        };
        let yes = Mark::of(Verdict::Accepted);
        let vessel = Mark {
            mimic: Some(MimicType::Vessel),
            ..Mark::of(Verdict::Rejected)
        };
        let drawn = Mark {
            mask: Some(Runs::of(&[1])),
            ..yes.clone()
        };
        assert_eq!(said(None, Some(yes.clone())), "f3: accepted");
        assert_eq!(
            said(Some(yes.clone()), Some(vessel)),
            "f3: rejected (vessel)"
        );
        assert_eq!(
            said(Some(yes.clone()), Some(drawn.clone())),
            "f3: mask changed"
        );
        assert_eq!(said(None, Some(drawn)), "f3: added");
        assert_eq!(said(Some(yes), None), "f3: taken back");
    }
}
