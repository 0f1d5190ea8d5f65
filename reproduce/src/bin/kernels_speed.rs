//! One side of reproduce/speed/kernels_speed.py: times what it is told to, by the kernels or by burn's flex.
//!
//! Reads lines `SIDE WHAT NAME` and answers each with seconds, or with JSON for `configs` and
//! `layers`. Sides are `kernels` and `flex`; networks have random weights, which do not
//! change the time.
#![allow(clippy::print_stdout)]

use burn::nn::conv::{Conv2dConfig, Conv3dConfig};
use burn::nn::{PaddingConfig2d, PaddingConfig3d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use serde_json::json;
use siderin_kernels::{Conv, Finish, InstructionSet};
use siderin_net::architectures::{Architecture, ModelConfig, Network, Preset};
use siderin_net::ops::{convolve, with_burn};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Regions of the cascade's second stage in a training step.
const REGIONS: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let mut cases = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["configs"] => println!("{}", configs()),
            ["layers"] => println!("{}", layers()?),
            [side, what, name] => {
                let key = format!("{what} {name}");
                if !cases.contains_key(&key) {
                    cases.insert(key.clone(), case(what, name)?);
                }
                let Some(case) = cases.get_mut(&key) else {
                    continue;
                };
                let start = Instant::now();
                with_burn(*side == "flex", &mut *case);
                println!("{}", start.elapsed().as_secs_f64());
            }
            _ => return Err(format!("not understood: {line}").into()),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

type Case = Box<dyn FnMut()>;

fn case(what: &str, name: &str) -> Result<Case, Box<dyn Error>> {
    let device = Device::flex();
    let random = Distribution::Default;
    Ok(match (what, name) {
        ("layer", "conv3d") => {
            let conv = Conv3dConfig::new([32, 32], [3; 3])
                .with_padding(PaddingConfig3d::Explicit(1, 1, 1))
                .init(&device);
            let x = Tensor::<5>::random([1, 32, 64, 64, 64], random, &device);
            Box::new(move || drop(convolve(&conv, x.clone())))
        }
        ("layer", "depthwise") => {
            let conv = Conv2dConfig::new([64, 64], [13, 13])
                .with_groups(64)
                .with_padding(PaddingConfig2d::Explicit(6, 6, 6, 6))
                .init(&device);
            let x = Tensor::<4>::random([1, 64, 256, 256], random, &device);
            Box::new(move || drop(convolve(&conv, x.clone())))
        }
        ("forward", name) => {
            let network = config(name)?.init(&device)?;
            let inputs = Inputs::new(name, &device);
            Box::new(move || drop(inputs.loss(&network)))
        }
        ("step", name) => {
            let device = device.autodiff();
            let network = config(name)?.init(&device)?;
            let inputs = Inputs::new(name, &device);
            let mut optimizer = AdamConfig::new().init();
            let mut network = Some(network);
            Box::new(move || {
                network = network.take().map(|network| {
                    let gradients = inputs.loss(&network).backward();
                    let gradients = GradientsParams::from_grads(gradients, &network);
                    optimizer.step(1e-4, network, gradients)
                });
            })
        }
        _ => return Err(format!("no case {what} {name}").into()),
    })
}

/// `ARCHITECTURE-PRESET`.
fn config(name: &str) -> Result<ModelConfig, Box<dyn Error>> {
    let (architecture, preset) = name.rsplit_once('-').ok_or("ARCHITECTURE-PRESET")?;
    let architecture = Architecture::named(architecture).ok_or("no such architecture")?;
    let preset = match preset {
        "paper" => Preset::Paper,
        _ => Preset::Small,
    };
    Ok(architecture.preset(preset))
}

/// Sizes of all networks and of what each takes at once, for the twins in PyTorch.
fn configs() -> serde_json::Value {
    let names = Architecture::making_maps().flat_map(|architecture| {
        ["small", "paper"].map(|preset| format!("{architecture}-{preset}"))
    });
    let all = names.filter_map(|name| {
        let config = config(&name).ok()?;
        let entry = json!({"config": config, "inputs": shapes(&name)});
        Some((name, entry))
    });
    serde_json::Value::Object(all.collect())
}

/// What a network takes at once.
fn shapes(name: &str) -> Vec<Vec<usize>> {
    match name {
        "rlk-unet-small" => vec![vec![1, 3, 256, 256]],
        "rlk-unet-paper" => vec![vec![1, 3, 512, 512]],
        "unet3d-small" => vec![vec![1, 1, 64, 64, 64]],
        "unet3d-paper" => vec![vec![1, 1, 80, 80, 80]],
        "mmoc-net-small" => vec![vec![1, 1, 256, 256], vec![REGIONS, 1, 32, 32]],
        "mmoc-net-paper" => vec![vec![1, 1, 512, 512], vec![REGIONS, 1, 32, 32]],
        "guided-unet-small" => vec![vec![1, 1, 32, 128, 128]],
        _ => vec![vec![1, 1, 16, 320, 256]],
    }
}

struct Inputs {
    flat: Vec<Tensor<4>>,
    deep: Vec<Tensor<5>>,
}

impl Inputs {
    fn new(name: &str, device: &Device) -> Self {
        let mut inputs = Self {
            flat: Vec::new(),
            deep: Vec::new(),
        };
        let random = Distribution::Default;
        for shape in shapes(name) {
            match shape[..] {
                [n, c, h, w] => inputs
                    .flat
                    .push(Tensor::random([n, c, h, w], random, device)),
                [n, c, d, h, w] => {
                    inputs
                        .deep
                        .push(Tensor::random([n, c, d, h, w], random, device));
                }
                _ => {}
            }
        }
        inputs
    }

    /// The mean square of all outputs.
    fn loss(&self, network: &Network) -> Tensor<1> {
        fn mean_square<const D: usize>(outputs: Vec<Tensor<D>>) -> Tensor<1> {
            let squares = outputs.into_iter().map(|y| y.square().mean());
            squares
                .reduce(|a, b| a + b)
                .unwrap_or_else(|| Tensor::zeros([1], &Device::flex()))
        }
        match network {
            Network::RlkUnet(network) => mean_square(network.forward_all(self.flat[0].clone())),
            Network::Unet3d(network) => {
                mean_square(vec![network.head(network.features(self.deep[0].clone()))])
            }
            Network::MmocNet(network) => {
                let coarse = network
                    .coarse
                    .head(network.coarse.features(self.flat[0].clone()));
                let fine = network.fine.as_ref().expect("the presets have two stages");
                let fine = fine.head(fine.features(self.flat[1].clone()));
                mean_square(vec![coarse, fine])
            }
            Network::GuidedUnet(network) => mean_square(network.forward_all(self.deep[0].clone())),
            Network::RegionUnet(_) | Network::StructureUnet(_) | Network::CandidateNet(_) => {
                unreachable!("the networks of papers are timed")
            }
        }
    }
}

/// Share of the processor's peak that each kind of layer reaches: the best of some runs, beside the
/// best peak of some runs, because other work on the machine only ever slows down.
fn layers() -> Result<serde_json::Value, Box<dyn Error>> {
    let level = InstructionSet::detected();
    let same = |channels, size, kernel| Conv::same(1, channels, size, kernel);
    let half = |channels, size: [usize; 3]| Conv {
        stride: [2; 3],
        padding: [[0; 2]; 3],
        ..same(channels, size, [2; 3])
    };
    let cases = [
        ("3D U-Net, level 1, first", same([1, 16], [64; 3], [3; 3])),
        ("3D U-Net, level 1", same([16, 16], [64; 3], [3; 3])),
        ("3D U-Net, level 2", same([32, 32], [32; 3], [3; 3])),
        ("3D U-Net, level 3", same([64, 64], [16; 3], [3; 3])),
        ("3D U-Net, level 4", same([128, 128], [8; 3], [3; 3])),
        ("3D U-Net, bottleneck", same([256, 256], [4; 3], [3; 3])),
        ("3D U-Net, head 1×1×1", same([16, 2], [64; 3], [1; 3])),
        ("conv3d 32→32 at 64³", same([32, 32], [64; 3], [3; 3])),
        ("guided, transposed 2×2×2", half([32, 64], [32, 64, 64])),
        ("guided, 1×3×3", same([16, 16], [32, 128, 128], [1, 3, 3])),
        (
            "RLK, depthwise 13×13",
            Conv {
                groups: 64,
                ..same([64, 64], [1, 256, 256], [1, 13, 13])
            },
        ),
        (
            "RLK, depthwise 5×5",
            Conv {
                groups: 64,
                ..same([64, 64], [1, 256, 256], [1, 5, 5])
            },
        ),
        ("RLK, 1×1, 64→256", same([64, 256], [1, 256, 256], [1; 3])),
        (
            "RLK, 3×3, 128→64",
            same([128, 64], [1, 256, 256], [1, 3, 3]),
        ),
        (
            "MMOC, 3×3 stride 2",
            Conv {
                stride: [1, 2, 2],
                ..same([32, 64], [1, 256, 256], [1, 3, 3])
            },
        ),
        (
            "MMOC, 3×3 dilation 8",
            Conv {
                dilation: [1, 8, 8],
                padding: [[0; 2], [8; 2], [8; 2]],
                ..Conv::same(REGIONS, [32, 32], [1, 32, 32], [1, 3, 3])
            },
        ),
    ];
    let mut rows = Vec::new();
    for (name, conv) in cases {
        let x = vec![0.5; conv.input_length()?];
        let w = vec![0.5; conv.weight_length()?];
        let mut y = vec![0.5; conv.output_length()?];
        let (mut dx, mut dw) = (x.clone(), w.clone());
        let operations = 2.0 * conv.multiply_adds()? as f64;
        let mut best = [f64::INFINITY; 3];
        let mut peak = 0.0f64;
        for _ in 0..9 {
            peak = peak.max(level.peak_flops());
            let plain = Finish::default();
            for (which, best) in best.iter_mut().enumerate() {
                let start = Instant::now();
                match which {
                    0 => conv.forward(level, &x, &w, &plain, &mut y)?,
                    1 => conv.input_gradient(level, &y, &w, &plain, &mut dx)?,
                    _ => conv.weight_gradient(level, &x, &y, &mut dw)?,
                }
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
        rows.push(json!({
            "layer": name,
            "gflop": operations / 1e9,
            "peak_gflops": peak / 1e9,
            "ms": best.map(|s| s * 1e3),
            "share": best.map(|s| operations / s / peak),
        }));
    }
    Ok(json!({"level": format!("{level:?}"), "rows": rows}))
}
