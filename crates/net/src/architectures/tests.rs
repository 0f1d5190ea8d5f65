//! Whole networks against their twins in PyTorch, and what every network must be.

use super::*;
use crate::compute::Compute;
use crate::infer::Flips;
use crate::model_file::{Model, ModelCard, Threshold};
use crate::reference::Reference;
use crate::{Detector, Finder, detect, heat_map};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::store::ModuleSnapshot;
use burn::tensor::{Device, Distribution, Tensor};
use siderin_image::scan::{Catalog, ReadLimits, nifti};
use siderin_simulate::{PhantomConfig, phantom};

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
        let fused = match network.clone() {
            Network::RlkUnet(network) => Network::RlkUnet(network.fused()),
            other => other,
        };
        for network in [network, fused] {
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
            _ => sum_of_squares(outputs3d(&network, &noise3d(config.design().inputs()))),
        };
        let mut dead = Dead {
            gradients: GradientsParams::from_grads(total.backward(), &network),
            path: Vec::new(),
            names: Vec::new(),
            seen: 0,
        };
        Module::visit(&network, &mut dead);
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
    for &architecture in Architecture::ALL {
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
    assert!(wide.design().check().is_err());
    assert!(json(r#"{"architecture":"unet3d","inputs":1,"filters":[1,2,3]}"#).is_err());
    assert!(json(r#"{"architecture":"other"}"#).is_err());
    let candidates = |views: u32, dropout: &str| {
        json(&format!(
            r#"{{"architecture":"candidate-net","views":{views},"channels":[2,3,4],"hidden":4,"dropout":{dropout}}}"#
        ))
        .unwrap()
        .design()
        .check()
    };
    candidates(1, "0.5").unwrap();
    assert!(candidates(1, "1.0").is_err());
    let said = candidates(0, "0.5").unwrap_err().to_string();
    assert!(said.contains("views is 0") && said.contains("train the network again"));
    let guided = r#"{"architecture":"guided-unet","inputs":1,"levels":[],"norm":"batch"}"#;
    assert!(json(guided).unwrap().design().check().is_err());
}

/// The toy is a folder and a line of `registry`, and everything works with it: its name, cards, model files,
/// detection, explanation.
#[test]
fn a_network_is_added_by_a_folder_and_a_line() {
    assert_eq!(Architecture::named("toy"), Some(Architecture::Toy));
    assert!(Architecture::making_maps().any(|a| a == Architecture::Toy));

    let compute = Compute::cpu();
    compute.device().seed(2);
    let card = ModelCard::preset(Architecture::Toy, Preset::Small);
    let network = card.model.init(compute.device()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("toy.siderin");
    Model { card, network }.write(&file).unwrap();
    let model = Model::read(&file, compute.device()).unwrap();
    assert_eq!(model.card.model.architecture(), Architecture::Toy);

    let head = phantom(&PhantomConfig::default()).unwrap();
    let path = folder.path().join("scan.nii");
    nifti::write_volume(&path, &head.scan).unwrap();
    let limits = ReadLimits::default();
    let catalog = Catalog::open(&path, limits).unwrap();
    let entry = catalog.choose(None).unwrap();
    let scan = entry.load("scan", limits).unwrap();
    // So low that there is something to explain.
    let everything = Threshold {
        value: 0.01,
        point: None,
    };
    let detector = Detector::new(model, &compute, Flips::None, Some(everything)).unwrap();
    let finder = Finder::Model(Box::new(detector));
    let detection = detect(&scan, &finder, &|_| ()).unwrap();
    let Finder::Model(detector) = finder else {
        unreachable!("it was made of a detector")
    };
    let maps = detection.found.maps.as_ref().unwrap();
    assert_eq!(maps.probability.grid(), scan.magnitude.grid());
    assert!(!detection.found.lesions.is_empty());
    let heat = heat_map(&detector, &detection).unwrap().unwrap();
    assert!(heat.voxels().iter().any(|heat| *heat > 0.0));
}

#[test]
fn whoever_makes_maps_says_so() {
    for &architecture in Architecture::ALL {
        let config = architecture.preset(Preset::Small);
        let makes_maps = config.init(&Device::flex()).unwrap().into_map().is_some();
        assert_eq!(
            makes_maps,
            architecture.output() == Output::Microbleeds,
            "{architecture}"
        );
    }
}
