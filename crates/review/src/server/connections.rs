//! How many may ask at once, and how long they may take.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait until one ends.
    pub connections: u32,
    /// How long a connection may wait with its next request, and take over sending its head.
    pub head: Duration,
}

impl Default for Limits {
    /// A browser opens six; a page that is left open asks again when it needs to.
    fn default() -> Self {
        Self {
            connections: 64,
            head: Duration::from_secs(30),
        }
    }
}

/// Serves until the process is asked to end, and then gives those who are being answered a moment.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits) {
    const GRACE: Duration = Duration::from_secs(2);
    const AFTER_FAULT: Duration = Duration::from_millis(50);
    let room = Arc::new(Semaphore::new(limits.connections as usize));
    let end = tokio::signal::ctrl_c();
    tokio::pin!(end);
    loop {
        let next = async {
            let place = room.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            _ = &mut end => break,
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(_) => {
                    // Such as too many open files: others end.
                    tokio::time::sleep(AFTER_FAULT).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let _place = place;
            // A connection that breaks off is the other side's choice.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
    let _ = tokio::time::timeout(GRACE, room.acquire_many(limits.connections)).await;
}
