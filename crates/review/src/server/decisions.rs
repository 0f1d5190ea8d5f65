//! What a reader decides.

use super::app::blocking;
use super::entering::Who;
use super::scans::{ScanPath, reading_document};
use super::{App, Refused};
use crate::annotate::{Entry, GrowConfig, Reference, Runs, grow, touching_parts};
use crate::store::{ChangeRequest, Store, StoreError};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use siderin_core::lesion::Lesion;
use std::sync::Arc;
use std::time::Instant;

/// A decision as the page sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionChange {
    key: String,
    item: Option<String>,
    value: Option<Entry>,
}

/// A step back or forth.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    key: String,
}

/// What a message says, or why it says nothing.
pub(super) type Body<T> = Result<Json<T>, JsonRejection>;

/// The message, or the status and the reason that the extractor gives: too large, or not understood.
pub(super) fn body<T>(body: Body<T>) -> Result<T, Refused> {
    body.map(|Json(value)| value).map_err(|rejection| {
        let why = match rejection.status() {
            axum::http::StatusCode::PAYLOAD_TOO_LARGE => format!(
                "sending: the message is larger than {} MB; mark one lesion at a time",
                super::MOST_BYTES >> 20
            ),
            _ => format!("sending: {}; reload the page", rejection.body_text()),
        };
        Refused::new(rejection.status(), why)
    })
}

/// A key names one decision: anything short will do.
pub(super) fn check_key(key: &str) -> Result<(), Refused> {
    if (8..=64).contains(&key.len()) {
        return Ok(());
    }
    Err(Refused::wrong(
        "saving: the decision's key has no 8 to 64 characters; reload the page",
    ))
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
    sent: Body<DecisionChange>,
) -> Result<Json<Value>, Refused> {
    let sent = body(sent)?;
    blocking(app, move |app| {
        let reader = who.name()?;
        check_key(&sent.key)?;
        // What was kept is answered again, whatever was said since.
        if !app.store().is_kept(id, reader, &sent.key)? {
            check(app, id, reader, &sent)?;
        }
        let request = ChangeRequest {
            key: &sent.key,
            item: sent.item.as_deref(),
            value: sent.value.as_ref(),
            by: None,
        };
        let item = app.store().change(id, reader, &request)?;
        answer(app, id, reader, &item)
    })
    .await
}

/// Whether this can be said of this item of this scan.
fn check(app: &App, id: i64, reader: &str, sent: &DecisionChange) -> Result<(), Refused> {
    let loaded = app.loaded(id)?;
    let proposals = app.proposals(id, &loaded)?;
    let reading = app.reading(id, reader, &proposals)?;
    let voxels = loaded.scan.magnitude.grid().voxel_count();
    let no_item = |item: &str| {
        Refused::missing(format!(
            "saving: {item:?} is not in this scan; reload the page"
        ))
    };
    match (&sent.value, sent.item.as_deref()) {
        (Some(Entry::Finding(_)), Some(item)) if reading.finding(item).is_none() => {
            // What was taken back may be said again, by redoing; not by a new decision.
            Err(no_item(item))
        }
        (Some(Entry::Landmark(_)), Some(item))
            if !reading.landmarks.iter().any(|(known, _)| known == item) =>
        {
            Err(no_item(item))
        }
        (Some(Entry::Quality(_)), Some(item)) if item != "quality" => Err(no_item(item)),
        (Some(Entry::Finished(finished)), item) => match item {
            Some(item) if item != "finished" => Err(no_item(item)),
            _ => match reading.tally().open {
                open if open > 0 && finished.is_finished => Err(Refused::not_now(format!(
                    "finishing the scan: {open} findings are not decided; accept or reject each first"
                ))),
                _ => Ok(()),
            },
        },
        (None, None) => Err(no_item("")),
        // What can be taken back is what was said.
        (None, Some(item)) if !app.store().said(id, reader)?.iter().any(|s| s.item == item) => {
            Err(no_item(item))
        }
        _ => Ok(()),
    }?;
    if let Some(entry) = &sent.value {
        let finding = sent.item.as_deref().and_then(|item| reading.finding(item));
        let has_mask = finding.is_some_and(|finding| finding.proposed.is_some());
        entry
            .check(voxels, has_mask)
            .map_err(|error| Refused::wrong(format!("saving: {error}")))?;
    }
    Ok(())
}

