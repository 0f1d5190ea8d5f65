//! The room for one page on this machine.
//!
//! Everything lies below `/TOKEN/`: who does not know the token, another page or another user, gets nothing.
//! `guard` refuses requests under another host's name or from another site, and forbids the page to ask anybody else.

mod app;
mod assets;
mod connections;
mod decisions;
mod documents;
mod entering;
mod exports;
mod guard;
mod held_body;
mod refused;
mod runs;
mod scans;
mod together;

pub use app::{App, AppConfig, check_reader};
pub use connections::Limits;
pub use refused::Refused;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

/// The largest message a page may send: a mask of a million voxels in the worst case has eight.
pub const MOST_BYTES: usize = 16 << 20;

/// A server that cannot start.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServeError {
    #[error(
        "serving: port {port} of 127.0.0.1 cannot be used ({why}); give another with ‹port›, or leave it out"
    )]
    Port { port: u16, why: std::io::Error },
    #[error("serving: {0}")]
    Io(#[from] std::io::Error),
}

/// A port that is listened on.
#[derive(Debug)]
pub struct Listening {
    listener: std::net::TcpListener,
    /// The port.
    pub port: u16,
}

/// Listens on loopback: on `port` or not at all; without one on `last` if that is free, else on any.
///
/// # Errors
/// When the port is taken.
pub fn listen(port: Option<u16>, last: Option<u16>) -> Result<Listening, ServeError> {
    let bind = |port: u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        std::net::TcpListener::bind(address).map_err(|why| ServeError::Port { port, why })
    };
    let listener = match (port, last) {
        (Some(port), _) => bind(port)?,
        (None, Some(last)) => bind(last).or_else(|_| bind(0))?,
        (None, None) => bind(0)?,
    };
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok(Listening { listener, port })
}

/// Serves until the process is asked to end; what was answered is on the disk by then.
///
/// # Errors
/// When the system refuses.
pub fn serve(app: Arc<App>, listening: Listening) -> Result<(), ServeError> {
    serve_within(app, listening, Limits::default())
}

/// As [`serve`], within other limits.
///
/// # Errors
/// As there.
pub fn serve_within(app: Arc<App>, listening: Listening, limits: Limits) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listening.listener)?;
        connections::serve(listener, router(app), limits).await;
        Ok(())
    })
}

/// All addresses. `{token}` is checked by [`guard::guard`] before anything else looks at a request.
fn router(app: Arc<App>) -> Router {
    let room = Router::new()
        .route("/{*path}", get(assets::asset))
        .route("/api/room", get(scans::room))
        .route("/api/enter", post(entering::enter))
        .route("/api/leave", post(entering::leave))
        .route("/api/scans/{scan}", get(scans::scan))
        .route("/api/scans/{scan}/image.nii", get(scans::image))
        .route("/api/scans/{scan}/thumbs/{item}", get(scans::thumb))
        .route("/api/scans/{scan}/changes", post(decisions::change))
        .route("/api/scans/{scan}/undo", post(decisions::undo))
        .route("/api/scans/{scan}/redo", post(decisions::redo))
        .route("/api/scans/{scan}/grow", post(decisions::grown))
        .route("/api/runs", post(runs::start))
        .route("/api/runs/{run}", get(runs::status))
        .route("/api/agreement", get(together::agreement_of))
        .route(
            "/api/scans/{scan}/consensus",
            get(together::consensus).post(together::decide),
        )
        .route("/api/export", post(exports::export))
        .route("/api/scans/{scan}/report.html", get(exports::report))
        .route("/api/scans/{scan}/audit.csv", get(exports::audit));
    Router::new()
        .route("/{token}", get(assets::with_slash))
        .route("/{token}/", get(assets::index))
        .nest("/{token}", room)
        .fallback(guard::not_here)
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
