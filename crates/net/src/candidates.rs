//! Candidates of the search, judged by a network.

use crate::model::{CandidateNet, Network};
use crate::model_file::{Calibration, Model, ModelCard};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, FINE_CHANNELS, SpotKind, VIEW_EDGE, VIEW_NUMBERS,
};

/// A network of candidates, ready to judge.
#[derive(Debug)]
pub struct CandidateJudge {
    network: CandidateNet,
    card: ModelCard,
    device: Device,
}

/// What a candidate is likely to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// Probability of a microbleed, calibrated where the model's card says how.
    pub microbleed: f32,
    /// What else it is likeliest to be.
    pub otherwise: SpotKind,
}

/// A model that cannot judge candidates.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CandidateError {
    #[error(
        "judging candidates: {name} is no network of candidates; give a model of the architecture \
         candidate-net"
    )]
    OtherNetwork { name: String },
    #[error(
        "judging candidates: the network gave NaN or infinity; its weights are damaged, or its \
         training went wrong"
    )]
    Diverged,
}

/// Of two candidates closer than this one is a part of the other, or of the same lesion.
pub const APART_MM: f64 = 4.0;

/// Candidates that are judged at once.
const BATCH: usize = 64;
const KINDS: usize = SpotKind::ALL.len();

impl CandidateJudge {
    /// A judge with a model that lies on `device`.
    ///
    /// # Errors
    /// When the model is none of candidates.
    pub fn new(model: Model, device: &Device) -> Result<Self, CandidateError> {
        match model.network {
            Network::CandidateNet(network) => Ok(Self {
                network,
                card: model.card,
                device: device.clone(),
            }),
            _ => Err(CandidateError::OtherNetwork {
                name: model.card.name,
            }),
        }
    }

    /// What the model says of itself.
    #[must_use]
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// What each candidate is likely to be.
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub fn judge(&self, views: &[CandidateView]) -> Result<Vec<Opinion>, CandidateError> {
        let mut opinions = Vec::with_capacity(views.len());
        for some in views.chunks(BATCH) {
            let logits = self.network.forward(
                self.images(some, FINE_CHANNELS, |view| &view.fine),
                self.images(some, COARSE_CHANNELS, |view| &view.coarse),
                self.numbers(some),
            );
            let shares: Vec<f32> = softmax(logits, 1)
                .try_into_vec_as()
                .map_err(|_| CandidateError::Diverged)?;
            if !shares.iter().all(|p| p.is_finite()) {
                return Err(CandidateError::Diverged);
            }
            let calibration = self.card.calibration;
            opinions.extend(shares.chunks_exact(KINDS).map(|p| opinion(p, calibration)));
        }
        Ok(opinions)
    }

    fn images<'a>(
        &self,
        views: &'a [CandidateView],
        channels: usize,
        of: impl Fn(&'a CandidateView) -> &'a Vec<f32>,
    ) -> Tensor<4> {
        let values: Vec<f32> = views.iter().flat_map(&of).copied().collect();
        let shape = [views.len(), channels, VIEW_EDGE, VIEW_EDGE];
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    fn numbers(&self, views: &[CandidateView]) -> Tensor<2> {
        let values: Vec<f32> = views.iter().flat_map(|v| &v.numbers).copied().collect();
        let shape = [views.len(), VIEW_NUMBERS];
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }
}

fn opinion(shares: &[f32], calibration: Option<Calibration>) -> Opinion {
    let otherwise = (1..KINDS).fold(1, |best, next| {
        if shares[next] > shares[best] {
            next
        } else {
            best
        }
    });
    Opinion {
        microbleed: calibration.map_or(shares[0], |c| c.apply(shares[0])),
        otherwise: SpotKind::ALL[otherwise],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, CandidateNetConfig, ModelConfig, Preset};

    fn model(device: &Device) -> Model {
        device.seed(1);
        let mut card = ModelCard::preset(Architecture::CandidateNet, Preset::Small);
        card.model = ModelConfig::CandidateNet(CandidateNetConfig {
            channels: [2, 3, 4],
            hidden: 5,
            dropout: 0.5,
        });
        let network = card.model.init(device).unwrap();
        Model { card, network }
    }

    fn views() -> Vec<CandidateView> {
        let values = |n: usize, seed: usize| -> Vec<f32> {
            (0..n)
                .map(|at| ((at * 31 + seed * 17) % 23) as f32 / 11.5 - 1.0)
                .collect()
        };
        let pixels = VIEW_EDGE * VIEW_EDGE;
        (0..BATCH + 3)
            .map(|seed| CandidateView {
                fine: values(FINE_CHANNELS * pixels, seed),
                coarse: values(COARSE_CHANNELS * pixels, seed),
                numbers: values(VIEW_NUMBERS, seed),
            })
            .collect()
    }

    #[test]
    fn candidates_do_not_depend_on_their_neighbours() {
        let device = Device::flex();
        let judge = CandidateJudge::new(model(&device), &device).unwrap();
        let views = views();
        let all = judge.judge(&views).unwrap();
        assert_eq!(all.len(), BATCH + 3);
        let alone = judge.judge(&views[BATCH..][..1]).unwrap()[0];
        assert!((alone.microbleed - all[BATCH].microbleed).abs() < 1e-6);
        assert!(all.iter().all(|o| (0.0..=1.0).contains(&o.microbleed)));
        assert!(judge.judge(&[]).unwrap().is_empty());
    }

    #[test]
    fn the_likeliest_other_kind_is_named() {
        let found = opinion(&[0.7, 0.05, 0.15, 0.0, 0.05, 0.05], None);
        assert_eq!(found.otherwise, SpotKind::Calcification);
        // Odds of 7/3 to the power of .5 times e^-1: 1.52753 · .36788 = .56195, of which
        // .56195 / 1.56195 = .35977.
        let calibration = Calibration {
            slope: 0.5,
            offset: -1.0,
        };
        let found = opinion(&[0.7, 0.3, 0.0, 0.0, 0.0, 0.0], Some(calibration));
        assert!((found.microbleed - 0.35977).abs() < 1e-5);
    }

    #[test]
    fn other_networks_are_refused() {
        let device = Device::flex();
        let card = ModelCard::preset(Architecture::Unet3d, Preset::Small);
        let network = card.model.init(&device).unwrap();
        let said = CandidateJudge::new(Model { card, network }, &device).unwrap_err();
        assert!(said.to_string().contains("no network of candidates"));
    }
}
