//! Comparison with values from PyTorch, which `tests/reference/make.py` wrote.

use crate::model_file::set_weights;
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use std::path::PathBuf;

/// Largest difference that is allowed, relative to the largest value compared.
const TOLERANCE: f32 = 1e-4;

/// One file of reference values.
pub(crate) struct Reference {
    name: String,
    bytes: Vec<u8>,
}

impl Reference {
    pub(crate) fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/reference/values/{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.into(),
            bytes,
        }
    }

    /// The network's size.
    pub(crate) fn config(&self) -> String {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        header.metadata().as_ref().unwrap()["config"].clone()
    }

    /// Shape and values, if the file has them.
    fn find(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(name).ok()?;
        Some((view.shape().to_vec(), floats(view.data())))
    }

    pub(crate) fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = self
            .find(name)
            .unwrap_or_else(|| panic!("{}: no {name}", self.name));
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// `module` with the weights of the file.
    pub(crate) fn weights<M: Module>(&self, module: M) -> M {
        set_weights(module, self.bytes.clone(), Some("weights\\."))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub(crate) fn compare<const D: usize>(&self, name: &str, found: Tensor<D>) {
        let (shape, expected) = self
            .find(name)
            .unwrap_or_else(|| panic!("{}: no {name}", self.name));
        assert_eq!(found.dims().to_vec(), shape, "{}: {name}", self.name);
        let found: Vec<f32> = found.try_into_vec_as().unwrap();
        self.close(name, &found, &expected, 1e-3);
    }

    /// Values below `negligible` are compared as if they were that large.
    fn close(&self, name: &str, found: &[f32], expected: &[f32], negligible: f32) {
        let scale = expected.iter().fold(negligible, |m, v| m.max(v.abs()));
        let worst = found
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(
            worst <= TOLERANCE * scale && found.iter().all(|v| v.is_finite()),
            "{}: {name} differs by {worst} where values reach {scale}",
            self.name
        );
    }

    /// Outputs of `forward` and the gradients of inputs and weights, in training mode.
    pub(crate) fn check<M: Module, const D: usize>(
        &self,
        module: M,
        forward: impl Fn(&M, Vec<Tensor<D>>) -> Vec<Tensor<D>>,
    ) {
        let device = Device::flex().autodiff();
        let module = self.weights(module);
        let inputs: Vec<Tensor<D>> = (0..)
            .map_while(|at| {
                let name = format!("input.{at}");
                self.find(&name)?;
                Some(self.tensor(&name, &device).require_grad())
            })
            .collect();
        let outputs = forward(&module, inputs.clone());
        assert!(self.find(&format!("output.{}", outputs.len())).is_none());
        let number = outputs
            .into_iter()
            .enumerate()
            .map(|(at, output)| {
                self.compare(&format!("output.{at}"), output.clone());
                (output * self.tensor(&format!("probe.{at}"), &device)).sum()
            })
            .reduce(|sum, term| sum + term)
            .unwrap();
        let gradients = number.backward();
        for (at, input) in inputs.iter().enumerate() {
            let gradient = input.grad(&gradients).unwrap();
            self.compare(&format!("input_grad.{at}"), gradient);
        }
        self.check_gradients(&module, GradientsParams::from_grads(gradients, &module));
    }

    fn check_gradients<M: Module>(&self, module: &M, gradients: GradientsParams) {
        let mut into_gradients = IntoGradients { gradients };
        let module = module.clone().map(&mut into_gradients);
        let found = module.collect(None, Some(Box::new(BurnToPyTorchAdapter)), true);
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let names = tensors
            .names()
            .into_iter()
            .filter(|n| n.starts_with("grad."));
        let expected: Vec<Vec<f32>> = names.filter_map(|n| Some(self.find(n)?.1)).collect();
        // A bias before a normalisation has no effect; its gradient is rounding alone.
        let largest = expected
            .iter()
            .flatten()
            .fold(0.1f32, |m, v| m.max(v.abs()));
        let mut compared = 0;
        for tensor in found {
            let name = format!("grad.{}", tensor.name);
            let Some((_, values)) = self.find(&name) else {
                assert!(tensor.name.contains("running_"), "{name}");
                continue;
            };
            let bytes = tensor.to_bytes().unwrap();
            self.close(&name, &floats(&bytes), &values, 0.01 * largest);
            compared += 1;
        }
        assert_eq!(
            compared,
            expected.len(),
            "{}: gradients of weights",
            self.name
        );
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// Puts each parameter's gradient in its place.
struct IntoGradients {
    gradients: GradientsParams,
}

impl ModuleMapper for IntoGradients {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.gradients.remove::<D>(param.id) {
            Some(gradient) => Param::from_tensor(gradient),
            // A running statistic; of a weight, the comparison fails.
            None => param,
        }
    }
}
