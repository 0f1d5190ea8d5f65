//! What is trained in a study, and how it is used.

use super::Kind;
use crate::config::{ConfigError, LossConfig, SequenceChoice, TrainConfig};
use crate::loss::{Loss, Term};
use siderin_net::architectures::Output;
use toml::{Table, Value};

/// One of the things compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name in tables and folders.
    pub name: String,
    /// The training that it uses; arms of one training share it.
    pub training: String,
    /// What is trained.
    pub config: TrainConfig,
    /// Distance of the reduction of false positives in place of the config's; 0 leaves it out.
    pub ring_mm: Option<f64>,
    /// Sequence that is learnt from.
    pub learn: Option<SequenceChoice>,
    /// Sequence that is tested.
    pub test: Option<SequenceChoice>,
}

/// A study that does not fit its config.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ArmsError {
    #[error(
        "the study {kind} is about {wanted}, and the config is of {given}; give one of {wanted}"
    )]
    Architecture {
        kind: Kind,
        wanted: &'static str,
        given: &'static str,
    },
    #[error(
        "the study {kind} compares maps of microbleeds, and the config is of {given}, which makes none; \
         give one of another network"
    )]
    NoMap { kind: Kind, given: &'static str },
    #[error("the study {kind}, {arm}: {source}")]
    Config {
        kind: Kind,
        arm: String,
        source: ConfigError,
    },
}

/// The arms of a study of a config.
///
/// # Errors
/// When the study is about another network, or an arm's config is impossible.
pub fn arms(kind: Kind, config: &TrainConfig) -> Result<Vec<Arm>, ArmsError> {
    let given = config.model.architecture;
    if let Some(wanted) = kind.architecture().filter(|wanted| *wanted != given) {
        return Err(ArmsError::Architecture {
            kind,
            wanted: wanted.name(),
            given: given.name(),
        });
    }
    if given.output() != Output::Microbleeds {
        let given = given.name();
        return Err(ArmsError::NoMap { kind, given });
    }
    let base = Base { config };
    let arms = match kind {
        Kind::Folds => vec![base.arm("all", |_| ())],
        Kind::Sequences => base.sequences(),
        Kind::Cbam => (0..=3)
            .map(|skips| {
                base.arm(&format!("cbam-{skips}"), |config| {
                    set(config, &["model", "cbam_skips"], Value::Integer(skips));
                })
            })
            .collect(),
        Kind::Loss => base.losses(),
        Kind::Proxy => base.proxy(),
        Kind::Ring => [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
            .map(|mm| base.ring("all", &format!("ring-{mm}mm"), mm, |_| ()))
            .into(),
        Kind::Region => [16, 32, 64, 128]
            .map(|pixels| {
                base.arm(&format!("region-{pixels}"), |config| {
                    set(config, &["model", "fine", "region"], Value::Integer(pixels));
                })
            })
            .into(),
        Kind::Cascade => base.cascade(),
        Kind::Patch => base.patches(),
        Kind::Spacing => [0.5, 0.75, 1.0].map(|mm| base.spacing(mm)).into(),
        Kind::Tversky => base.tversky(),
    };
    for arm in &arms {
        let checked = arm.config.check();
        checked.map_err(|source| ArmsError::Config {
            kind,
            arm: arm.name.clone(),
            source,
        })?;
    }
    Ok(arms)
}

/// The config that is varied.
struct Base<'a> {
    config: &'a TrainConfig,
}

