//! Weights averaged over steps.
//!
//! At a constant learning rate, weights wander around the place where they would settle; their average stays close to it.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use siderin_net::architectures::Network;

/// The exponential average of a network's weights.
pub(super) struct Average {
    steps: u64,
    /// Of each parameter and running statistic, as a row, in the order in which the network is visited.
    weights: Vec<Tensor<1>>,
}

impl Average {
    /// Begins with a network's weights, without gradients.
    pub(super) fn begin(steps: u64, network: &Network) -> Self {
        Self {
            steps,
            weights: weights_of(network),
        }
    }

    /// Adds the weights after step `step`, counted from 1. Early in a run, all steps count alike: the random weights
    /// that it began with are soon forgotten.
    pub(super) fn add(&mut self, network: &Network, step: u64) {
        let share = 1.0 / self.steps.min(step) as f64;
        for (average, now) in self.weights.iter_mut().zip(weights_of(network)) {
            let off = now - average.clone();
            *average = average.clone() + off * share;
        }
    }

    /// The network with the average's weights.
    pub(super) fn within(&self, network: Network) -> Network {
        network.map(&mut Placing {
            weights: self.weights.iter(),
        })
    }
}

fn weights_of(network: &Network) -> Vec<Tensor<1>> {
    let mut gathering = Gathering(Vec::new());
    network.visit(&mut gathering);
    gathering.0
}

struct Gathering(Vec<Tensor<1>>);

impl ModuleVisitor for Gathering {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().reshape([-1]));
    }
}

struct Placing<'a> {
    weights: std::slice::Iter<'a, Tensor<1>>,
}

impl ModuleMapper for Placing<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.weights.next() {
            Some(weights) => param.map(|now| weights.clone().reshape(now.dims())),
            None => param,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_net::architectures::{Architecture, Preset};
    use siderin_net::compute::Compute;
    use siderin_net::model_file::ModelCard;

    struct Filling(f32);

    impl ModuleMapper for Filling {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|now| now.zeros_like() + self.0)
        }
    }

    #[test]
    fn recent_steps_count_most_and_the_first_soon_nothing() {
        let compute = Compute::cpu();
        let card = ModelCard::preset(Architecture::CandidateNet, Preset::Small);
        let network = card.model.init(compute.device()).unwrap();
        let mut average = Average::begin(4, &network);
        // The mean of 1 and 3, of 1, 3 and 8, and of the four with 4: then 4 + (12 - 4) / 4.
        for (step, value, expected) in [
            (1, 1.0, 1.0),
            (2, 3.0, 2.0),
            (3, 8.0, 4.0),
            (4, 4.0, 4.0),
            (5, 12.0, 6.0),
        ] {
            average.add(&network.clone().map(&mut Filling(value)), step);
            for weights in weights_of(&average.within(network.clone())) {
                let weights: Vec<f32> = weights.try_into_vec_as().unwrap();
                assert!(
                    weights.iter().all(|w| (w - expected).abs() < 1e-5),
                    "{step}"
                );
            }
        }
    }
}
