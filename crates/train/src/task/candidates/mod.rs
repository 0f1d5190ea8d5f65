//! Candidates of the search: is this one a microbleed?

mod change;

use super::{Task, TaskError, Verdict};
use crate::config::{CandidateChoice, TrainConfig, ValidationConfig};
use crate::data::{CandidateFile, CandidateSet, MayBe};
use crate::loader::Maker;
use crate::sample::Sampler;
use crate::score::{Counts, best_thresholds};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use change::changed;
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, FINE_CHANNELS, SpotKind, VIEW_EDGE, VIEW_NUMBERS,
};
use siderin_core::lesion::repeats;
use siderin_evaluate::{Lesions, Point, ScoreError, ScoreSettings, SubjectScore, score_case};
use siderin_image::random::Stream;
use siderin_image::volume::WorldPoint;
use siderin_image::volume::sphere_diameter_mm;
use siderin_net::architectures::Network;
use siderin_net::compute::Compute;
use siderin_net::model_file::{Calibration, Model};
use siderin_net::{APART_MM, CandidateJudge};
use std::sync::Arc;

const KINDS: usize = SpotKind::ALL.len();
const PIXELS: usize = VIEW_EDGE * VIEW_EDGE;

/// Candidates side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CandidateBatch {
    /// As [`CandidateView`] has them, one after the other.
    fine: Vec<f32>,
    coarse: Vec<f32>,
    numbers: Vec<f32>,
    /// 0 for kinds that it may be, a very low number for others: candidates by kinds.
    barred: Vec<f32>,
}

/// Learning from candidates.
pub(crate) struct CandidateTask {
    train: Arc<Vec<CandidateSet>>,
    /// Those of `train` that have a candidate to learn from.
    teaching: Arc<Vec<usize>>,
    validation: Vec<CandidateSet>,
    sampler: Sampler,
    choice: CandidateChoice,
    judging: ValidationConfig,
    seed: u64,
    compute: Compute,
}

impl CandidateTask {
    /// A task of candidates.
    ///
    /// # Errors
    /// When a file cannot be read, or the candidates need more memory than the config allows.
    pub(crate) fn new(
        config: &TrainConfig,
        choice: &CandidateChoice,
        train: &[CandidateFile],
        validation: &[CandidateFile],
        compute: &Compute,
    ) -> Result<Self, TaskError> {
        let limit_gib = config.data.memory_gib;
        let mut bytes = 0.0;
        let mut read = |files: &[CandidateFile]| -> Result<Vec<CandidateSet>, TaskError> {
            let mut sets = Vec::with_capacity(files.len());
            for file in files {
                let set = file.read()?;
                bytes += set.bytes() as f64;
                if bytes > limit_gib * f64::from(1 << 30) {
                    let scans = train.len() + validation.len();
                    return Err(TaskError::Memory { limit_gib, scans });
                }
                sets.push(set);
            }
            Ok(sets)
        };
        let (train, validation) = (read(train)?, read(validation)?);
        let teaches = |set: &CandidateSet| set.places.iter().any(|p| p.may_be != MayBe::NOTHING);
        let teaching: Vec<usize> = (0..train.len()).filter(|at| teaches(&train[*at])).collect();
        Ok(Self {
            sampler: Sampler::new(
                config.sampling.clone(),
                config.augment.clone(),
                config.seed,
                teaching.len(),
            ),
            train: Arc::new(train),
            teaching: Arc::new(teaching),
            validation,
            choice: choice.clone(),
            judging: config.validation.clone(),
            seed: config.seed,
            compute: compute.clone(),
        })
    }
}

impl CandidateTask {
    /// Candidates that are microbleeds, in the scans to learn from.
    pub(crate) fn microbleeds(&self) -> usize {
        let places = self.train.iter().flat_map(|set| &set.places);
        places.filter(|place| place.may_be.is_microbleed()).count()
    }

    /// Scores of a model at its own threshold on the scans that it learns from, then on those that judge.
    /// `told` is called after each.
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub(crate) fn scores(
        &self,
        model: Model,
        told: &dyn Fn(usize),
    ) -> Result<Vec<SubjectScore>, TaskError> {
        let line = model.card.calibration.unwrap_or(Calibration::none());
        let point = (line, model.card.operating.threshold);
        let judge = CandidateJudge::new(model, &self.compute)?;
        let settings = ScoreSettings::of(self.judging.rule);
        let sets = self.train.iter().chain(&self.validation).enumerate();
        sets.map(|(at, set)| {
            let scored = score(set, &kept_of(set, &judge)?, point, &settings)?;
            told(at + 1);
            Ok(scored)
        })
        .collect()
    }