impl Base<'_> {
    fn arm(&self, name: &str, change: impl FnOnce(&mut TrainConfig)) -> Arm {
        let mut config = self.config.clone();
        change(&mut config);
        if name != "all" {
            config.name = format!("{}, {name}", config.name);
        }
        Arm {
            name: name.into(),
            training: name.into(),
            config,
            ring_mm: None,
            learn: self.config.data.sequence,
            test: self.config.data.sequence,
        }
    }

    /// An arm that uses a training in its own way.
    fn ring(
        &self,
        training: &str,
        name: &str,
        mm: f64,
        change: impl FnOnce(&mut TrainConfig),
    ) -> Arm {
        Arm {
            name: name.into(),
            ring_mm: Some(mm),
            ..self.arm(training, change)
        }
    }

    fn sequences(&self) -> Vec<Arm> {
        let kinds = [SequenceChoice::Gre, SequenceChoice::Swi];
        let pairs = kinds.into_iter().flat_map(|a| kinds.map(|b| (a, b)));
        pairs
            .map(|(learn, test)| {
                let training = format!("learn-{}", learn.name());
                Arm {
                    name: format!("{}-to-{}", learn.name(), test.name()),
                    learn: Some(learn),
                    test: Some(test),
                    ..self.arm(&training, |_| ())
                }
            })
            .collect()
    }

    fn losses(&self) -> Vec<Arm> {
        let with = |name: &str, loss: Loss| {
            self.arm(name, |config| {
                config.loss = Some(LossConfig {
                    of: loss,
                    ..config.loss()
                });
            })
        };
        vec![
            with("dice-topk", Loss::dice_top_k()),
            with("dice-ce", Loss::dice_cross_entropy()),
        ]
    }

    fn proxy(&self) -> Vec<Arm> {
        let ring_mm = 2.0;
        let without = |config: &mut TrainConfig| {
            set(config, &["model", "proxy"], Value::Boolean(false));
        };
        vec![
            self.ring("proxy", "proxy-cfpr", ring_mm, |_| ()),
            self.ring("proxy", "proxy", 0.0, |_| ()),
            self.ring("plain", "cfpr", ring_mm, without),
            self.ring("plain", "plain", 0.0, without),
        ]
    }

    fn cascade(&self) -> Vec<Arm> {
        let text = |word: &str| Value::String(word.into());
        vec![
            self.arm("whole", |_| ()),
            self.arm("first-stage", |config| {
                set(config, &["model", "fine"], text("none"));
            }),
            self.arm("no-pyramid", |config| {
                set(config, &["model", "fine", "fusion"], text("omit"));
            }),
            self.arm("no-sensitivity", |config| {
                let loss = config.loss();
                config.loss = Some(LossConfig {
                    of: without_sensitivity(loss.of),
                    second: loss.second.map(without_sensitivity),
                    levels: loss.levels,
                });
            }),
        ]
    }

    /// The same extent in mm, up to whole strides.
    fn spacing(&self, mm: f64) -> Arm {
        let card = self.config.card().ok();
        let own_mm = card.and_then(|card| card.recipe.plane_spacing_mm);
        let scale = own_mm.unwrap_or(mm) / mm;
        let size = self.config.sampling.size;
        let size = size.map(|n| ((n as f64 * scale).round() as usize).next_multiple_of(STRIDE));
        self.arm(&format!("spacing-{mm}mm"), |config| {
            for axis in ["plane_spacing_mm", "slice_spacing_mm"] {
                set(config, &["recipe", axis], Value::Float(mm));
            }
            config.sampling.size = size;
            set_patch(config, size);
        })
    }

    /// Half, the config's own, and one and a half times the size, in whole strides.
    fn patches(&self) -> Vec<Arm> {
        let own = self.config.sampling.size;
        let of = |halves: usize| own.map(|n| (n * halves / 2).next_multiple_of(STRIDE));
        let mut sizes = vec![of(1), own, of(3)];
        sizes.dedup();
        sizes
            .into_iter()
            .map(|size| {
                let [d, h, w] = size;
                self.arm(&format!("patch-{d}x{h}x{w}"), |config| {
                    config.sampling.size = size;
                    set_patch(config, size);
                })
            })
            .collect()
    }

    fn tversky(&self) -> Vec<Arm> {
        [0.3, 0.5, 0.7]
            .map(|alpha: f64| {
                let beta = ((1.0 - alpha) * 10.0).round() / 10.0;
                self.arm(&format!("alpha-{alpha}-beta-{beta}"), |config| {
                    let loss = config.loss();
                    config.loss = Some(LossConfig {
                        of: with_tversky(loss.of, alpha, beta),
                        ..loss
                    });
                })
            })
            .into()
    }
}

/// Sizes of the 3D U-Net's patches are multiples of this.
const STRIDE: usize = 16;

/// Tiles of inference as large as the patches of training.
fn set_patch(config: &mut TrainConfig, size: [usize; 3]) {
    let sides = size.map(|n| Value::Integer(n as i64));
    set(config, &["inference", "patch"], Value::Array(sides.into()));
}

/// Changes an entry of the card.
fn set(config: &mut TrainConfig, path: &[&str], value: Value) {
    let card = config
        .model
        .card
        .get_or_insert_with(|| Value::Table(Table::new()));
    set_in(card, path, value);
}

fn set_in(table: &mut Value, path: &[&str], value: Value) {
    let Value::Table(entries) = table else {
        *table = Value::Table(Table::new());
        return set_in(table, path, value);
    };
    match path {
        [] => *table = value,
        [last] => {
            entries.insert((*last).into(), value);
        }
        [first, rest @ ..] => {
            let inner = entries
                .entry(*first)
                .or_insert_with(|| Value::Table(Table::new()));
            set_in(inner, rest, value);
        }
    }
}

