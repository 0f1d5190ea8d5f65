//! Weights that another program trained for one of these networks.

use super::weights::{WeightsMismatch, as_floats, differences, set_weights};
use crate::architectures::Network;
use burn::store::{ModuleSnapshot, ModuleStore, PytorchStore};
use siderin_image::folder::open_file;
use siderin_image::scan::printable;
use std::io::{self, Read};
use std::path::Path;

/// Weights that cannot be taken over.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ImportError {
    #[error("reading weights: {0}; check that the file is there and readable")]
    Io(#[from] io::Error),
    #[error("reading weights: the file ends in {0:?}; .safetensors, .pt and .pth can be read")]
    Kind(String),
    #[error(
        "reading weights: {0}; a file that torch.save wrote of a state dict is needed; where the \
         dict is one entry of several, name it"
    )]
    PyTorch(String),
    #[error(
        "reading weights: the tensor {name} has {numbers} numbers, more than any of the network's ({most}); it is of another network, or damaged"
    )]
    TooLarge {
        name: String,
        numbers: usize,
        most: usize,
    },
    #[error(transparent)]
    Weights(#[from] WeightsMismatch),
}

/// `network` with the weights of a safetensors file or a PyTorch state dict (`.pt`, `.pth`), whose
/// names must be the network's. `entry` is where in a PyTorch file the dict is.
///
/// # Errors
/// When the file cannot be read, or its tensors are not those of the network.
pub fn import_weights(
    mut network: Network,
    path: &Path,
    entry: Option<&str>,
) -> Result<Network, ImportError> {
    let kind = path.extension().unwrap_or_default().to_string_lossy();
    match kind.to_ascii_lowercase().as_str() {
        "safetensors" => {
            let mut bytes = Vec::new();
            open_file(path)?.read_to_end(&mut bytes)?;
            Ok(set_weights(network, bytes, None)?)
        }
        "pt" | "pth" => {
            open_file(path)?;
            let mut store = PytorchStore::from_file(path)
                .skip_enum_variants(true)
                .map_indices_contiguous(false)
                .validate(false)
                .allow_partial(true);
            if let Some(entry) = entry {
                store = store.with_top_level_key(entry);
            }
            check_sizes(&network, &mut store)?;
            let applied = network
                .load_from(&mut store)
                .map_err(|error| ImportError::PyTorch(error.to_string()))?;
            differences(&applied, true)?;
            Ok(as_floats(network)?)
        }
        other => Err(ImportError::Kind(other.into())),
    }
}

/// Refuses tensors that are larger than the network's before any is read: a file of a few bytes can claim as many
/// numbers as it likes, by strides of 0.
fn check_sizes(network: &Network, store: &mut PytorchStore) -> Result<(), ImportError> {
    let numbers = |shape: &[usize]| {
        shape
            .iter()
            .fold(1, |n: usize, extent| n.saturating_mul(*extent))
    };
    let own = network.collect(None, None, true);
    let most = own
        .iter()
        .map(|tensor| numbers(&tensor.shape))
        .max()
        .unwrap_or(0);
    let tensors = store
        .get_all_tensors()
        .map_err(|error| ImportError::PyTorch(error.to_string()))?;
    match tensors
        .values()
        .find(|tensor| numbers(&tensor.shape) > most)
    {
        None => Ok(()),
        Some(tensor) => Err(ImportError::TooLarge {
            name: printable(&tensor.name, false),
            numbers: numbers(&tensor.shape),
            most,
        }),
    }
}
