//! Batches, made ahead of the network by threads of their own.

use crate::data::PreparedFileError;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// Makes batches of a run by their number.
pub(crate) type Maker<B> = Box<dyn FnMut(u64) -> Result<B, PreparedFileError> + Send>;

/// A batch, and what it took one thread to make it.
pub(crate) struct Made<B> {
    pub(crate) batch: B,
    pub(crate) in_s: f64,
}

/// Batches that wait for the network, for each thread.
const AHEAD: usize = 4;

/// Makes batches in their order, whatever thread makes which.
pub(crate) struct Loader<B> {
    queues: Vec<Receiver<Result<Made<B>, PreparedFileError>>>,
    next: u64,
    threads: Vec<JoinHandle<()>>,
}

impl<B: Send + 'static> Loader<B> {
    /// Starts a thread for each maker; together they make batch `first` and those after it.
    pub(crate) fn start(makers: Vec<Maker<B>>, first: u64) -> Self {
        let count = makers.len();
        let mut queues = Vec::new();
        let threads = makers
            .into_iter()
            .enumerate()
            .map(|(thread, maker)| {
                let (sender, receiver) = sync_channel(AHEAD);
                queues.push(receiver);
                let numbers = (first + thread as u64..).step_by(count);
                std::thread::spawn(move || make(maker, numbers, &sender))
            })
            .collect();
        Self {
            queues,
            next: 0,
            threads,
        }
    }

    /// The next batch.
    ///
    /// # Errors
    /// When a prepared scan cannot be read.
    pub(crate) fn next(&mut self) -> Result<Made<B>, PreparedFileError> {
        let queue = &self.queues[(self.next % self.queues.len() as u64) as usize];
        self.next += 1;
        queue.recv().unwrap_or_else(|_| {
            let why = "a thread that makes batches ended; please report this as a fault";
            Err(std::io::Error::other(why).into())
        })
    }
}

impl<B> Drop for Loader<B> {
    /// Threads end when nobody takes their batches.
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn make<B>(
    mut maker: Maker<B>,
    numbers: impl Iterator<Item = u64>,
    sender: &SyncSender<Result<Made<B>, PreparedFileError>>,
) {
    for number in numbers {
        let start = Instant::now();
        let made = maker(number).map(|batch| Made {
            batch,
            in_s: start.elapsed().as_secs_f64(),
        });
        let failed = made.is_err();
        if sender.send(made).is_err() || failed {
            return;
        }
    }
}
