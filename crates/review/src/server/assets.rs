//! The page's own files.

use super::Refused;
use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use rust_embed::RustEmbed;

/// The page. A debug build reads it from the disk, so that a change shows on reload.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/page"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.svg"]
#[exclude = "tests/*"]
#[exclude = "node_modules/*"]
struct Page;

/// The viewer, as its makers built it.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../vendor/niivue"]
struct Niivue;

/// Addresses on the page are relative to what ends in a slash.
pub(super) async fn with_slash(Path(token): Path<String>) -> Redirect {
    Redirect::permanent(&format!("/{token}/"))
}

pub(super) async fn index() -> Result<Response, Refused> {
    file("index.html")
}

pub(super) async fn asset(Path((_, path)): Path<(String, String)>) -> Result<Response, Refused> {
    file(&path)
}

fn file(path: &str) -> Result<Response, Refused> {
    let found = match path.strip_prefix("vendor/niivue/") {
        Some(inner) => Niivue::get(inner),
        None => Page::get(path),
    };
    let found =
        found.ok_or_else(|| Refused::missing("asking for a page: there is none of this name"))?;
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    Ok(([(CONTENT_TYPE, kind)], found.data.into_owned()).into_response())
}