    /// Lesions of the scans to learn from, found by the search or not.
    pub(crate) fn lesions_to_learn(&self) -> usize {
        self.train.iter().map(|set| set.lesions.len()).sum()
    }

    /// Lesions of the scans that judge, found by the search or not.
    pub(crate) fn lesions_to_judge(&self) -> usize {
        self.validation.iter().map(|set| set.lesions.len()).sum()
    }
}

impl Task for CandidateTask {
    type Batch = CandidateBatch;

    fn scans(&self) -> usize {
        self.train.len()
    }

    fn judges(&self) -> usize {
        self.validation.len()
    }

    fn batches_per_epoch(&self) -> u64 {
        self.sampler.batches_per_epoch()
    }

    fn samples_per_batch(&self) -> usize {
        self.sampler.config().batch
    }

    fn maker(&self, _: &[Vec<usize>]) -> Maker<CandidateBatch> {
        let (train, teaching) = (Arc::clone(&self.train), Arc::clone(&self.teaching));
        let sampler = self.sampler.clone();
        let (choice, seed) = (self.choice.clone(), self.seed);
        let mut order = sampler.walk();
        Box::new(move |number| {
            let batch = sampler.config().batch as u64;
            let mut made = CandidateBatch::with_room(batch as usize);
            for index in number * batch..(number + 1) * batch {
                let mut stream = Stream::new(seed, "candidate", index);
                let (scan, turn) = order.of(index);
                let set = &train[teaching[scan]];
                let at = pick(set, turn, &sampler, &mut stream);
                let view = changed(&set.view(at), &choice, &mut stream);
                made.push(&view, set.places[at].may_be);
            }
            Ok(made)
        })
    }

    /// −log of the probability of what it may be, the mean over the batch.
    fn loss(&self, network: &Network, batch: &CandidateBatch) -> Tensor<1> {
        let Network::CandidateNet(network) = network else {
            unreachable!("a network is of its config")
        };
        let device = self.compute.device().clone().autodiff();
        let count = batch.barred.len() / KINDS;
        let images = |values: &Vec<f32>, channels| {
            let shape = [count, channels, VIEW_EDGE, VIEW_EDGE];
            Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &device)
        };
        let rows = |values: &Vec<f32>, columns| {
            Tensor::<2>::from_data(TensorData::new(values.clone(), [count, columns]), &device)
        };
        let logits = network.forward(
            images(&batch.fine, FINE_CHANNELS),
            images(&batch.coarse, COARSE_CHANNELS),
            rows(&batch.numbers, VIEW_NUMBERS),
        );
        // ln Σ p over what it may be, the largest taken out: exact however unlikely all of them are.
        let possible = log_softmax(logits, 1) + rows(&batch.barred, KINDS);
        let largest = possible.clone().max_dim(1);
        let sum = (possible - largest.clone()).exp().sum_dim(1);
        (sum.log() + largest).mean().neg()
    }

    fn judge(&self, mut model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        model.card.calibration = None;
        let mut card = model.card.clone();
        let judge = CandidateJudge::new(model, &self.compute)?;
        let mut kept = Vec::with_capacity(self.validation.len());
        for (at, set) in self.validation.iter().enumerate() {
            kept.push(kept_of(set, &judge)?);
            told(at + 1);
        }
        let cases: Vec<(f64, bool)> = kept
            .iter()
            .zip(&self.validation)
            .flat_map(|(kept, set)| kept.iter().map(|(at, x)| (set.places[*at].may_be, *x)))
            .filter(|(may_be, _)| *may_be != MayBe::NOTHING)
            .map(|(may_be, x)| (x, may_be.is_microbleed()))
            .collect();
        let line = Calibration::fit(&cases);
        let thresholds = &self.judging.thresholds;
        let settings = ScoreSettings::of(self.judging.rule);
        let mut counts = vec![Counts::default(); thresholds.len()];
        for (kept, set) in kept.iter().zip(&self.validation) {
            for (counts, threshold) in counts.iter_mut().zip(thresholds) {
                counts.add(&score(set, kept, (line, *threshold), &settings)?);
            }
        }
        let chosen = best_thresholds(&counts, thresholds);
        card.operating.threshold = thresholds[chosen.at];
        card.other_points = Some(chosen.others);
        card.calibration = Some(line);
        card.confidence_meaning = CALIBRATED.into();
        Ok(Verdict {
            counts: counts[chosen.at],
            card,
        })
    }
}

/// Said of a confidence that the scans that judge have calibrated.
const CALIBRATED: &str = "the share of such candidates that are microbleeds, calibrated on the scans that \
    picked the weights";

