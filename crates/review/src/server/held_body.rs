//! A large answer that counts against a limit until it is sent.

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Who takes longer than this for an image no longer holds others up.
const LONGEST: Duration = Duration::from_secs(60);

/// Bytes sent piece by piece, so that they are held until nearly all are with the browser.
pub(super) struct HeldBody {
    left: Bytes,
    /// Dropped with the answer, which gives the permit back.
    _done: oneshot::Sender<()>,
}

impl HeldBody {
    pub(super) fn new(bytes: Vec<u8>, permit: Option<OwnedSemaphorePermit>) -> Self {
        let (done, sent) = oneshot::channel();
        tokio::spawn(async move {
            let _permit = permit;
            let _ = tokio::time::timeout(LONGEST, sent).await;
        });
        Self {
            left: bytes.into(),
            _done: done,
        }
    }
}

impl Body for HeldBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const PIECE: usize = 1 << 20;
        let size = self.left.len().min(PIECE);
        if size == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
