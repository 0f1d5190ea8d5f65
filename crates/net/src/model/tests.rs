//! Whole networks against their twins in PyTorch, and what every network must be.

use super::*;
use crate::reference::Reference;
use burn::module::{ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::store::ModuleSnapshot;
use burn::tensor::{Device, Distribution, Tensor};

/// Numbers of a network, running statistics of batch normalisation included.
fn numbers(network: &Network) -> usize {
    network
        .collect(None, None, true)
        .iter()
        .map(|tensor| tensor.shape.iter().product::<usize>())
        .sum()
}

fn config(name: &str) -> ModelConfig {
    serde_json::from_str(&Reference::read(name).config()).unwrap()
}

fn outputs2d(network: &Network, x: &Tensor<4>) -> Vec<Tensor<4>> {
    match network {
        Network::RlkUnet(network) => network.forward_all(x.clone()),
        Network::MmocNet(network) => {
            let fine = network.fine.as_ref().unwrap();
            vec![
                network.coarse.head(network.coarse.features(x.clone())),
                fine.head(fine.features(x.clone())),
            ]
        }
        _ => panic!("a 3D network"),
    }
}

fn outputs3d(network: &Network, x: &Tensor<5>) -> Vec<Tensor<5>> {
    match network {
        Network::Unet3d(network) => vec![network.head(network.features(x.clone()))],
        Network::GuidedUnet(network) => network.forward_all(x.clone()),
        _ => panic!("a 2D network"),
    }
}

#[test]
fn networks_equal_their_twins_in_training_and_inference() {
    let (training, inference) = (Device::flex().autodiff(), Device::flex());
    for name in ["rlk_unet", "mmoc_net"] {
        let reference = Reference::read(name);
        let config = config(name);
        reference.check::<_, 4>(config.init(&training).unwrap(), |network, x| {
            outputs2d(network, &x[0])
        });
        let network = reference.weights(config.init(&inference).unwrap());
        let x = reference.tensor("input.0", &inference);
        for network in [network.clone(), network.for_inference()] {
            for (at, output) in outputs2d(&network, &x).into_iter().enumerate() {
                reference.compare(&format!("eval.{at}"), output);
            }
        }
    }
    for name in ["unet3d", "guided_unet_instance", "guided_unet_batch"] {
        let reference = Reference::read(name);
        let config = config(name);
        reference.check::<_, 5>(config.init(&training).unwrap(), |network, x| {
            outputs3d(network, &x[0])
        });
        let network = reference.weights(config.init(&inference).unwrap());
        let x = reference.tensor("input.0", &inference);
        for (at, output) in outputs3d(&network, &x).into_iter().enumerate() {
            reference.compare(&format!("eval.{at}"), output);
        }
    }
}

/// Names of convolution weights whose gradient is zero.
struct Dead {
    gradients: GradientsParams,
    path: Vec<String>,
    names: Vec<String>,
    seen: usize,
}

impl ModuleVisitor for Dead {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Vectors are biases, some of which a normalisation takes out again.
        if D < 2 {
            return;
        }
        self.seen += 1;
        let gradient = self.gradients.get::<D>(param.id);
        let largest = gradient.map_or(0.0, |g| g.abs().max().into_scalar::<f32>());
        if largest < 1e-7 {
            self.names.push(self.path.join("."));
        }
    }
}

/// A branch whose output nobody uses, a head that nobody adds up: both would show here.
#[test]
fn every_branch_receives_gradient() {
    let device = Device::flex().autodiff();
    device.seed(5);
    let noise2d = |c| Tensor::<4>::random([2, c, 32, 32], Distribution::Default, &device);
    let noise3d = |c| Tensor::<5>::random([2, c, 32, 32, 32], Distribution::Default, &device);
    for name in ["rlk_unet", "mmoc_net", "unet3d", "guided_unet_instance"] {
        let config = config(name);
        let network = config.init(&device).unwrap();
        let total = match &network {
            Network::RlkUnet(_) => sum_of_squares(outputs2d(&network, &noise2d(3))),
            Network::MmocNet(_) => sum_of_squares(outputs2d(&network, &noise2d(1))),
            _ => sum_of_squares(outputs3d(&network, &noise3d(config.inputs()))),
        };
        let mut dead = Dead {
            gradients: GradientsParams::from_grads(total.backward(), &network),
            path: Vec::new(),
            names: Vec::new(),
            seen: 0,
        };
        network.visit(&mut dead);
        assert!(dead.seen > 20, "{name}: {} weights", dead.seen);
        assert_eq!(dead.names, Vec::<String>::new(), "{name}");
    }
}

fn sum_of_squares<const D: usize>(outputs: Vec<Tensor<D>>) -> Tensor<1> {
    outputs
        .into_iter()
        .map(|output| output.square().sum())
        .reduce(|sum, term| sum + term)
        .unwrap()
}

#[test]
fn sizes_are_those_of_the_papers() {
    let device = Device::flex();
    let count = |architecture: Architecture| {
        numbers(&architecture.preset(Preset::Paper).init(&device).unwrap())
    };
    // The paper's own count.
    assert_eq!(count(Architecture::Unet3d), 26_334_178);
}

#[test]
fn every_preset_makes_a_network() {
    let own = [Architecture::RegionUnet, Architecture::CandidateNet];
    for architecture in Architecture::OF_PAPERS.into_iter().chain(own) {
        for preset in [Preset::Paper, Preset::Small] {
            let config = architecture.preset(preset);
            assert_eq!(config.architecture(), architecture);
            config.init(&Device::flex()).unwrap();
            let json = serde_json::to_string(&config).unwrap();
            let back: ModelConfig = serde_json::from_str(&json).unwrap();
            assert_eq!(back, config);
        }
    }
}

#[test]
fn impossible_sizes_are_refused() {
    let json = |text: &str| serde_json::from_str::<ModelConfig>(text);
    let unet = json(r#"{"architecture":"unet3d","inputs":4,"filters":[1,2,3,4]}"#).unwrap();
    let said = unet.init(&Device::flex()).unwrap_err().to_string();
    assert!(said.contains("inputs is 4; 1 (T2*), 2"), "{said}");
    let wide = json(r#"{"architecture":"unet3d","inputs":1,"filters":[1,2,3,4000000]}"#).unwrap();
    assert!(wide.check().is_err());
    assert!(json(r#"{"architecture":"unet3d","inputs":1,"filters":[1,2,3]}"#).is_err());
    assert!(json(r#"{"architecture":"other"}"#).is_err());
    let candidates = |views: u32, dropout: &str| {
        json(&format!(
            r#"{{"architecture":"candidate-net","views":{views},"channels":[2,3,4],"hidden":4,"dropout":{dropout}}}"#
        ))
        .unwrap()
        .check()
    };
    candidates(1, "0.5").unwrap();
    assert!(candidates(1, "1.0").is_err());
    let said = candidates(0, "0.5").unwrap_err().to_string();
    assert!(said.contains("views is 0") && said.contains("train the network anew"));
    let guided = r#"{"architecture":"guided-unet","inputs":1,"levels":[],"norm":"batch"}"#;
    assert!(json(guided).unwrap().check().is_err());
}
