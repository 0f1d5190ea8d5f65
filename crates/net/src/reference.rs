//! Comparison with values from PyTorch, which `tests/reference/make.py` wrote.

use crate::model_file::set_weights;
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot};
use burn::tensor::{Device, Tensor, TensorData};
use siderin_testing::reference_floats;

/// One file of reference values.
pub(crate) struct Reference(siderin_testing::Reference);

impl Reference {
    pub(crate) fn read(name: &str) -> Self {
        Self(siderin_testing::Reference::read(name))
    }

    /// The network's size.
    pub(crate) fn config(&self) -> String {
        self.0.config()
    }

    pub(crate) fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = self.0.values(name);
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// `module` with the weights of the file.
    pub(crate) fn weights<M: Module>(&self, module: M) -> M {
        set_weights(module, self.0.bytes().to_vec(), Some("weights\\."))
            .unwrap_or_else(|error| panic!("{}: {error}", self.0.name()))
    }

    pub(crate) fn compare<const D: usize>(&self, name: &str, found: Tensor<D>) {
        let shape = found.dims();
        let found: Vec<f32> = found.try_into_vec_as().unwrap();
        self.0.compare(name, &shape, &found);
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
                self.0.find(&name)?;
                Some(self.tensor(&name, &device).require_grad())
            })
            .collect();
        let outputs = forward(&module, inputs.clone());
        assert!(self.0.find(&format!("output.{}", outputs.len())).is_none());
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
        let names = self.0.names().into_iter();
        let expected: Vec<Vec<f32>> = names
            .filter(|name| name.starts_with("grad."))
            .filter_map(|name| Some(self.0.find(&name)?.1))
            .collect();
        // A bias before a normalisation has no effect; its gradient is rounding alone.
        let largest = expected
            .iter()
            .flatten()
            .fold(0.1f32, |m, v| m.max(v.abs()));
        let mut compared = 0;
        for tensor in found {
            let name = format!("grad.{}", tensor.name);
            let Some((_, values)) = self.0.find(&name) else {
                assert!(tensor.name.contains("running_"), "{name}");
                continue;
            };
            let bytes = tensor.to_bytes().unwrap();
            self.0
                .close(&name, &reference_floats(&bytes), &values, 0.01 * largest);
            compared += 1;
        }
        assert_eq!(
            compared,
            expected.len(),
            "{}: gradients of weights",
            self.0.name()
        );
    }
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