/// Candidates that repeat no better one, with the logarithm of the network's odds.
fn kept_of(set: &CandidateSet, judge: &CandidateJudge) -> Result<Vec<(usize, f64)>, TaskError> {
    // Some at a time: all views of a scan at once would be in memory twice.
    const AT_ONCE: usize = 64;
    let mut scored = Vec::with_capacity(set.places.len());
    let all: Vec<usize> = (0..set.places.len()).collect();
    for some in all.chunks(AT_ONCE) {
        let views: Vec<CandidateView> = some.iter().map(|at| set.view(*at)).collect();
        let opinions = judge.judge(&views)?;
        scored.extend(
            some.iter()
                .copied()
                .zip(opinions.iter().map(|o| o.log_odds)),
        );
    }
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let best_first: Vec<(WorldPoint, &[usize])> = scored
        .iter()
        .map(|(at, _)| {
            let place = &set.places[*at];
            let [x, y, z] = place.center_world_mm;
            (WorldPoint::new(x, y, z), &place.voxels[..])
        })
        .collect();
    let repeated = repeats(&best_first, APART_MM);
    let kept = scored.into_iter().zip(repeated);
    Ok(kept.filter(|(_, again)| !again).map(|(s, _)| s).collect())
}

/// Scores the candidates that are kept, at a threshold of their calibrated probability.
fn score(
    set: &CandidateSet,
    kept: &[(usize, f64)],
    (line, threshold): (Calibration, f32),
    settings: &ScoreSettings,
) -> Result<SubjectScore, ScoreError> {
    let truth = set.lesions.iter().map(|lesion| lesion.point()).collect();
    let truth = Lesions::Points(truth, None);
    let found = kept.iter().filter_map(|(at, x)| {
        // As detection has it, which keeps confidences in single precision.
        let p = line.probability(*x) as f32;
        (p >= threshold).then(|| point_of(set, *at, p))
    });
    let found = Lesions::Points(found.collect(), None);
    score_case(Some(&truth), Some(&found), None, settings)
}

fn point_of(set: &CandidateSet, at: usize, confidence: f32) -> Point {
    let place = &set.places[at];
    let [x, y, z] = place.center_world_mm;
    Point {
        id: None,
        center_world: WorldPoint::new(x, y, z),
        confidence: Some(f64::from(confidence)),
        diameter_mm: Some(sphere_diameter_mm(place.volume_mm3)),
        volume_mm3: Some(place.volume_mm3),
    }
}

/// Negatives that count as hard: the first ones by the rules.
const HARD: usize = 40;

/// The candidate that sample `turn` of a scan that teaches something shows: first microbleeds, then hard negatives, then any,
/// as many as their shares say.
fn pick(set: &CandidateSet, turn: usize, sampler: &Sampler, stream: &mut Stream) -> usize {
    let config = sampler.config();
    let teach = |at: &usize| set.places[*at].may_be != MayBe::NOTHING;
    let (microbleeds, others): (Vec<usize>, Vec<usize>) = (0..set.places.len())
        .filter(teach)
        .partition(|at| set.places[*at].may_be.is_microbleed());
    let share = (turn as f64 + 0.5) / config.per_scan as f64;
    let hard = &others[..others.len().min(HARD)];
    let from = if share < config.lesion_share && !microbleeds.is_empty() {
        &microbleeds[..]
    } else if share < config.lesion_share + config.spot_share {
        hard
    } else {
        &others[..]
    };
    let from = if from.is_empty() { &microbleeds } else { from };
    from[stream.index(from.len())]
}

impl CandidateBatch {
    fn with_room(count: usize) -> Self {
        Self {
            fine: Vec::with_capacity(count * FINE_CHANNELS * PIXELS),
            coarse: Vec::with_capacity(count * COARSE_CHANNELS * PIXELS),
            numbers: Vec::with_capacity(count * VIEW_NUMBERS),
            barred: Vec::with_capacity(count * KINDS),
        }
    }

    fn push(&mut self, view: &CandidateView, may_be: MayBe) {
        /// e^-80 is next to nothing, and still a number.
        const NEVER: f32 = -80.0;
        self.fine.extend(&view.fine);
        self.coarse.extend(&view.coarse);
        self.numbers.extend(&view.numbers);
        let barred = (0..KINDS).map(|kind| {
            if may_be.0 >> kind & 1 == 1 {
                0.0
            } else {
                NEVER
            }
        });
        self.barred.extend(barred);
    }
}

