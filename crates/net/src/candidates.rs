//! Candidates of the search, judged by a network.

use crate::architectures::{CandidateNet, Network};
use crate::compute::Compute;
use crate::model_file::{Calibration, Model, ModelCard};
use crate::tiling::grad_cam;
use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, FINE_CHANNELS, Mirroring, SpotKind, VIEW_EDGE, VIEW_NUMBERS,
};

/// A network of candidates, ready to judge.
#[derive(Debug)]
pub struct CandidateJudge {
    network: CandidateNet,
    card: ModelCard,
    compute: Compute,
}

/// What a candidate is likely to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// Logarithm of the network's odds of a microbleed. It ranks candidates where probabilities are
    /// too close to 1 to tell apart.
    pub log_odds: f64,
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
        "judging candidates: the network gave NaN or infinity; its weights are damaged, its training \
         went wrong, or the scan holds values beyond all measure"
    )]
    Diverged,
}

/// Of two candidates closer than this one is a part of the other, or of the same lesion.
pub const APART_MM: f64 = 4.0;

/// Candidates that are judged at once.
const BATCH: usize = 64;
/// ln of the odds of a microbleed below which one look is enough: one in 150.
const CLEARLY_NONE: f64 = -5.0;
const KINDS: usize = SpotKind::ALL.len();
/// Pixels on an edge of [`CandidateJudge::heat`].
pub(crate) const HEAT_EDGE: usize = VIEW_EDGE / 2;

