//! A trained network over a scan.

use super::prepare::{PrepareError, prepare};
use super::{DetectStage, Found, brain_mask_step, certain_from};
use crate::compute::Compute;
use crate::infer::{Flips, InferError, Prediction, Predictor};
use crate::model_file::{Model, ModelCard, PointName, Threshold};
use nalgebra::Matrix4;
use siderin_core::detection::{Candidates, Method, Step};
use siderin_core::lesion::{Lesion, MapFinding, OperatingPoint, lesions_of_map};
use siderin_image::preprocess::Prepared;
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::{
    Grid, Interpolation, ResampleError, Volume, resample, resample_nearest,
};

/// A network with all it takes to go from a scan to lesions.
#[derive(Debug)]
pub struct Detector {
    card: ModelCard,
    predictor: Predictor,
    flips: Flips,
    point: OperatingPoint,
    name: Option<PointName>,
}

/// What a network gave beside the lesions.
#[derive(Debug)]
pub struct ModelMaps {
    /// Probability of a microbleed on the scan's grid.
    pub probability: Volume<f32>,
    /// What the network saw.
    pub prepared: Prepared,
}

/// A scan that a network cannot be run on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DetectorError {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// A prediction on the scan's own grid, and the lesions in it.
#[derive(Debug, Clone)]
pub struct OnScan {
    /// Probability of a microbleed.
    pub probability: Volume<f32>,
    /// Regions of the brain, of networks that find them.
    pub regions: Option<Volume<u8>>,
}

impl OnScan {
    /// Lays a prediction onto the scan's grid.
    ///
    /// # Errors
    /// When the grids cannot be brought together.
    pub fn of(prediction: Prediction, grid: &Grid) -> Result<Self, ResampleError> {
        let same = Matrix4::identity();
        let microbleed = prediction.microbleed;
        let probability = resample(&microbleed, grid, &same, Interpolation::Linear, 0.0)?;
        let regions = prediction
            .regions
            .map(|regions| resample_nearest(&regions, grid, &same, 0))
            .transpose()?;
        Ok(Self {
            probability,
            regions,
        })
    }

    /// Lesions, and everything that was looked at, both best first. `brain` lies on the scan's
    /// grid; it stands in for brain tissue where the network finds no regions.
    #[must_use]
    pub fn lesions(
        &self,
        brain: &Volume<bool>,
        point: &OperatingPoint,
    ) -> (Vec<Lesion>, Vec<MapFinding>) {
        let tissue = self.regions.as_ref().map(|regions| regions.map(|r| r > 0));
        let tissue = tissue.as_ref().unwrap_or(brain);
        lesions_of_map(&self.probability, brain, tissue, point)
    }
}

impl Detector {
    /// A detector of a model that lies on the device of `compute`; `threshold` takes the place of the model's own.
    ///
    /// # Errors
    /// When the model's settings fit no scan.
    pub fn new(
        model: Model,
        compute: &Compute,
        flips: Flips,
        threshold: Option<Threshold>,
    ) -> Result<Self, InferError> {
        let card = model.card;
        let threshold = threshold.unwrap_or(card.threshold());
        let point = OperatingPoint {
            threshold: threshold.value,
            ..card.operating
        };
        let predictor =
            Predictor::new(model.network, &card.model, card.inference.clone(), compute)?;
        Ok(Self {
            card,
            predictor,
            flips,
            point,
            name: threshold.point,
        })
    }

    /// What the model says of itself.
    #[must_use]
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The network.
    #[must_use]
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    pub(super) fn find(
        &self,
        scan: &Scan,
        brain: Volume<bool>,
        progress: &dyn Fn(DetectStage),
    ) -> Result<Found, DetectorError> {
        let ready = prepare(&self.card, scan, &brain, progress)?;

        progress(DetectStage::Search);
        let prediction = self.predictor.predict(&ready.prepared, self.flips)?;

        progress(DetectStage::Select);
        let laid = OnScan::of(prediction, scan.magnitude.grid())?;
        let (lesions, findings) = laid.lesions(&brain, &self.point);
        Ok(Found {
            brain,
            lesions,
            candidates: Candidates::Map(findings),
            notes: self.untrained().into_iter().chain(ready.notes).collect(),
            method: self.method(),
            preprocessing: self.steps(laid.regions.is_some()),
            regions: laid.regions,
            noise: None,
            fluid_to_tissue: None,
            interval: None,
            structures: None,
            anatomy: None,
            faint: Vec::new(),
            sensitive_from: None,
            maps: Some(ModelMaps {
                probability: laid.probability,
                prepared: ready.prepared,
            }),
            used: ready.used,
        })
    }

    fn untrained(&self) -> Option<Note> {
        self.card
            .training
            .is_none()
            .then_some(Note::ModelNotTrained)
    }

    fn method(&self) -> Method {
        Method {
            name: format!("{}, {}", self.card.name, self.card.model.architecture()),
            version: format!(
                "of {}; {}",
                self.card.training.software, self.card.training.summary
            ),
            threshold: self.point.threshold,
            operating_point: self.name.map(PointName::name),
            certain_from: certain_from(Some(&self.card), self.point.threshold),
            confidence_meaning: format!("{}.", self.card.confidence_meaning),
        }
    }

    /// What was done, in words.
    fn steps(&self, has_regions: bool) -> Vec<Step> {
        let (recipe, point) = (&self.card.recipe, &self.point);
        let spacing = |mm: Option<f64>| mm.map_or("the scan's own".into(), |mm| format!("{mm} mm"));
        let step = |name: &str, settings: String| Step {
            name: name.into(),
            settings,
        };
        let mut steps = vec![brain_mask_step()];
        steps.push(step(
            "Spacing",
            format!(
                "{} in plane, {} across slices",
                spacing(recipe.plane_spacing_mm),
                spacing(recipe.slice_spacing_mm)
            ),
        ));
        if recipe.bias_correction {
            steps.push(step("Shading", "removed by N4".into()));
        }
        steps.push(step(
            "Intensity",
            match recipe.blank_beyond_mm {
                Some(mm) => format!("{}; blank {mm} mm beyond the brain", recipe.intensity),
                None => recipe.intensity.to_string(),
            },
        ));
        if self.flips != Flips::None {
            steps.push(step("Averaged", "over four mirrored scans".into()));
        }
        let ring = point.ring_mm.map_or(String::new(), |mm| {
            let brain = if has_regions {
                "the brain tissue that the network found"
            } else {
                "the brain mask, which stands in for brain tissue"
            };
            format!(", surrounded within {mm} mm mostly by {brain}")
        });
        steps.push(step(
            "Lesions",
            format!(
                "connected voxels of probability {} or more, {} mm³ or more{ring}",
                point.threshold, point.minimum_mm3
            ),
        ));
        steps
    }
}
