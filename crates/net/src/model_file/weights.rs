//! Named tensors into a network and out of it, in PyTorch's names and layouts.

use burn::module::{Module, ModuleMapper, Param};
use burn::store::{
    ApplyError, ApplyResult, BurnToPyTorchAdapter, ModuleSnapshot, PyTorchToBurnAdapter,
    SafetensorsStore,
};
use burn::tensor::{FloatDType, Tensor};

/// Tensors that do not make the network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting the network's weights: {}; the weights are damaged or belong to another network", .0.join("; "))]
pub struct WeightsMismatch(Vec<String>);

/// Differences that are listed by name; of more, a count.
const LISTED: usize = 4;

/// Sets every number of a network from a safetensors file's bytes. `prefix` is taken off the names
/// in the file; tensors without it are left alone.
///
/// # Errors
/// Says which tensors are missing, left over, or of another shape.
pub(crate) fn set_weights<M: Module>(
    mut network: M,
    safetensors: Vec<u8>,
    prefix: Option<&str>,
) -> Result<M, WeightsMismatch> {
    let mut store = SafetensorsStore::from_bytes(Some(safetensors))
        .with_from_adapter(PyTorchToBurnAdapter)
        .skip_enum_variants(true)
        .validate(false)
        .allow_partial(true);
    if let Some(prefix) = prefix {
        store = store.with_key_remapping(format!("^{prefix}"), "");
    }
    let applied = network
        .load_from(&mut store)
        .map_err(|error| WeightsMismatch(vec![error.to_string()]))?;
    differences(&applied, prefix.is_none())?;
    as_floats(network)
}

/// The network with every number as a 32-bit float, whatever the file had.
pub(super) fn as_floats<M: Module>(network: M) -> Result<M, WeightsMismatch> {
    let mut cast = Cast { finite: true };
    let network = network.map(&mut cast);
    if cast.finite {
        Ok(network)
    } else {
        Err(WeightsMismatch(vec![
            "NaN or infinity among the numbers".into(),
        ]))
    }
}

struct Cast {
    finite: bool,
}

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let param = param.map(|tensor| tensor.cast(FloatDType::F32));
        self.finite &= param.val().is_finite().all().into_scalar::<bool>();
        param
    }
}

/// Ok where every tensor of the network was set and, if `all` of them had to be used, none is left.
pub(super) fn differences(applied: &ApplyResult, all: bool) -> Result<(), WeightsMismatch> {
    let missing: Vec<String> = applied
        .missing
        .iter()
        .map(|(name, _)| in_pytorch(name))
        .collect();
    // PyTorch counts batches for a setting of batch normalisation that nobody uses.
    let unused: Vec<String> = applied
        .unused
        .iter()
        .filter(|name| all && !name.ends_with("num_batches_tracked"))
        .cloned()
        .collect();
    let misfits: Vec<String> = applied.errors.iter().map(in_words).collect();
    let differences: Vec<String> = [
        (!missing.is_empty()).then(|| listed("missing", &missing)),
        (!unused.is_empty()).then(|| listed("not of this network", &unused)),
        (!misfits.is_empty()).then(|| listed("of another shape", &misfits)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if differences.is_empty() {
        Ok(())
    } else {
        Err(WeightsMismatch(differences))
    }
}

/// A name as it is in files: burn calls the weight and bias of a normalisation otherwise.
fn in_pytorch(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((module, "gamma")) => format!("{module}.weight"),
        Some((module, "beta")) => format!("{module}.bias"),
        _ => name.into(),
    }
}

fn listed(what: &str, names: &[String]) -> String {
    let shown = names[..names.len().min(LISTED)].join(", ");
    let more = match names.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what}: {shown}{more}")
}

fn in_words(error: &ApplyError) -> String {
    match error {
        ApplyError::ShapeMismatch {
            path,
            expected,
            found,
        } => {
            let (found, expected): (&[usize], &[usize]) = (found, expected);
            format!("{path} is {found:?} where the network has {expected:?}")
        }
        other => other.to_string(),
    }
}

/// A store that writes a network in PyTorch's names.
pub(crate) fn writing_store() -> SafetensorsStore {
    SafetensorsStore::from_bytes(None)
        .with_to_adapter(BurnToPyTorchAdapter)
        .skip_enum_variants(true)
        .clear_metadata()
}
