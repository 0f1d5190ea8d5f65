//! What is learnt: where batches come from, what is minimised, and how weights are judged.

mod batches;
mod candidates;
mod patches;
mod regions;
mod structures;

pub(crate) use candidates::CandidateTask;
pub(crate) use patches::{PatchTask, predictor_of};
pub use regions::RegionJudgeError;
pub(crate) use regions::RegionTask;
pub use structures::HeadsError;
pub(crate) use structures::StructureTask;

use crate::data::PreparedFileError;
use crate::loader::Maker;
use crate::score::{Counts, JudgeError};
use burn::tensor::Tensor;
use siderin_evaluate::ScoreError;
use siderin_net::CandidateError;
use siderin_net::architectures::Network;
use siderin_net::model_file::{Model, ModelCard};

/// Weights that cannot be judged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TaskError {
    #[error(transparent)]
    File(#[from] PreparedFileError),
    #[error(transparent)]
    Lesions(#[from] JudgeError),
    #[error(transparent)]
    Regions(#[from] RegionJudgeError),
    #[error(transparent)]
    Candidates(#[from] CandidateError),
    #[error(transparent)]
    Score(#[from] ScoreError),
    #[error(
        "learning from candidates: those of {scans} scans need more than data.memory_gib = {limit_gib}; \
         raise it (a scan needs about 6 MiB), or give fewer scans"
    )]
    Memory { scans: usize, limit_gib: f64 },
}

/// What weights are worth, and the card that gets it out of them.
pub(crate) struct Verdict {
    pub(crate) counts: Counts,
    pub(crate) card: ModelCard,
}

/// What a run learns. Nothing here changes on the way: a resumed run has the same task.
pub(crate) trait Task {
    /// Samples side by side.
    type Batch: Send + 'static;

    /// Scans that are learnt from.
    fn scans(&self) -> usize;

    /// Scans that judge.
    fn judges(&self) -> usize;

    /// Batches of an epoch.
    fn batches_per_epoch(&self) -> u64;

    /// Samples side by side in a batch.
    fn samples_per_batch(&self) -> usize;

    /// Makes batches, the same for everyone who asks; `mistakes` of each scan are to be shown.
    fn maker(&self, mistakes: &[Vec<usize>]) -> Maker<Self::Batch>;

    /// One number, to be minimised.
    fn loss(&self, network: &Network, batch: &Self::Batch) -> Tensor<1>;

    /// Holds a model against the scans that judge. `told` is called after each.
    fn judge(&self, model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError>;

    /// Mistakes of a model on each scan that it learns from, where a config may ask for them.
    fn mine(&self, _: Model, _: &dyn Fn(usize)) -> Result<Vec<Vec<usize>>, TaskError> {
        Ok(vec![Vec::new(); self.scans()])
    }
}
