//! Patches and slices of scans, of which a network makes maps.

use super::mine::false_alarms;
use super::objective::Objective;
use super::regions::region_counts;
use super::{Task, TaskError, Verdict};
use crate::config::{TrainConfig, ValidationConfig};
use crate::data::{PreparedFile, PreparedFileError, Store};
use crate::loader::Maker;
use crate::sample::{Sample, SampleDraw, Sampler, Walk, cut, offset_of};
use crate::score::{JudgeError, best_thresholds, counts_by_threshold};
use burn::tensor::{Device, Tensor};
use siderin_net::RegionFinder;
use siderin_net::infer::Predictor;
use siderin_net::model::{ModelConfig, Network, place};
use siderin_net::model_file::{Model, ModelCard};
use std::sync::Arc;

/// Samples side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PatchBatch {
    /// Number of the batch in the run.
    pub(super) number: u64,
    /// Samples, images, slices, rows, columns; columns fastest.
    pub(super) images: Vec<f32>,
    /// Class of each voxel: samples, slices, rows, columns.
    pub(super) classes: Vec<u8>,
    /// Samples, images, slices, rows, columns.
    pub(super) shape: [usize; 5],
}

/// Learning from patches.
pub(crate) struct PatchTask {
    store: Arc<Store>,
    sampler: Sampler,
    objective: Objective,
    /// The network of regions is told where in the head a sample lies.
    shows_places: bool,
    validation: Vec<PreparedFile>,
    judging: ValidationConfig,
    /// Without gradients.
    device: Device,
}

impl PatchTask {
    /// A task of prepared scans; `device` is without gradients.
    pub(crate) fn new(
        config: &TrainConfig,
        card: &ModelCard,
        train: Vec<PreparedFile>,
        validation: Vec<PreparedFile>,
        device: &Device,
    ) -> Self {
        let sampler = Sampler::new(
            config.sampling.clone(),
            config.augment.clone(),
            config.seed,
            train.len(),
        );
        Self {
            store: Arc::new(Store::new(train, config.data.memory_gib)),
            sampler,
            objective: Objective::new(
                config,
                &card.model,
                card.inference.coarse_threshold,
                &device.clone().autodiff(),
            ),
            shows_places: matches!(card.model, ModelConfig::RegionUnet(_)),
            validation,
            judging: config.validation.clone(),
            device: device.clone(),
        }
    }
}

/// A model, ready to go over scans.
pub(crate) fn predictor_of(model: Model, device: &Device) -> Result<Predictor, JudgeError> {
    Ok(Predictor::new(
        model.network,
        model.card.model,
        model.card.inference,
        device,
    )?)
}

impl Task for PatchTask {
    type Batch = PatchBatch;

    fn scans(&self) -> usize {
        self.store.len()
    }

    fn judges(&self) -> usize {
        self.validation.len()
    }

    fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    fn maker(&self, mistakes: &[Vec<usize>]) -> Maker<PatchBatch> {
        let store = Arc::clone(&self.store);
        let sampler = self.sampler.showing(mistakes);
        let mut order = sampler.walk();
        let shows_places = self.shows_places;
        Box::new(move |number| make_batch(&store, &sampler, shows_places, &mut order, number))
    }

    fn loss(&self, network: &Network, batch: &PatchBatch) -> Tensor<1> {
        self.objective.loss(network, batch)
    }

    fn judge(&self, model: Model, told: &dyn Fn(usize)) -> Result<Verdict, TaskError> {
        let mut card = model.card.clone();
        if let ModelConfig::RegionUnet(_) = card.model {
            let finder = RegionFinder::new(model, &self.device)
                .map_err(|error| TaskError::Regions(error.into()))?;
            let counts = region_counts(&self.validation, &finder, told)?;
            card.operating.threshold = 0.5;
            return Ok(Verdict { counts, card });
        }
        let thresholds = &self.judging.thresholds;
        let counts = counts_by_threshold(
            &self.validation,
            &predictor_of(model, &self.device)?,
            &card.operating,
            thresholds,
            self.judging.rule,
            told,
        )?;
        let chosen = best_thresholds(&counts, thresholds);
        card.operating.threshold = thresholds[chosen.at];
        card.other_points = Some(chosen.others);
        Ok(Verdict {
            counts: counts[chosen.at],
            card,
        })
    }

    fn mine(&self, model: Model, told: &dyn Fn(usize)) -> Result<Vec<Vec<usize>>, TaskError> {
        let predictor = predictor_of(model, &self.device)?;
        Ok(false_alarms(&self.store, &predictor, told)?)
    }
}

fn make_batch(
    store: &Store,
    sampler: &Sampler,
    shows_places: bool,
    order: &mut Walk,
    number: u64,
) -> Result<PatchBatch, PreparedFileError> {
    let config = sampler.config();
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    let mut channels = 0;
    for at in 0..config.batch as u64 {
        let index = number * config.batch as u64 + at;
        let at = order.of(index);
        let material = store.material(at.0)?;
        let draw = sampler.draw(index, at, &material);
        let sample: Sample = cut(&material, config.size, &draw);
        images.extend(sample.images);
        channels = material.images.len();
        if shows_places {
            let places = places_of(&draw, config.size, material.shape);
            channels += places.len();
            images.extend(places.into_iter().flatten());
        }
        classes.extend(sample.classes);
    }
    let [d, h, w] = config.size;
    Ok(PatchBatch {
        number,
        images,
        classes,
        shape: [config.batch, channels, d, h, w],
    })
}

/// The [`place`] of each voxel of a sample, an image for each axis. A turned or stretched sample counts as
/// one that was scanned so: places are straight.
fn places_of(draw: &SampleDraw, size: [usize; 3], shape: [usize; 3]) -> [Vec<f32>; 3] {
    let voxels: usize = size.iter().product();
    let places: Vec<[f32; 3]> = (0..voxels)
        .map(|at| {
            let offset = offset_of(at, size);
            let voxel = |axis: usize| (draw.middle[axis] + offset[axis] as f64) as f32;
            place([0, 1, 2].map(voxel), shape)
        })
        .collect();
    [0, 1, 2].map(|axis| places.iter().map(|place| place[axis]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::AugmentDraw;

    #[test]
    fn places_of_a_sample_are_those_of_its_voxels() {
        let draw = SampleDraw {
            middle: [5.0, 10.0, 29.0],
            augment: AugmentDraw::default(),
        };
        let [slices, rows, columns] = places_of(&draw, [2, 4, 6], [10, 20, 30]);
        // The middle is voxel (1, 2, 3) of the sample. The first one is (2, 8, 28) of the scan: 2 slices below
        // its end, 2 rows behind and 3 columns left of its middle; the last one (7, 11, 29).
        let of = |at: usize| [slices[at], rows[at], columns[at]];
        assert_eq!(of(0), [-2.0, -2.0, -3.0].map(|steps| steps / 50.0));
        assert_eq!(of(47), [-1.0, 1.0, 2.0].map(|steps| steps / 50.0));
    }
}
