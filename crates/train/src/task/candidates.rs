//! Candidates of the search: is this one a microbleed?

use super::{Task, TaskError, Verdict};
use crate::config::{CandidateChoice, TrainConfig, ValidationConfig};
use crate::data::{CandidateFile, CandidateSet, MayBe};
use crate::loader::Maker;
use crate::sample::Sampler;
use crate::score::{Counts, best_threshold};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use siderin_core::candidates::{
    COARSE_CHANNELS, CandidateView, FINE_CHANNELS, PHASE_CHANNELS, SpotKind, VIEW_EDGE,
    VIEW_NUMBERS,
};
use siderin_core::evaluate::{Lesions, Point, ScoreError, ScoreSettings, SubjectScore, score_case};
use siderin_core::lesion::repeats;
use siderin_core::random::Stream;
use siderin_core::volume::WorldPoint;
use siderin_net::model::Network;
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
    validation: Vec<CandidateSet>,
    sampler: Sampler,
    choice: CandidateChoice,
    judging: ValidationConfig,
    seed: u64,
    /// Without gradients.
    device: Device,
}

impl CandidateTask {
    /// A task of candidates; `device` is without gradients.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn new(
        config: &TrainConfig,
        choice: &CandidateChoice,
        train: &[CandidateFile],
        validation: &[CandidateFile],
        device: &Device,
    ) -> Result<Self, TaskError> {
        let read = |files: &[CandidateFile]| -> Result<Vec<CandidateSet>, TaskError> {
            files.iter().map(|file| Ok(file.read()?)).collect()
        };
        Ok(Self {
            sampler: Sampler::new(
                config.sampling.clone(),
                config.augment.clone(),
                config.seed,
                train.len(),
            ),
            train: Arc::new(read(train)?),
            validation: read(validation)?,
            choice: choice.clone(),
            judging: config.validation.clone(),
            seed: config.seed,
            device: device.clone(),
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
    /// `told` is told of each.
    ///
    /// # Errors
    /// When the network gives no numbers.
    pub(crate) fn scores(
        &self,
        model: Model,
        told: &dyn Fn(usize),
    ) -> Result<Vec<SubjectScore>, TaskError> {
        let threshold = model.card.operating.threshold;
        let judge = CandidateJudge::new(model, &self.device)?;
        let settings = ScoreSettings::of(self.judging.rule);
        let sets = self.train.iter().chain(&self.validation).enumerate();
        sets.map(|(at, set)| {
            let scored = score(set, &kept_of(set, &judge)?, threshold, &settings)?;
            told(at + 1);
            Ok(scored)
        })
        .collect()
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
        let (train, sampler) = (Arc::clone(&self.train), self.sampler.clone());
        let (choice, seed) = (self.choice.clone(), self.seed);
        let mut order = sampler.walk();
        Box::new(move |number| {
            let batch = sampler.config().batch as u64;
            let mut made = CandidateBatch::with_room(batch as usize);
            for index in number * batch..(number + 1) * batch {
                let mut stream = Stream::new(seed, "candidate", index);
                let (scan, turn) = order.of(index);
                let set = &train[scan];
                if let Some(at) = pick(set, turn, &sampler, &mut stream) {
                    let view = changed(set.view(at), &choice, &mut stream);
                    made.push(&view, set.places[at].may_be);
                } else {
                    // A scan without candidates: a view of nothing from which nothing is learnt.
                    made.push(&CandidateBatch::nothing(), MayBe((1 << KINDS) - 1));
                }
            }
            Ok(made)
        })
    }

    /// −log of the probability of what it may be, the mean over the batch.
    fn loss(&self, network: &Network, batch: &CandidateBatch) -> Tensor<1> {
        let Network::CandidateNet(network) = network else {
            unreachable!("a network is of its config")
        };
        let device = self.device.clone().autodiff();
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
        // log Σ p over what it may be.
        let shares = (log_softmax(logits, 1) + rows(&batch.barred, KINDS)).exp();
        shares.sum_dim(1).clamp_min(1e-12).log().mean().neg()
    }

    fn judge(&self, mut model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        model.card.calibration = None;
        let mut card = model.card.clone();
        let judge = CandidateJudge::new(model, &self.device)?;
        let mut kept = Vec::with_capacity(self.validation.len());
        for (at, set) in self.validation.iter().enumerate() {
            kept.push(kept_of(set, &judge)?);
            told(at + 1);
        }
        let cases: Vec<(f32, bool)> = kept
            .iter()
            .zip(&self.validation)
            .flat_map(|(kept, set)| kept.iter().map(|(at, p)| (set.places[*at].may_be, *p)))
            .filter(|(may_be, _)| *may_be != MayBe::NOTHING)
            .map(|(may_be, p)| (p, may_be.is_microbleed()))
            .collect();
        let line = Calibration::fit(&cases);
        let thresholds = &self.judging.thresholds;
        let settings = ScoreSettings::of(self.judging.rule);
        let mut counts = vec![Counts::default(); thresholds.len()];
        for (kept, set) in kept.iter().zip(&self.validation) {
            let kept: Vec<(usize, f32)> =
                kept.iter().map(|(at, p)| (*at, line.apply(*p))).collect();
            for (counts, threshold) in counts.iter_mut().zip(thresholds) {
                counts.add(&score(set, &kept, *threshold, &settings)?);
            }
        }
        let at = best_threshold(&counts);
        card.operating.threshold = thresholds[at];
        card.calibration = Some(line);
        card.confidence_meaning = CALIBRATED.into();
        Ok(Verdict {
            counts: counts[at],
            card,
        })
    }

    fn mine(&self, _: Model, _: &dyn Fn(usize)) -> Result<Vec<Vec<usize>>, TaskError> {
        // All candidates are shown; the hard ones have their share.
        Ok(vec![Vec::new(); self.train.len()])
    }
}

/// Said of a confidence that the scans that judge have calibrated.
const CALIBRATED: &str = "the share of such candidates that are microbleeds, calibrated on the scans that \
    picked the weights";

/// Candidates that repeat no better one, with the network's probability.
fn kept_of(set: &CandidateSet, judge: &CandidateJudge) -> Result<Vec<(usize, f32)>, TaskError> {
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
                .zip(opinions.iter().map(|o| o.microbleed)),
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

/// Scores the candidates that are kept at a threshold.
fn score(
    set: &CandidateSet,
    kept: &[(usize, f32)],
    threshold: f32,
    settings: &ScoreSettings,
) -> Result<SubjectScore, ScoreError> {
    let truth = set.lesions.iter().map(|lesion| lesion.point()).collect();
    let truth = Lesions::Points(truth, None);
    let found = kept.iter().filter(|(_, p)| *p >= threshold);
    let found = found.map(|(at, p)| point_of(set, *at, *p)).collect();
    let found = Lesions::Points(found, None);
    score_case(Some(&truth), Some(&found), None, settings)
}

fn point_of(set: &CandidateSet, at: usize, confidence: f32) -> Point {
    let place = &set.places[at];
    let [x, y, z] = place.center_world_mm;
    let radius = (place.volume_mm3 * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
    Point {
        id: None,
        center_world: WorldPoint::new(x, y, z),
        confidence: Some(f64::from(confidence)),
        diameter_mm: Some(2.0 * radius),
        volume_mm3: Some(place.volume_mm3),
    }
}

/// Negatives that count as hard: the first ones by the rules.
const HARD: usize = 40;

/// The candidate that sample `turn` of a scan shows: first microbleeds, then hard negatives, then any,
/// as many as their shares say.
fn pick(set: &CandidateSet, turn: usize, sampler: &Sampler, stream: &mut Stream) -> Option<usize> {
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
    from.get(stream.index(from.len())).copied()
}

/// A view, mirrored and turned by quarters, in another contrast and noise, with a surface of the brain
/// that is a little off, and without its phase now and then.
fn changed(
    mut view: CandidateView,
    choice: &CandidateChoice,
    stream: &mut Stream,
) -> CandidateView {
    let turn = Turn {
        columns: stream.chance(0.5),
        rows: stream.chance(0.5),
        exchanged: stream.chance(0.5),
        planes: stream.chance(0.5),
    };
    view.fine = turn.of(&view.fine, PHASE_CHANNELS.start, PHASE_CHANNELS.len());
    view.coarse = turn.of(&view.coarse, COARSE_CHANNELS - 1, 0);
    let power = stream.uniform(-choice.contrast, choice.contrast).exp() as f32;
    let noise = stream.uniform(0.0, choice.noise) as f32;
    let depth = stream.uniform(-choice.depth_mm, choice.depth_mm) as f32 / 10.0;
    // Pixels of the coarse view are means over more of the scan.
    for (channels, signal, noise) in [
        (&mut view.fine, PHASE_CHANNELS.start, noise),
        (&mut view.coarse, COARSE_CHANNELS - 1, 0.4 * noise),
    ] {
        for value in &mut channels[..signal * PIXELS] {
            let darker = (1.0 + *value).max(0.0).powf(power);
            *value = darker + noise * stream.normal() as f32 - 1.0;
        }
        let last = channels.len() - PIXELS;
        for value in &mut channels[last..] {
            *value = (*value + depth).clamp(-1.0, 1.0);
        }
    }
    if stream.chance(choice.phase_dropout) {
        view.fine[PHASE_CHANNELS.start * PIXELS..PHASE_CHANNELS.end * PIXELS].fill(0.0);
        view.numbers[VIEW_NUMBERS - 1] = 0.0;
    }
    view
}

/// Mirroring, and the exchange of columns and rows.
struct Turn {
    columns: bool,
    rows: bool,
    exchanged: bool,
    planes: bool,
}

impl Turn {
    /// Channels: `first` planes, `second` planes, and single ones.
    fn of(&self, channels: &[f32], first: usize, second: usize) -> Vec<f32> {
        let source = |channel: usize| {
            let mirrored = |start: usize, count: usize| {
                if self.planes {
                    start + count - 1 - (channel - start)
                } else {
                    channel
                }
            };
            if channel < first {
                mirrored(0, first)
            } else if channel < first + second {
                mirrored(first, second)
            } else {
                channel
            }
        };
        let last = VIEW_EDGE - 1;
        let count = channels.len() / PIXELS;
        let mut turned = Vec::with_capacity(channels.len());
        for channel in 0..count {
            let from = &channels[source(channel) * PIXELS..][..PIXELS];
            for row in 0..VIEW_EDGE {
                for column in 0..VIEW_EDGE {
                    let (r, c) = if self.exchanged {
                        (column, row)
                    } else {
                        (row, column)
                    };
                    let r = if self.rows { last - r } else { r };
                    let c = if self.columns { last - c } else { c };
                    turned.push(from[r * VIEW_EDGE + c]);
                }
            }
        }
        turned
    }
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

    fn nothing() -> CandidateView {
        CandidateView {
            fine: vec![0.0; FINE_CHANNELS * PIXELS],
            coarse: vec![0.0; COARSE_CHANNELS * PIXELS],
            numbers: vec![0.0; VIEW_NUMBERS],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Place, TruePlace};
    use crate::sample::SamplingConfig;

    #[test]
    fn a_view_is_turned_as_a_whole() {
        // Value: 100 channel + row + column / 100.
        let value = |channel: usize, row: usize, column: usize| {
            100.0 * channel as f32 + row as f32 + column as f32 / 100.0
        };
        let mut channels = Vec::new();
        for channel in 0..6 {
            for row in 0..VIEW_EDGE {
                channels.extend((0..VIEW_EDGE).map(|column| value(channel, row, column)));
            }
        }
        let turn = Turn {
            columns: true,
            rows: false,
            exchanged: true,
            planes: true,
        };
        let turned = turn.of(&channels, 3, 2);
        let at = |channel: usize, row: usize, column: usize| {
            turned[channel * PIXELS + row * VIEW_EDGE + column]
        };
        // Planes 0 to 2 and 3 to 4 are mirrored, 5 stays; what is at row 4, column 7 comes from row 7,
        // column 31 - 4.
        assert_eq!(at(0, 4, 7), value(2, 7, 27));
        assert_eq!(at(3, 4, 7), value(4, 7, 27));
        assert_eq!(at(5, 4, 7), value(5, 7, 27));
    }

    fn set(kinds: &[MayBe]) -> CandidateSet {
        let mut set = CandidateSet::of(vec![TruePlace {
            center_world_mm: [0.0; 3],
            volume_mm3: 1.0,
        }]);
        for (n, may_be) in kinds.iter().enumerate() {
            let place = Place {
                center_world_mm: [10.0 * n as f64, 0.0, 0.0],
                volume_mm3: 4.0,
                voxels: vec![n],
                may_be: *may_be,
            };
            set.push(place, &CandidateBatch::nothing());
        }
        set
    }

    #[test]
    fn samples_are_shared_out() {
        let config = SamplingConfig {
            size: [1, VIEW_EDGE, VIEW_EDGE],
            batch: 4,
            per_scan: 10,
            lesion_share: 0.3,
            spot_share: 0.2,
            mining_epochs: None,
            regions: 1,
        };
        let sampler = Sampler::new(config, Default::default(), 1, 1);
        let microbleed = MayBe::only(SpotKind::Microbleed);
        let vein = MayBe::only(SpotKind::Vein);
        let mut kinds = vec![vein; HARD];
        kinds.extend([microbleed, MayBe::NOTHING, vein, vein]);
        let set_of = set(&kinds);
        let mut stream = Stream::new(1, "test", 0);
        let mut pick_at = |turn| pick(&set_of, turn, &sampler, &mut stream).unwrap();
        assert!((0..3).all(|turn| pick_at(turn) == HARD));
        assert!((0..100).all(|_| pick_at(4) < HARD));
        let any: Vec<usize> = (0..2000).map(|_| pick_at(9)).collect();
        assert!(any.contains(&(HARD + 3)) && !any.contains(&(HARD + 1)) && !any.contains(&HARD));
        // Without microbleeds hard ones take their turn; without anything there is nothing.
        let mut stream = Stream::new(1, "test", 0);
        assert_eq!(pick(&set(&[vein]), 0, &sampler, &mut stream), Some(0));
        assert_eq!(pick(&set(&[]), 0, &sampler, &mut stream), None);
    }

    #[test]
    fn what_may_be_several_kinds_is_their_sum() {
        let mut batch = CandidateBatch::with_room(1);
        batch.push(&CandidateBatch::nothing(), MayBe(0b00_0110));
        assert_eq!(batch.barred, [-80.0, 0.0, 0.0, -80.0, -80.0, -80.0]);
    }
}
