//! Batches, made ahead of the network by threads of their own.

use crate::data::{PreparedFileError, Store};
use crate::sample::{Sample, Sampler, cut};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// Samples side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    /// Number of the batch in the run.
    pub(crate) number: u64,
    /// Samples, images, slices, rows, columns; columns fastest.
    pub(crate) images: Vec<f32>,
    /// Class of each voxel: samples, slices, rows, columns.
    pub(crate) classes: Vec<u8>,
    /// Samples, images, slices, rows, columns.
    pub(crate) shape: [usize; 5],
    /// What it took one thread to make it.
    pub(crate) made_in_s: f64,
}

/// Batches that wait for the network, for each thread.
const AHEAD: usize = 4;

/// Makes batches in their order, whatever thread makes which.
pub(crate) struct Loader {
    queues: Vec<Receiver<Result<Batch, PreparedFileError>>>,
    next: u64,
    threads: Vec<JoinHandle<()>>,
}

impl Loader {
    /// Starts `threads` threads that make batch `first` and those after it.
    pub(crate) fn start(store: &Arc<Store>, sampler: &Sampler, first: u64, threads: usize) -> Self {
        let mut queues = Vec::new();
        let threads = (0..threads.max(1))
            .map(|thread| {
                let (sender, receiver) = sync_channel(AHEAD);
                queues.push(receiver);
                let (store, sampler) = (Arc::clone(store), sampler.clone());
                let numbers = (first + thread as u64..).step_by(threads.max(1));
                std::thread::spawn(move || make(&store, &sampler, numbers, &sender))
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
    pub(crate) fn next(&mut self) -> Result<Batch, PreparedFileError> {
        let queue = &self.queues[(self.next % self.queues.len() as u64) as usize];
        self.next += 1;
        queue.recv().unwrap_or_else(|_| {
            let why = "a thread that makes batches ended; please report this as a fault";
            Err(std::io::Error::other(why).into())
        })
    }
}

impl Drop for Loader {
    /// Threads end when nobody takes their batches.
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn make(
    store: &Store,
    sampler: &Sampler,
    numbers: impl Iterator<Item = u64>,
    sender: &SyncSender<Result<Batch, PreparedFileError>>,
) {
    let mut order = Order::new(sampler);
    for number in numbers {
        let batch = make_batch(store, sampler, &mut order, number);
        let failed = batch.is_err();
        if sender.send(batch).is_err() || failed {
            return;
        }
    }
}

/// The order of the epoch at hand.
struct Order<'a> {
    sampler: &'a Sampler,
    epoch: u64,
    samples: Vec<(usize, usize)>,
}

impl<'a> Order<'a> {
    fn new(sampler: &'a Sampler) -> Self {
        Self {
            sampler,
            epoch: 0,
            samples: sampler.order(0),
        }
    }

    fn of(&mut self, index: u64) -> (usize, usize) {
        let per_epoch = self.sampler.per_epoch();
        let epoch = index / per_epoch;
        if epoch != self.epoch {
            self.epoch = epoch;
            self.samples = self.sampler.order(epoch);
        }
        self.samples[(index % per_epoch) as usize]
    }
}

fn make_batch(
    store: &Store,
    sampler: &Sampler,
    order: &mut Order,
    number: u64,
) -> Result<Batch, PreparedFileError> {
    let start = Instant::now();
    let config = sampler.config();
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    let mut channels = 0;
    for at in 0..config.batch as u64 {
        let index = number * config.batch as u64 + at;
        let at = order.of(index);
        let material = store.material(at.0)?;
        channels = material.images.len();
        let draw = sampler.draw(index, at, &material);
        let sample: Sample = cut(&material, config.size, &draw);
        images.extend(sample.images);
        classes.extend(sample.classes);
    }
    let [d, h, w] = config.size;
    Ok(Batch {
        number,
        images,
        classes,
        shape: [config.batch, channels, d, h, w],
        made_in_s: start.elapsed().as_secs_f64(),
    })
}
