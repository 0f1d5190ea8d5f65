//! Who may ask, and what the page may do.

use super::{App, Refused};
use crate::secret::is_same;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The page may load what this server sends and nothing else; the viewer compiles WebAssembly and makes blobs.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob: data:; \
     font-src 'self' data:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// A report is one file with its styles and pictures in it, and runs nothing.
pub(super) const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses what does not come from the page, and gives every answer the headers that keep it on this machine.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "no-referrer");
    set(CACHE_CONTROL, "no-store");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    response
}

/// Said where nothing is.
pub(super) async fn not_here() -> Refused {
    Refused::missing("asking for a page: there is none of this name")
}

fn check(app: &App, request: &Request) -> Result<(), Refused> {
    let forbidden = |why: &str| Err(Refused::new(StatusCode::FORBIDDEN, why));
    let headers = request.headers();
    // Another name that leads here (DNS rebinding) makes another site's page think that this is its own server.
    if !is_own_host(app, headers) {
        return forbidden(
            "asking under another name than 127.0.0.1 or localhost is refused; open the address that siderin \
             printed",
        );
    }
    let token = request.uri().path().split('/').nth(1).unwrap_or_default();
    if !is_same(token, &app.token) {
        return forbidden(
            "the address has no token or a wrong one; open the address that siderin printed when it was started \
             last",
        );
    }
    let site = headers
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_foreign = match site {
        Some("same-origin") => false,
        // Typed in, or opened by siderin.
        Some("none") => !is_read,
        Some(_) => true,
        None => false,
    };
    let origin_is_own = headers
        .get(ORIGIN)
        .is_none_or(|origin| app.origins.iter().any(|own| origin == own.as_str()));
    if is_foreign || !origin_is_own {
        return forbidden("another site asked; only the page that siderin serves may");
    }
    // A form of another site can send text, but no JSON.
    let is_json = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_read && !is_json {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "sending: the content is not application/json; only the page that siderin serves may send",
        ));
    }
    Ok(())
}

fn is_own_host(app: &App, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| {
        app.origins
            .iter()
            .any(|own| own.strip_prefix("http://") == Some(host))
    })
}