impl CandidateJudge {
    /// A judge with a model that lies on the device of `compute`.
    ///
    /// # Errors
    /// When the model is not a network of candidates.
    pub fn new(model: Model, compute: &Compute) -> Result<Self, CandidateError> {
        match model.network {
            Network::CandidateNet(network) => Ok(Self {
                network,
                card: model.card,
                compute: compute.clone(),
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

    /// What each candidate is likely to be. One that is not clearly something else is looked at in all
    /// eight ways to mirror it, and the mean of the logits counts.
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub fn judge(&self, views: &[CandidateView]) -> Result<Vec<Opinion>, CandidateError> {
        let mut logits = self.logits(views)?;
        let unclear: Vec<usize> = (0..views.len())
            .filter(|at| log_odds(&logits[*at]) > CLEARLY_NONE)
            .collect();
        let ways = &Mirroring::IN_PLANE;
        for how in &ways[1..] {
            let mirrored: Vec<CandidateView> = unclear
                .par_iter()
                .map(|at| views[*at].mirrored(how))
                .collect();
            for (at, more) in unclear.iter().zip(self.logits(&mirrored)?) {
                for (sum, logit) in logits[*at].iter_mut().zip(more) {
                    *sum += logit;
                }
            }
        }
        for at in unclear {
            logits[at] = logits[at].map(|sum| sum / ways.len() as f32);
        }
        let line = self.card.calibration.unwrap_or(Calibration::none());
        Ok(logits.iter().map(|logits| opinion(logits, line)).collect())
    }

    /// Where in the fine view the network looked for a microbleed: Grad-CAM of the log odds at half the view's
    /// pixels, 16 rows of 16, scaled to 1 at its largest; all 0 where nothing raises it.
    #[must_use]
    pub fn heat(&self, view: &CandidateView) -> Vec<f32> {
        self.compute.scope(|| self.look(view))
    }

    fn look(&self, view: &CandidateView) -> Vec<f32> {
        let views = std::slice::from_ref(view);
        let device = self.compute.device().clone().autodiff();
        // Frozen, so that normalisation stays as it is in inference.
        let head = self.network.clone().freeze().fork(&device);
        let features = self
            .network
            .features(self.images(views, FINE_CHANNELS, |view| &view.fine));
        let coarse = self.images(views, COARSE_CHANNELS, |view| &view.coarse);
        let (coarse, numbers) = (coarse.autodiff(), self.numbers(views).autodiff());
        let map = grad_cam(features, |features| {
            let logits = head.head(features, coarse, numbers);
            let others = logits.clone().narrow(1, 1, KINDS - 1);
            // The logit less ln Σ e^x of the others.
            let beside = log_softmax(others.clone(), 1) - others;
            (logits.narrow(1, 0, 1) + beside.narrow(1, 0, 1)).sum()
        });
        let mut heat: Vec<f32> = map.try_into_vec_as().unwrap_or_default();
        let most = heat.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            heat.iter_mut().for_each(|value| *value /= most);
        }
        heat
    }

    /// What the network says of each view.
    fn logits(&self, views: &[CandidateView]) -> Result<Vec<[f32; KINDS]>, CandidateError> {
        let mut all = Vec::with_capacity(views.len());
        for some in views.chunks(BATCH) {
            let logits = self.compute.scope(|| {
                self.network.forward(
                    self.images(some, FINE_CHANNELS, |view| &view.fine),
                    self.images(some, COARSE_CHANNELS, |view| &view.coarse),
                    self.numbers(some),
                )
            });
            let logits: Vec<f32> = logits
                .try_into_vec_as()
                .map_err(|_| CandidateError::Diverged)?;
            if !logits.iter().all(|logit| logit.is_finite()) {
                return Err(CandidateError::Diverged);
            }
            let (kinds, _) = logits.as_chunks::<KINDS>();
            all.extend(kinds);
        }
        Ok(all)
    }

    fn images<'a>(
        &self,
        views: &'a [CandidateView],
        channels: usize,
        of: impl Fn(&'a CandidateView) -> &'a Vec<f32>,
    ) -> Tensor<4> {
        let values: Vec<f32> = views.iter().flat_map(&of).copied().collect();
        let shape = [views.len(), channels, VIEW_EDGE, VIEW_EDGE];
        Tensor::from_data(TensorData::new(values, shape), self.compute.device())
    }

    fn numbers(&self, views: &[CandidateView]) -> Tensor<2> {
        let values: Vec<f32> = views.iter().flat_map(|v| &v.numbers).copied().collect();
        let shape = [views.len(), VIEW_NUMBERS];
        Tensor::from_data(TensorData::new(values, shape), self.compute.device())
    }
}

/// ln of the odds of a microbleed: its logit less ln Σ e^x of the others.
fn log_odds(logits: &[f32; KINDS]) -> f64 {
    let others = &logits[1..];
    let largest = f64::from(others.iter().copied().fold(f32::MIN, f32::max));
    let sum: f64 = others.iter().map(|x| (f64::from(*x) - largest).exp()).sum();
    f64::from(logits[0]) - largest - sum.ln()
}

fn opinion(logits: &[f32; KINDS], line: Calibration) -> Opinion {
    let otherwise = (1..KINDS).fold(1, |best, next| {
        if logits[next] > logits[best] {
            next
        } else {
            best
        }
    });
    let log_odds = log_odds(logits);
    Opinion {
        log_odds,
        microbleed: line.probability(log_odds) as f32,
        otherwise: SpotKind::ALL[otherwise],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architectures::{Architecture, CandidateNetConfig, ModelConfig, Preset};
    use siderin_core::candidates::VIEW_VERSION;

    fn model(device: &burn::tensor::Device) -> Model {
        device.seed(1);
        let mut card = ModelCard::preset(Architecture::CandidateNet, Preset::Small);
        card.model = ModelConfig::CandidateNet(CandidateNetConfig {
            views: VIEW_VERSION,
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
        let compute = Compute::cpu();
        let device = compute.device();
        let judge = CandidateJudge::new(model(device), &compute).unwrap();
        let views = views();
        let all = judge.judge(&views).unwrap();
        assert_eq!(all.len(), BATCH + 3);
        let alone = judge.judge(&views[BATCH..][..1]).unwrap()[0];
        assert!((alone.microbleed - all[BATCH].microbleed).abs() < 1e-6);
        assert!(all.iter().all(|o| (0.0..=1.0).contains(&o.microbleed)));
        assert!(judge.judge(&[]).unwrap().is_empty());
    }

    #[test]
    fn mirrored_candidates_are_the_same() {
        let compute = Compute::cpu();
        let device = compute.device();
        let judge = CandidateJudge::new(model(device), &compute).unwrap();
        let views = views();
        let mirrored: Vec<CandidateView> = views
            .iter()
            .map(|view| view.mirrored(&Mirroring::IN_PLANE[5]))
            .collect();
        let (seen, again) = (
            judge.judge(&views).unwrap(),
            judge.judge(&mirrored).unwrap(),
        );
        // Looked at once they would not be.
        let once = judge.logits(&mirrored).unwrap();
        let off = |at: usize| (log_odds(&once[at]) - seen[at].log_odds).abs();
        assert!((0..views.len()).any(|at| off(at) > 1e-3));
        for (one, other) in seen.iter().zip(&again) {
            assert!((one.log_odds - other.log_odds).abs() < 1e-4);
        }
    }

    #[test]
    fn the_likeliest_other_kind_is_named() {
        let shares = [0.7f32, 0.05, 0.15, 0.02, 0.05, 0.03];
        // A softmax does not mind what is added to all.
        let logits = shares.map(|p| p.ln() + 9.0);
        let found = opinion(&logits, Calibration::none());
        assert_eq!(found.otherwise, SpotKind::Calcification);
        assert!((found.microbleed - 0.7).abs() < 1e-5);
        assert!((found.log_odds - (7.0f64 / 3.0).ln()).abs() < 1e-5);
        // Odds of 7/3 to the power of .5 times e^-1: 1.52753 · .36788 = .56195, of which
        // .56195 / 1.56195 = .35977.
        let line = Calibration {
            slope: 0.5,
            offset: -1.0,
        };
        assert!((opinion(&logits, line).microbleed - 0.35977).abs() < 1e-5);
    }

    #[test]
    fn other_networks_are_refused() {
        let compute = Compute::cpu();
        let device = compute.device();
        let card = ModelCard::preset(Architecture::Unet3d, Preset::Small);
        let network = card.model.init(device).unwrap();
        let said = CandidateJudge::new(Model { card, network }, &compute).unwrap_err();
        assert!(said.to_string().contains("no network of candidates"));
    }
}