/// A view of nothing, for tests.
#[cfg(test)]
fn blank_view() -> CandidateView {
    CandidateView {
        fine: vec![0.0; FINE_CHANNELS * PIXELS],
        coarse: vec![0.0; COARSE_CHANNELS * PIXELS],
        numbers: vec![0.0; VIEW_NUMBERS],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{CandidatePlace, TruePlace};
    use crate::sample::SamplingConfig;
    use siderin_core::candidates::VIEW_VERSION;
    use siderin_net::architectures::{CandidateNetConfig, ModelConfig};

    fn set(kinds: &[MayBe]) -> CandidateSet {
        let mut set = CandidateSet::of(vec![TruePlace {
            center_world_mm: [0.0; 3],
            volume_mm3: 1.0,
        }]);
        for (n, may_be) in kinds.iter().enumerate() {
            let place = CandidatePlace {
                center_world_mm: [10.0 * n as f64, 0.0, 0.0],
                volume_mm3: 4.0,
                voxels: vec![n],
                may_be: *may_be,
            };
            set.push(place, &blank_view());
        }
        set
    }

    fn sampling() -> SamplingConfig {
        SamplingConfig {
            size: [1, VIEW_EDGE, VIEW_EDGE],
            batch: 4,
            per_scan: 10,
            lesion_share: 0.3,
            spot_share: 0.2,
            mining_epochs: None,
            regions: 1,
        }
    }

    #[test]
    fn samples_are_shared_out() {
        let sampler = Sampler::new(sampling(), Default::default(), 1, 1);
        let microbleed = MayBe::only(SpotKind::Microbleed);
        let vein = MayBe::only(SpotKind::Vein);
        let mut kinds = vec![vein; HARD];
        kinds.extend([microbleed, MayBe::NOTHING, vein, vein]);
        let set_of = set(&kinds);
        let mut stream = Stream::new(1, "test", 0);
        let mut pick_at = |turn| pick(&set_of, turn, &sampler, &mut stream);
        assert!((0..3).all(|turn| pick_at(turn) == HARD));
        assert!((0..100).all(|_| pick_at(4) < HARD));
        let any: Vec<usize> = (0..2000).map(|_| pick_at(9)).collect();
        assert!(any.contains(&(HARD + 3)) && !any.contains(&(HARD + 1)) && !any.contains(&HARD));
        // Without microbleeds hard ones take their turn, without others microbleeds.
        let mut stream = Stream::new(1, "test", 0);
        assert_eq!(pick(&set(&[vein]), 0, &sampler, &mut stream), 0);
        assert_eq!(pick(&set(&[microbleed]), 9, &sampler, &mut stream), 0);
    }

    #[test]
    fn the_loss_is_that_of_what_it_may_be() {
        // A head without weights but its bias says the same of everything: logits are the bias.
        let device = burn::tensor::Device::flex();
        let config = ModelConfig::CandidateNet(CandidateNetConfig {
            views: VIEW_VERSION,
            channels: [1; 3],
            hidden: 1,
            dropout: 0.0,
        });
        let network = config.init(&device.clone().autodiff()).unwrap();
        let mut batch = CandidateBatch::with_room(1);
        batch.push(&blank_view(), MayBe(0b00_0110));
        assert_eq!(batch.barred, [-80.0, 0.0, 0.0, -80.0, -80.0, -80.0]);
        let Network::CandidateNet(inner) = network.clone() else {
            panic!("another network");
        };
        let x = |channels| {
            Tensor::zeros(
                [1, channels, VIEW_EDGE, VIEW_EDGE],
                &device.clone().autodiff(),
            )
        };
        let numbers = Tensor::zeros([1, VIEW_NUMBERS], &device.clone().autodiff());
        let logits = inner.forward(x(FINE_CHANNELS), x(COARSE_CHANNELS), numbers);
        let logits: Vec<f32> = logits.into_data().try_into_vec_as().unwrap();
        let sum = |kinds: &[usize]| {
            kinds
                .iter()
                .map(|k| f64::from(logits[*k]).exp())
                .sum::<f64>()
        };
        let expected = -(sum(&[1, 2]) / sum(&[0, 1, 2, 3, 4, 5])).ln();
        let task = task();
        let found = f64::from(task.loss(&network, &batch).into_scalar::<f32>());
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }

    fn task() -> CandidateTask {
        CandidateTask {
            train: Arc::default(),
            teaching: Arc::default(),
            validation: Vec::new(),
            sampler: Sampler::new(sampling(), Default::default(), 1, 0),
            choice: CandidateChoice {
                regions: Default::default(),
                phase_dropout: 0.0,
                contrast: 0.0,
                noise: 0.0,
                depth_mm: 0.0,
            },
            judging: ValidationConfig::default(),
            seed: 1,
            compute: Compute::cpu(),
        }
    }
}