pub(super) async fn undo(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
    sent: Body<Step>,
) -> Result<Json<Value>, Refused> {
    step(app, id, who, body(sent)?, Store::undo).await
}

pub(super) async fn redo(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
    sent: Body<Step>,
) -> Result<Json<Value>, Refused> {
    step(app, id, who, body(sent)?, Store::redo).await
}

/// Takes a step of the store's, of a scan, by a reader and under a key.
async fn step(
    app: Arc<App>,
    id: i64,
    who: Who,
    sent: Step,
    take: fn(&mut Store, i64, &str, &str) -> Result<String, StoreError>,
) -> Result<Json<Value>, Refused> {
    blocking(app, move |app| {
        let reader = who.name()?;
        check_key(&sent.key)?;
        app.scan(id)?;
        let item = take(&mut app.store(), id, reader, &sent.key)?;
        answer(app, id, reader, &item)
    })
    .await
}

fn answer(app: &App, id: i64, reader: &str, item: &str) -> Result<Json<Value>, Refused> {
    let loaded = app.loaded(id)?;
    let reading = reading_document(app, id, reader, &loaded)?;
    Ok(Json(json!({ "item": item, "reading": reading })))
}

/// A click or a scribble.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grow {
    seeds: Vec<[usize; 3]>,
    #[serde(default)]
    reference: GrowReference,
    #[serde(default)]
    each_stroke: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GrowReference {
    Parent,
    SeedAverage,
    #[default]
    RunningAverage,
}

impl GrowReference {
    fn reference(self) -> Reference {
        match self {
            Self::Parent => Reference::Parent,
            Self::SeedAverage => Reference::SeedAverage,
            Self::RunningAverage => Reference::RunningAverage,
        }
    }
}

pub(super) async fn grown(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    sent: Body<Grow>,
) -> Result<Json<Value>, Refused> {
    let sent = body(sent)?;
    blocking(app, move |app| {
        let start = Instant::now();
        let loaded = app.loaded(id)?;
        let image = &loaded.scan.magnitude;
        let grid = image.grid();
        let shape = grid.shape();
        let outside = |seed: &[usize; 3]| (0..3).any(|axis| seed[axis] >= shape[axis]);
        if let Some(seed) = sent.seeds.iter().find(|seed| outside(seed)) {
            return Err(Refused::wrong(format!(
                "growing a lesion: voxel {seed:?} is not in the scan of {shape:?}"
            )));
        }
        let seeds: Vec<usize> = sent.seeds.iter().map(|seed| grid.offset(*seed)).collect();
        let strokes = if sent.each_stroke {
            touching_parts(&seeds, grid)
        } else {
            vec![seeds]
        };
        let config = GrowConfig {
            reference: sent.reference.reference(),
            ..GrowConfig::default()
        };
        let (mut voxels, mut tolerance, count) = (Vec::new(), 0.0f32, strokes.len());
        for stroke in strokes {
            let one =
                grow(image, &stroke, &config).map_err(|error| Refused::wrong(error.to_string()))?;
            tolerance = tolerance.max(one.tolerance);
            voxels.extend(one.voxels);
        }
        voxels.sort_unstable();
        voxels.dedup();
        let lesion = Lesion::of_voxels(grid, voxels, 1.0);
        Ok(Json(json!({
            "mask": Runs::of(&lesion.voxels),
            "tolerance": tolerance,
            "volume_mm3": lesion.volume_mm3,
            "diameter_mm": lesion.diameter_mm,
            "count": count,
            "milliseconds": start.elapsed().as_secs_f64() * 1e3,
        })))
    })
    .await
}
