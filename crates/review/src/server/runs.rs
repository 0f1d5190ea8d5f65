//! Methods run from the page.

use super::app::blocking;
use super::decisions::{Body, body};
use super::entering::Who;
use super::{App, Refused};
use crate::jobs::JobStatus;
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    scan: i64,
    method: String,
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    who: Who,
    sent: Body<Run>,
) -> Result<Json<Value>, Refused> {
    let sent = body(sent)?;
    blocking(app, move |app| {
        who.name()?;
        app.scan(sent.scan)?;
        let known = app.methods.iter().any(|m| m.id == sent.method);
        if !known {
            return Err(Refused::missing(format!(
                "running {}: there is no such method; choose one of the list",
                sent.method
            )));
        }
        if let Some(id) = app.jobs.unfinished(sent.scan) {
            return Err(Refused::not_now(format!(
                "running {}: run {id} on this scan has not ended; wait for it",
                sent.method
            )));
        }
        let id = app.jobs.add(sent.scan, &sent.method);
        let app = app.clone();
        // A thread of its own: a run takes seconds to minutes, and the page must be answered meanwhile.
        std::thread::spawn(move || {
            let method = app.methods.iter().find(|m| m.id == sent.method);
            if let (Some(method), Some(scan)) = (method, app.room.scan(sent.scan)) {
                app.jobs.run(id, scan, method, &app.loader, &app.store);
            }
        });
        Ok(Json(json!({ "id": id })))
    })
    .await
}

pub(super) async fn status(
    State(app): State<Arc<App>>,
    Path((_, id)): Path<(String, u64)>,
) -> Result<Json<JobStatus>, Refused> {
    app.jobs.status(id).map(Json).ok_or_else(|| {
        Refused::missing(format!(
            "asking for run {id}: this server knows none; if it was started anew, run the method again"
        ))
    })
}
