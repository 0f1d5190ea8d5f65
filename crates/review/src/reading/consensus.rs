//! What several readers agree on, and what is decided of the rest.

use super::{Proposals, Reading, ReadingError};
use crate::CONSENSUS;
use crate::annotate::{Entry, Finding, Mark, PlaceRead, ReaderView, Runs, Site, Verdict, places};
use crate::store::Store;
use std::collections::HashMap;

/// A place with what was decided of it together.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsensusPlace {
    /// What each reader says.
    pub read: PlaceRead,
    /// What was decided; none where nobody did.
    pub decision: Option<Mark>,
}

/// The places of these readers' findings. Disagreements come first, then the order of [`places`].
///
/// # Errors
/// [`ReadingError`].
pub fn consensus_places(
    store: &Store,
    scan: i64,
    readings: &[(String, Reading)],
    site: &Site,
) -> Result<Vec<ConsensusPlace>, ReadingError> {
    let views: Vec<ReaderView> = readings
        .iter()
        .map(|(reader, reading)| ReaderView {
            reader,
            findings: &reading.findings,
        })
        .collect();
    let mut decided: HashMap<String, Mark> = HashMap::new();
    for said in store.said(scan, CONSENSUS)? {
        if let Entry::Finding(mark) = said.entry {
            decided.insert(said.item, mark);
        }
    }
    let mut all: Vec<ConsensusPlace> = places(&views, site)?
        .into_iter()
        .map(|read| ConsensusPlace {
            decision: decided.remove(&read.id),
            read,
        })
        .collect();
    all.sort_by_key(|place| place.read.is_agreed());
    Ok(all)
}

/// The findings of the consensus: what was decided, else what all agree on. What is neither is open.
#[must_use]
pub fn consensus_findings(
    places: &[ConsensusPlace],
    proposals: &Proposals,
    readings: &[(String, Reading)],
) -> Vec<Finding> {
    places
        .iter()
        .map(|place| {
            let proposed = proposals
                .findings
                .iter()
                .find(|(item, _)| *item == place.read.id)
                .map(|(_, proposed)| proposed.clone());
            Finding {
                item: place.read.id.clone(),
                mark: Some(mark(place, readings, proposed.is_some())),
                proposed,
            }
        })
        .collect()
}

/// The decision, on the first mask that a reader drew there.
fn mark(place: &ConsensusPlace, readings: &[(String, Reading)], is_proposed: bool) -> Mark {
    let first_of = |verdict: Verdict| {
        let of = |(n, (_, reading)): (usize, &(String, Reading))| {
            let item = place.read.items[n].as_deref()?;
            let mark = reading.finding(item)?.mark.clone()?;
            (mark.verdict == verdict).then_some(mark)
        };
        readings.iter().enumerate().find_map(of)
    };
    let verdict = match (&place.decision, place.read.is_agreed()) {
        (Some(mark), _) => mark.verdict,
        (None, true) if place.read.verdicts.contains(&Some(Verdict::Accepted)) => Verdict::Accepted,
        (None, true) => Verdict::Rejected,
        (None, false) => Verdict::Open,
    };
    let said = match (&place.decision, verdict) {
        (Some(mark), _) => mark.clone(),
        (None, Verdict::Open) => Mark::of(Verdict::Open),
        (None, verdict) => first_of(verdict).unwrap_or_else(|| Mark::of(verdict)),
    };
    let drawn = said
        .mask
        .clone()
        .or_else(|| first_of(Verdict::Accepted).and_then(|mark| mark.mask));
    let mask = match drawn {
        // A place is one lesion, also where it is a part of somebody's group.
        Some(_) if !is_proposed => Some(Runs::of(&place.read.lesion.voxels)),
        drawn => drawn,
    };
    Mark {
        mask: mask.or_else(|| (!is_proposed).then(|| Runs::of(&place.read.lesion.voxels))),
        is_group: false,
        ..said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::Proposed;
    use crate::store::ChangeRequest;
    use siderin_core::forms::Certainty;
    use siderin_image::volume::Grid;

    #[test]
    fn decisions_stand_before_agreement() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let scan = store.scan("s").unwrap().id;
        let grid = Grid::axis_aligned([100, 1, 1], [1.0; 3]).unwrap();
        let proposed = |voxel: usize| Proposed {
            confidence: 0.5,
            certainty: Certainty::Definite,
            voxels: vec![voxel],
        };
        let proposals = Proposals {
            run: None,
            findings: (1..=3)
                .map(|n| (format!("f{n}"), proposed(10 * n)))
                .collect(),
            regions: None,
        };
        let mut say = |reader: &str, item: Option<&str>, mark: Mark| {
            let key = format!("{reader}{item:?}");
            let request = ChangeRequest {
                key: &key,
                item,
                value: Some(&Entry::Finding(mark)),
                by: None,
            };
            store.change(scan, reader, &request).unwrap();
        };
        use Verdict::{Accepted, Rejected};
        for (item, anna, ben) in [
            ("f1", Accepted, Accepted),
            ("f2", Accepted, Rejected),
            ("f3", Rejected, Rejected),
        ] {
            say("anna", Some(item), Mark::of(anna));
            say("ben", Some(item), Mark::of(ben));
        }
        let own = Mark {
            mask: Some(Runs::of(&[60, 61])),
            ..Mark::of(Accepted)
        };
        say("ben", None, own);
        let all = |store: &Store| {
            let readings: Vec<(String, Reading)> = ["anna", "ben"]
                .map(|r| (r.into(), Reading::of(store, scan, r, &proposals).unwrap()))
                .into();
            let places = consensus_places(store, scan, &readings, &proposals.site(&grid)).unwrap();
            let findings = consensus_findings(&places, &proposals, &readings);
            findings
                .into_iter()
                .map(|finding| (finding.item.clone(), finding.verdict()))
                .collect::<Vec<_>>()
        };
        use Verdict::Open;
        let expected = [
            ("f2", Open),
            ("ben:a1", Open),
            ("f1", Accepted),
            ("f3", Rejected),
        ];
        let expected = expected.map(|(item, verdict)| (item.to_string(), verdict));
        assert_eq!(all(&store), expected);
        let mut say = |item: &str, verdict: Verdict| {
            let request = ChangeRequest {
                key: item,
                item: Some(item),
                value: Some(&Entry::Finding(Mark::of(verdict))),
                by: Some("anna"),
            };
            store.change(scan, CONSENSUS, &request).unwrap();
        };
        say("f2", Rejected);
        say("ben:a1", Accepted);
        let expected = [
            ("f2", Rejected),
            ("ben:a1", Accepted),
            ("f1", Accepted),
            ("f3", Rejected),
        ];
        let expected = expected.map(|(item, verdict)| (item.to_string(), verdict));
        assert_eq!(all(&store), expected);
    }
}