fn without_sensitivity(loss: Loss) -> Loss {
    match loss {
        Loss::Sum { terms } => Loss::Sum {
            terms: terms
                .into_iter()
                .filter(|term| term.of != Loss::Sensitivity)
                .collect(),
        },
        other => other,
    }
}

fn with_tversky(loss: Loss, alpha: f64, beta: f64) -> Loss {
    match loss {
        Loss::FocalTversky { gamma, .. } => Loss::FocalTversky {
            false_positives: alpha,
            false_negatives: beta,
            gamma,
        },
        Loss::Sum { terms } => Loss::Sum {
            terms: terms
                .into_iter()
                .map(|term| Term {
                    weight: term.weight,
                    of: with_tversky(term.of, alpha, beta),
                })
                .collect(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_net::architectures::{Architecture, AsppFusion, ModelConfig};

    fn config(architecture: Architecture) -> TrainConfig {
        let size = match architecture {
            Architecture::RlkUnet => "[3, 64, 64]",
            Architecture::MmocNet => "[1, 64, 64]",
            _ => "[32, 64, 64]",
        };
        TrainConfig::from_toml(&format!(
            "name = \"x\"\n[model]\narchitecture = \"{architecture}\"\npreset = \"small\"\n\
             [sampling]\nsize = {size}\nbatch = 1\nper_scan = 4\nlesion_share = 0.5\n\
             [optimiser]\nkind = \"adam\"\nlearning_rate = 1e-3\n[schedule]\nepochs = 2\n"
        ))
        .unwrap()
    }

    fn of(kind: Kind) -> Vec<Arm> {
        arms(kind, &config(kind.architecture().unwrap())).unwrap()
    }

    fn model(arm: &Arm) -> ModelConfig {
        arm.config.card().unwrap().model
    }

    #[test]
    fn every_arm_is_a_network_that_can_be_made() {
        for kind in Kind::ALL {
            let architecture = kind.architecture().unwrap_or(Architecture::Unet3d);
            let arms = arms(kind, &config(architecture)).unwrap();
            let device = burn::tensor::Device::flex();
            for arm in &arms {
                model(arm).init(&device).unwrap();
                // The config of a run is kept as text.
                let text = arm.config.to_toml().unwrap();
                assert_eq!(TrainConfig::from_toml(&text).unwrap(), arm.config);
            }
            assert_eq!(kind.name().parse::<Kind>(), Ok(kind));
        }
        assert!("folds2".parse::<Kind>().unwrap_err().contains("cbam"));
    }

    #[test]
    fn arms_differ_in_what_they_are_named_after() {
        let skips: Vec<usize> = of(Kind::Cbam)
            .iter()
            .map(|arm| match model(arm) {
                ModelConfig::RlkUnet(config) => config.cbam_skips,
                _ => 99,
            })
            .collect();
        assert_eq!(skips, [0, 1, 2, 3]);
        let cascade = of(Kind::Cascade);
        let stages: Vec<Option<AsppFusion>> = cascade
            .iter()
            .map(|arm| match model(arm) {
                ModelConfig::MmocNet(config) => config.fine.map(|fine| fine.fusion),
                _ => None,
            })
            .collect();
        let (sum, omit) = (Some(AsppFusion::Sum), Some(AsppFusion::Omit));
        assert_eq!(stages, [sum, None, omit, sum]);
        let Loss::Sum { terms } = cascade[3].config.loss().of else {
            panic!("no sum");
        };
        assert_eq!(terms.len(), 2);
        let sizes: Vec<[usize; 3]> = of(Kind::Patch)
            .iter()
            .map(|arm| arm.config.sampling.size)
            .collect();
        assert_eq!(sizes, [[16, 32, 32], [32, 64, 64], [48, 96, 96]]);
    }

    #[test]
    fn distances_share_one_training() {
        let rings = of(Kind::Ring);
        assert!(rings.iter().all(|arm| arm.training == rings[0].training));
        assert!(rings.iter().all(|arm| arm.config == rings[0].config));
        let proxy = of(Kind::Proxy);
        assert_eq!(proxy[0].training, proxy[1].training);
        assert_ne!(proxy[1].training, proxy[2].training);
        assert_eq!(proxy[2].config, proxy[3].config);
    }

    #[test]
    fn a_study_of_another_network_is_refused() {
        let said = arms(Kind::Cbam, &config(Architecture::Unet3d)).unwrap_err();
        assert!(
            said.to_string().contains("cbam is about rlk-unet"),
            "{said}"
        );
    }
}
