//! Several readers: how well they agree, and what they decide together. Nobody sees another's reading of a scan
//! before having finished it.

use super::app::blocking;
use super::decisions::{Body, body, check_key};
use super::entering::Who;
use super::scans::ScanPath;
use super::{App, Refused};
use crate::CONSENSUS;
use crate::annotate::{Entry, Mark, PlaceRead, ReaderView, Runs, Verdict, agreement, places};
use crate::reading::{ConsensusPlace, Proposals, Reading, consensus_places};
use crate::room::LoadedScan;
use crate::store::ChangeRequest;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct AgreementQuery {
    #[serde(default = "all")]
    scan: String,
}

fn all() -> String {
    "all".into()
}

/// The readings of all who have finished a scan, by name.
pub(super) fn finished(
    app: &App,
    id: i64,
    proposals: &Proposals,
) -> Result<Vec<(String, Reading)>, Refused> {
    let readers = app.store().readers()?;
    let mut readings = Vec::new();
    for reader in readers {
        let reading = app.reading(id, &reader, proposals)?;
        if reading.is_finished {
            readings.push((reader, reading));
        }
    }
    Ok(readings)
}

/// Refuses who has not finished.
fn only_after_finishing(readings: &[(String, Reading)], reader: &str) -> Result<(), Refused> {
    if readings.iter().any(|(name, _)| name == reader) {
        return Ok(());
    }
    Err(blinded())
}

fn blinded() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "looking at other readings: readers are blinded to each other until they have finished the scan; finish it \
         first",
    )
}

/// Whether a reader has signed a scan off.
fn has_finished(app: &App, id: i64, reader: &str) -> Result<bool, Refused> {
    let said = app.store().said(id, reader)?;
    Ok(said
        .iter()
        .any(|said| matches!(said.entry, Entry::Finished(finished) if finished.is_finished)))
}

pub(super) async fn agreement_of(
    State(app): State<Arc<App>>,
    Query(query): Query<AgreementQuery>,
    who: Who,
) -> Result<Json<Value>, Refused> {
    blocking(app, move |app| {
        let reader = who.name()?;
        let scans: Vec<i64> = match query.scan.as_str() {
            "all" => app.room.scans.iter().map(|scan| scan.id).collect(),
            id => vec![id.parse().map_err(|_| {
                Refused::wrong(format!("comparing readers: {id} is no scan's number"))
            })?],
        };
        let mut by_scan: Vec<(Vec<String>, Vec<PlaceRead>)> = Vec::new();
        for id in scans {
            app.scan(id)?;
            // Of several scans those count that the reader has finished; the others are not even read.
            if !has_finished(app, id, reader)? {
                continue;
            }
            let loaded = app.loaded(id)?;
            let proposals = app.proposals(id, &loaded)?;
            let readings = finished(app, id, &proposals)?;
            let views: Vec<ReaderView> = readings
                .iter()
                .map(|(reader, reading)| ReaderView {
                    reader,
                    findings: &reading.findings,
                })
                .collect();
            let site = proposals.site(loaded.scan.magnitude.grid());
            let read = places(&views, &site).map_err(|e| Refused::failed(e.to_string()))?;
            by_scan.push((readings.into_iter().map(|(name, _)| name).collect(), read));
        }
        if by_scan.is_empty() {
            return Err(blinded());
        }
        Ok(Json(json!({
            "readers": names(&by_scan),
            "scans": by_scan.len(),
            "pairs": pairs(&by_scan),
            "note": "A place is what the program proposed or a reader marked. Kappa depends on how much the \
                     program proposes that both reject; F1 does not.",
        })))
    })
    .await
}

fn names(by_scan: &[(Vec<String>, Vec<PlaceRead>)]) -> Vec<String> {
    let names: BTreeSet<&String> = by_scan.iter().flat_map(|(readers, _)| readers).collect();
    names.into_iter().cloned().collect()
}

