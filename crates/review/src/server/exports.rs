//! What leaves the room.

use super::app::blocking;
use super::decisions::{Body, body};
use super::entering::Who;
use super::guard::REPORT_POLICY;
use super::scans::ScanPath;
use super::together::finished;
use super::{App, Refused};
use crate::CONSENSUS;
use crate::export::{Export, ExportError, Exported, report_of, write_audit};
use crate::reading::{Proposals, Reading, consensus_findings, consensus_places, unpack};
use crate::room::LoadedScan;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use siderin_image::volume::Volume;
use siderin_report::reading_page;
use std::sync::Arc;

impl From<ExportError> for Refused {
    fn from(error: ExportError) -> Self {
        Self::failed(error.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    whose: Whose,
    scans: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Whose {
    Mine,
    Consensus,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Which {
    These(Vec<i64>),
    All(AllScans),
}

#[derive(Debug, Deserialize)]
enum AllScans {
    #[serde(rename = "all")]
    All,
}

pub(super) async fn export(
    State(app): State<Arc<App>>,
    who: Who,
    sent: Body<Wanted>,
) -> Result<Json<Value>, Refused> {
    let sent = body(sent)?;
    blocking(app, move |app| {
        let reader = who.name()?;
        let scans: Vec<i64> = match sent.scans {
            Which::These(scans) => scans,
            Which::All(AllScans::All) => app.room.scans.iter().map(|scan| scan.id).collect(),
        };
        let name = match sent.whose {
            Whose::Mine => reader,
            Whose::Consensus => CONSENSUS,
        };
        let mut export = Export::begin(&app.folder, name, &app.store())?;
        let mut left_out = Vec::new();
        for id in scans {
            let scan = app.scan(id)?;
            if let Err(why) = add(app, &mut export, id, reader, sent.whose) {
                left_out.push(json!({ "name": scan.name, "why": why.why }));
            }
        }
        let (folder, scans) = export.end()?;
        Ok(Json(json!({
            "folder": folder.to_string_lossy(), "scans": scans, "left_out": left_out,
        })))
    })
    .await
}

/// Adds one scan, or says why not.
fn add(app: &App, export: &mut Export, id: i64, reader: &str, whose: Whose) -> Result<(), Refused> {
    let loaded = app.loaded(id)?;
    let proposals = app.proposals(id, &loaded)?;
    let (reading, by, of) = match whose {
        Whose::Mine => {
            let reading = app.reading(id, reader, &proposals)?;
            if app.store().trail(id, reader)?.is_empty() {
                return Err(Refused::not_now("nothing was decided in this scan"));
            }
            (reading, reader.to_string(), reader)
        }
        Whose::Consensus => {
            let (reading, by) = together(app, id, reader)?;
            (reading, by, CONSENSUS)
        }
    };
    let trail = app.store().trail(id, of)?;
    let brain = brain(app, &loaded, &proposals)?;
    let exported = Exported {
        scan: app.scan(id)?,
        loaded: &loaded,
        proposals: &proposals,
        reading: &reading,
        reader: by,
        trail,
        brain: brain.as_ref(),
    };
    Ok(export.add(&exported, app.paper)?)
}

/// The brain that the scan's last run found.
fn brain(
    app: &App,
    loaded: &LoadedScan,
    proposals: &Proposals,
) -> Result<Option<Volume<bool>>, Refused> {
    let Some(run) = &proposals.run else {
        return Ok(None);
    };
    let maps = app.store().maps(run.id)?;
    let grid = loaded.scan.magnitude.grid();
    let brain = maps.and_then(|(brain, _)| unpack(&brain, grid));
    Ok(brain.map(|brain| brain.map(|inside| inside > 0)))
}

/// The consensus of all who have finished a scan, as a reading of its own.
fn together(app: &App, id: i64, reader: &str) -> Result<(Reading, String), Refused> {
    let loaded = app.loaded(id)?;
    let proposals = app.proposals(id, &loaded)?;
    let readings = finished(app, id, &proposals)?;
    if readings.len() < 2 {
        return Err(Refused::not_now(
            "fewer than two readers have finished this scan",
        ));
    }
    if !readings.iter().any(|(name, _)| name == reader) {
        return Err(Refused::not_now("you have not finished this scan"));
    }
    let site = proposals.site(loaded.scan.magnitude.grid());
    let places = consensus_places(&app.store(), id, &readings, &site)?;
    let findings = consensus_findings(&places, &proposals, &readings);
    let names: Vec<&str> = readings.iter().map(|(name, _)| name.as_str()).collect();
    let mut reading = Reading {
        findings,
        ..Reading::default()
    };
    reading.is_finished = reading.tally().open == 0;
    Ok((reading, format!("{} together", names.join(" and "))))
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
) -> Result<Response, Refused> {
    let page = blocking(app, move |app| {
        let reader = who.name()?;
        let loaded = app.loaded(id)?;
        let proposals = app.proposals(id, &loaded)?;
        let reading = app.reading(id, reader, &proposals)?;
        let brain = brain(app, &loaded, &proposals)?;
        let exported = Exported {
            scan: app.scan(id)?,
            loaded: &loaded,
            proposals: &proposals,
            reading: &reading,
            reader: reader.to_string(),
            trail: Vec::new(),
            brain: brain.as_ref(),
        };
        let report = report_of(&exported)?;
        reading_page(&report).map_err(|error| Refused::failed(error.to_string()))
    })
    .await?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, REPORT_POLICY),
    ];
    Ok((headers, page).into_response())
}

pub(super) async fn audit(
    State(app): State<Arc<App>>,
    Path((_, id)): ScanPath,
    who: Who,
) -> Result<Response, Refused> {
    let table = blocking(app, move |app| {
        let reader = who.name()?;
        app.scan(id)?;
        let trail = app.store().trail(id, reader)?;
        let mut table = Vec::new();
        write_audit(&mut table, reader, &trail).map_err(|e| Refused::failed(e.to_string()))?;
        Ok(table)
    })
    .await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, table).into_response())
}
