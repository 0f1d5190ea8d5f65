//! What is open, and what each scan shows.

use super::app::blocking;
use super::documents::{ReadingDocument, vocabulary};
use super::entering::Who;
use super::held_body::HeldBody;
use super::{App, Refused};
use crate::room::{DisplayWindow, LoadedScan, RoomScan, image_bytes};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use siderin_core::RESEARCH_USE;
use siderin_image::folder::read_bounded;
use siderin_image::scan::suitability;
use siderin_report::thumbnail;
use std::sync::Arc;

/// The token and a scan's number.
pub(super) type ScanPath = Path<(String, i64)>;

/// A radiology report is a page or two.
const MOST_REPORT_MB: u64 = 1;

pub(super) async fn room(State(app): State<Arc<App>>, who: Who) -> Result<Json<Value>, Refused> {
    blocking(app, move |app| {
        let reader = who.name_if_entered();
        let store = app.store();
        let scans: Result<Vec<Value>, Refused> = app
            .room
            .scans
            .iter()
            .map(|scan| listed(app, scan, &store, reader))
            .collect();
        let methods: Vec<Value> = app
            .methods
            .iter()
            .map(|m| json!({ "id": m.id, "name": m.name, "note": m.note }))
            .collect();
        Ok(Json(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "research_use": RESEARCH_USE,
            "review_id": app.review_id,
            "reader_given": app.reader,
            "has_entered": reader.is_some(),
            "readers": store.readers()?,
            "left_out": app.room.left_out,
            "methods": methods,
            "scans": scans?,
            "vocabulary": vocabulary(),
        })))
    })
    .await
}

/// A scan in the list, without reading its voxels.
fn listed(
    app: &App,
    scan: &RoomScan,
    store: &crate::store::Store,
    reader: Option<&str>,
) -> Result<Value, Refused> {
    use crate::annotate::{Entry, Verdict};
    let run = store.runs(scan.id)?.into_iter().next();
    let found = match &run {
        Some(run) => Some(store.findings(run.id)?.len()),
        None => None,
    };
    let said = match reader {
        Some(reader) => store.said(scan.id, reader)?,
        None => Vec::new(),
    };
    let (mut decided, mut own, mut finished) = (0, 0, false);
    for one in &said {
        match &one.entry {
            Entry::Finding(mark) if one.item.starts_with('f') => {
                decided += usize::from(mark.verdict != Verdict::Open);
            }
            Entry::Finding(_) => own += 1,
            Entry::Finished(entry) => finished = entry.is_finished,
            _ => {}
        }
    }
    let state = match (finished, said.is_empty(), found) {
        (true, _, _) => "finished",
        (false, false, _) => "reading",
        (false, true, Some(_)) => "found",
        (false, true, None) => "new",
    };
    Ok(json!({
        "id": scan.id,
        "name": scan.name,
        "folder": scan.folder,
        "state": state,
        "findings": found.map(|n| n + own),
        "open": found.map(|n| n.saturating_sub(decided)),
        "job": app.jobs.unfinished(scan.id),
    }))
}

pub(super) async fn scan(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
) -> Result<Json<Value>, Refused> {
    blocking(app, move |app| {
        let reader = who.name()?;
        let scan = app.scan(id)?;
        let loaded = app.loaded(id)?;
        let grid = loaded.scan.magnitude.grid();
        let judged = suitability(grid, &loaded.scan.acquisition);
        let partners: Vec<Value> = scan
            .partners
            .iter()
            .map(|p| json!({ "id": p.id, "name": p.name, "kind": p.kind, "note": p.note() }))
            .collect();
        let runs: Vec<Value> = {
            let store = app.store();
            let runs = store.runs(id)?;
            let counted: Result<Vec<Value>, Refused> = runs
                .iter()
                .map(|run| {
                    Ok(json!({
                        "id": run.id, "method": run.method, "name": run.about.name,
                        "time": run.time, "findings": store.findings(run.id)?.len(),
                    }))
                })
                .collect();
            counted?
        };
        let proposals = app.proposals(id, &loaded)?;
        let mut notes: Vec<String> = loaded.scan.notes.iter().map(ToString::to_string).collect();
        if let Some(run) = &proposals.run {
            notes.extend(run.about.notes.iter().cloned());
        }
        // What reading the scan noted, the run noted as well.
        let mut seen = std::collections::HashSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        Ok(Json(json!({
            "id": id,
            "name": scan.name,
            "sequence": loaded.scan.acquisition.sequence().to_string(),
            "suitability": { "verdict": judged.verdict.to_string(), "reasons": judged.reasons },
            "notes": notes,
            "report_text": report_text(scan),
            "image": image_about(&loaded),
            "partners": partners,
            "run": proposals.run.as_ref().map(|run| run.id),
            "runs": runs,
            "reading": reading_document(app, id, reader, &loaded)?,
        })))
    })
    .await
}