/// The agreement of each two readers over the scans that both have finished.
fn pairs(by_scan: &[(Vec<String>, Vec<PlaceRead>)]) -> Vec<Value> {
    let readers = names(by_scan);
    let mut pairs = Vec::new();
    for (n, a) in readers.iter().enumerate() {
        for b in &readers[n + 1..] {
            let mut common = Vec::new();
            for (names, places) in by_scan {
                let at = |name: &String| names.iter().position(|known| known == name);
                if let (Some(first), Some(second)) = (at(a), at(b)) {
                    // Two columns, whoever else has read the scan; what neither saw was never theirs.
                    common.extend(places.iter().filter_map(|place| {
                        let verdicts = vec![place.verdicts[first], place.verdicts[second]];
                        let is_proposed = !place.id.contains(':');
                        (is_proposed || verdicts.iter().any(Option::is_some)).then(|| PlaceRead {
                            verdicts,
                            ..place.clone()
                        })
                    }));
                }
            }
            let found = agreement(&common, 0, 1);
            let mut pair = json!(found);
            pair["a"] = json!(a);
            pair["b"] = json!(b);
            pair["kappa_low"] = json!(found.kappa_interval.map(|i| i[0]));
            pair["kappa_high"] = json!(found.kappa_interval.map(|i| i[1]));
            pairs.push(pair);
        }
    }
    pairs
}

pub(super) async fn consensus(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
) -> Result<Json<Value>, Refused> {
    blocking(app, move |app| {
        let loaded = app.loaded(id)?;
        consensus_document(app, id, who.name()?, &loaded).map(Json)
    })
    .await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decide {
    key: String,
    place: String,
    value: Option<Entry>,
}

pub(super) async fn decide(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
    sent: Body<Decide>,
) -> Result<Json<Value>, Refused> {
    let sent = body(sent)?;
    blocking(app, move |app| {
        let reader = who.name()?;
        check_key(&sent.key)?;
        let loaded = app.loaded(id)?;
        let (_, all) = all_places(app, id, reader, &loaded)?;
        if !all.iter().any(|place| place.read.id == sent.place) {
            return Err(Refused::missing(format!(
                "deciding together: there is no place {:?}; reload the page",
                sent.place
            )));
        }
        if let Some(entry) = &sent.value {
            let voxels = loaded.scan.magnitude.grid().voxel_count();
            if !matches!(entry, Entry::Finding(_)) {
                return Err(Refused::wrong("deciding together: expected a finding"));
            }
            entry
                .check(voxels, true)
                .map_err(|error| Refused::wrong(format!("deciding together: {error}")))?;
        }
        let request = ChangeRequest {
            key: &sent.key,
            item: Some(&sent.place),
            value: sent.value.as_ref(),
            by: Some(reader),
        };
        app.store().change(id, CONSENSUS, &request)?;
        consensus_document(app, id, reader, &loaded).map(Json)
    })
    .await
}

type Together = (Vec<(String, Reading)>, Vec<ConsensusPlace>);

/// All places, for a reader who has finished.
fn all_places(app: &App, id: i64, reader: &str, loaded: &LoadedScan) -> Result<Together, Refused> {
    let proposals = app.proposals(id, loaded)?;
    let readings = finished(app, id, &proposals)?;
    only_after_finishing(&readings, reader)?;
    let site = proposals.site(loaded.scan.magnitude.grid());
    let places = consensus_places(&app.store(), id, &readings, &site)?;
    Ok((readings, places))
}

fn consensus_document(
    app: &App,
    id: i64,
    reader: &str,
    loaded: &LoadedScan,
) -> Result<Value, Refused> {
    let (readings, all) = all_places(app, id, reader, loaded)?;
    let readers: Vec<&String> = readings.iter().map(|(name, _)| name).collect();
    let places: Vec<Value> = all
        .iter()
        .map(|place| {
            let by_reader = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
                let named = readers.iter().enumerate();
                named
                    .map(|(n, reader)| ((*reader).clone(), value(n)))
                    .collect()
            };
            let read = &place.read;
            json!({
                "id": read.id,
                "center_world": read.lesion.center_world.to_array(),
                "center_voxel": read.lesion.center_voxel.to_array(),
                "mask": Runs::of(&read.lesion.voxels),
                "items": by_reader(&|n| json!(read.items[n])),
                "verdicts": by_reader(&|n| json!(read.verdicts[n].map_or("absent", Verdict::name))),
                "agreed": read.is_agreed(),
                "decision": place.decision.as_ref().map(|mark: &Mark| Entry::Finding(mark.clone())),
            })
        })
        .collect();
    let by = app.store().trail(id, CONSENSUS)?;
    let by = by.last().and_then(|event| event.by.clone());
    Ok(json!({ "readers": readers, "places": places, "by": by }))
}
