//! A checkpoint: one file with the network, the optimiser's state, the best model so far, and notes.

use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::RecordError;
use burn::tensor::Bytes;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};

/// A checkpoint that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CheckpointError {
    #[error("reading a checkpoint: {0}; it was damaged, remove it to begin anew")]
    Damaged(#[from] SafeTensorError),
    #[error("reading a checkpoint: {0}; it comes from another version, remove it to begin anew")]
    Notes(String),
    #[error("keeping the optimiser's state: {0}; please report this as a fault")]
    Optimiser(#[from] RecordError),
    #[error(
        "setting up the network: the {0} has one of other sizes than the config asks for; leave \
         [model.card.model] as it is there, or give another ‹out›"
    )]
    OtherNetwork(&'static str),
    #[error(
        "setting up the network: the checkpoint is of candidates in the brain that another network of \
         regions found; give that one under candidates.regions, or another ‹out›"
    )]
    OtherRegions,
}

/// What a checkpoint holds.
pub(super) struct Parts {
    pub(super) notes: String,
    /// A model file.
    pub(super) model: Vec<u8>,
    pub(super) optimiser: Vec<u8>,
    /// A model file.
    pub(super) average: Option<Vec<u8>>,
    /// A model file.
    pub(super) best: Option<Vec<u8>>,
}

const NOTES: &str = "notes";
const MODEL: &str = "model";
const OPTIMISER: &str = "optimiser";
const AVERAGE: &str = "average";
const BEST: &str = "best";

pub(super) fn write(parts: &Parts) -> Result<Vec<u8>, CheckpointError> {
    let mut entries = vec![
        (NOTES, parts.notes.as_bytes()),
        (MODEL, &parts.model),
        (OPTIMISER, &parts.optimiser),
    ];
    entries.extend(parts.average.as_deref().map(|average| (AVERAGE, average)));
    entries.extend(parts.best.as_deref().map(|best| (BEST, best)));
    let views = entries
        .into_iter()
        .map(|(name, bytes)| Ok((name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    Ok(safetensors::serialize(views, None)?)
}

pub(super) fn read(bytes: &[u8]) -> Result<Parts, CheckpointError> {
    let entries = SafeTensors::deserialize(bytes)?;
    let entry = |name: &str| entries.tensor(name).map(|view| view.data().to_vec());
    Ok(Parts {
        notes: String::from_utf8_lossy(&entry(NOTES)?).into_owned(),
        model: entry(MODEL)?,
        optimiser: entry(OPTIMISER)?,
        average: entry(AVERAGE).ok(),
        best: entry(BEST).ok(),
    })
}

pub(super) fn state_of(optimiser: &ModuleOptimizer) -> Result<Vec<u8>, CheckpointError> {
    Ok(optimiser.to_record().into_bytes()?.to_vec())
}

pub(super) fn with_state(
    optimiser: ModuleOptimizer,
    state: Vec<u8>,
) -> Result<ModuleOptimizer, CheckpointError> {
    let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(state))?;
    Ok(optimiser.load_record(record))
}