/// A reader's state of a scan.
pub(super) fn reading_document(
    app: &App,
    id: i64,
    reader: &str,
    loaded: &LoadedScan,
) -> Result<ReadingDocument, Refused> {
    let proposals = app.proposals(id, loaded)?;
    let reading = app.reading(id, reader, &proposals)?;
    let steps = app.store().steps(id, reader)?;
    let site = proposals.site(loaded.scan.magnitude.grid());
    Ok(ReadingDocument::of(&reading, &site, steps)?)
}

fn image_about(loaded: &LoadedScan) -> Value {
    let grid = loaded.scan.magnitude.grid();
    json!({
        "shape": grid.shape(),
        "spacing_mm": grid.spacing_mm(),
        "world_from_voxel": grid.affine_rows(),
        "window": loaded.window,
        "slice_axis": grid.slice_axis(),
    })
}

/// The text beside the scan, or why it is not shown.
fn report_text(scan: &RoomScan) -> Option<String> {
    let path = scan.report_text.as_ref()?;
    Some(match read_bounded(path, MOST_REPORT_MB) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(None) => format!("(the report beside the scan is larger than {MOST_REPORT_MB} MB)"),
        Err(error) => format!("(the report beside the scan cannot be read: {error})"),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct ImageQuery {
    partner: Option<String>,
}

pub(super) async fn image(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    Query(query): Query<ImageQuery>,
) -> Result<Response, Refused> {
    let permit = app.images.clone().acquire_owned().await;
    let bytes = blocking(app, move |app| {
        let loaded = app.loaded(id)?;
        let magnitude = &loaded.scan.magnitude;
        let bytes = if let Some(wanted) = &query.partner {
            let scan = app.scan(id)?;
            let partner = scan.partners.iter().find(|p| p.id == *wanted);
            let partner = partner.ok_or_else(|| {
                Refused::missing(format!(
                    "showing the second image: the scan has none called {wanted}; choose one of the list"
                ))
            })?;
            let other = partner.scan().map(|id| app.loaded(id)).transpose()?;
            let voxels = partner.voxels(&loaded, other.as_deref())?;
            let grid = app.laid(id, partner, &loaded, &voxels)?;
            image_bytes(&voxels, &grid)
        } else {
            image_bytes(magnitude, magnitude.grid())
        };
        bytes.map_err(|error| Refused::failed(error.to_string()))
    })
    .await?;
    let body = Body::new(HeldBody::new(bytes, permit.ok()));
    Ok(([(CONTENT_TYPE, "application/octet-stream")], body).into_response())
}

pub(super) async fn thumb(
    State(app): State<Arc<App>>,
    Path((_, id, file)): Path<(String, i64, String)>,
    who: Who,
) -> Result<Response, Refused> {
    let svg = blocking(app, move |app| {
        let reader = who.name()?;
        let item = file.split('.').next().unwrap_or_default();
        let loaded = app.loaded(id)?;
        let proposals = app.proposals(id, &loaded)?;
        let reading = app.reading(id, reader, &proposals)?;
        let finding = reading.finding(item).ok_or_else(|| {
            Refused::missing(format!(
                "showing {item}: it is not in this scan; reload the page"
            ))
        })?;
        let site = proposals.site(loaded.scan.magnitude.grid());
        let lesion = finding
            .measured(&site)
            .map_err(|error| Refused::failed(error.to_string()))?;
        let DisplayWindow { black, white, .. } = loaded.window;
        Ok(thumbnail(&loaded.scan.magnitude, [black, white], &lesion))
    })
    .await?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}
