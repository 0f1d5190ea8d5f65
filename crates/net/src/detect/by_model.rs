//! A trained network over a scan.

use super::{Found, Stage};
use crate::infer::{Flips, InferError, Predictor};
use crate::model_file::{Model, ModelCard, Training};
use burn::tensor::Device;
use nalgebra::Matrix4;
use siderin_core::lesion::lesions_of_map;
use siderin_core::preprocess::{Prepared, RecipeError, RecipeImage};
use siderin_core::registration::{LEAST_SHARPNESS, RegistrationError, register_rigid};
use siderin_core::report::{Candidates, Method, Step};
use siderin_core::scan::{Note, Scan};
use siderin_core::volume::{Interpolation, ResampleError, Volume, resample, resample_nearest};

/// A network with all it takes to go from a scan to lesions.
#[derive(Debug)]
pub struct Detector {
    card: ModelCard,
    predictor: Predictor,
    flips: Flips,
}

/// What a network gave beside the lesions.
#[derive(Debug)]
pub struct ModelMaps {
    /// Probability of a microbleed on the scan's grid.
    pub probability: Volume<f32>,
    /// Regions of the brain on the scan's grid, of networks that find them.
    pub regions: Option<Volume<u8>>,
    /// What the network saw.
    pub prepared: Prepared,
}

/// A scan that a network cannot be run on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DetectorError {
    #[error(
        "running the model: it needs a T1w image of the same person, and none was given; give one \
         with --t1, or use a model that takes T2* alone"
    )]
    NoT1,
    #[error("laying the T1w image onto the scan: {0}")]
    Register(#[from] RegistrationError),
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// The T1w image of a network that takes one.
enum T1<'a> {
    Laid(Box<LaidT1<'a>>),
    Missing,
    LeftOut(String),
}

/// A T1w image and its place.
struct LaidT1<'a> {
    volume: &'a Volume<f32>,
    t1_from_scan: Matrix4<f64>,
    /// Whether it might as well lie elsewhere.
    unsure: bool,
}

impl Detector {
    /// A detector of a model that lies on `device`; `threshold` takes the place of the model's own.
    ///
    /// # Errors
    /// When the model's settings fit no scan.
    pub fn new(
        model: Model,
        device: &Device,
        flips: Flips,
        threshold: Option<f32>,
    ) -> Result<Self, InferError> {
        let mut card = model.card;
        if let Some(threshold) = threshold {
            card.operating.threshold = threshold;
        }
        let predictor = Predictor::new(
            model.network,
            card.model.clone(),
            card.inference.clone(),
            device,
        )?;
        Ok(Self {
            card,
            predictor,
            flips,
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
        brain: &Volume<bool>,
        progress: &dyn Fn(Stage),
    ) -> Result<Found, DetectorError> {
        let t1 = if self.card.model.inputs() > 1 {
            Some(self.t1(scan, progress)?)
        } else {
            None
        };
        let laid = match &t1 {
            Some(T1::Laid(laid)) => Some(laid),
            _ => None,
        };

        progress(Stage::Prepare);
        let mut images = vec![RecipeImage {
            volume: &scan.magnitude,
            image_from_scan: Matrix4::identity(),
        }];
        images.extend(laid.map(|t1| RecipeImage {
            volume: t1.volume,
            image_from_scan: t1.t1_from_scan,
        }));
        let mut prepared = self.card.recipe.prepare(&images, brain)?;
        if prepared.images.len() < self.card.model.inputs() {
            // The network learnt that a blank image means none.
            prepared.images.push(prepared.images[0].map(|_| 0.0));
        }

        progress(Stage::Search);
        let prediction = self.predictor.predict(&prepared, self.flips)?;

        progress(Stage::Select);
        let (grid, same) = (scan.magnitude.grid(), Matrix4::identity());
        let probability = resample(
            &prediction.microbleed,
            grid,
            &same,
            Interpolation::Linear,
            0.0,
        )?;
        drop(prediction.microbleed);
        let regions = prediction
            .regions
            .map(|regions| resample_nearest(&regions, grid, &same, 0))
            .transpose()?;
        let parenchyma = regions.as_ref().map(|regions| regions.map(|r| r > 0));
        let (lesions, findings) = lesions_of_map(
            &probability,
            brain,
            parenchyma.as_ref().unwrap_or(brain),
            &self.card.operating,
        );
        let note = match &t1 {
            Some(T1::Laid(laid)) => laid.unsure.then_some(Note::T1PlacementUnsure),
            Some(T1::Missing) => Some(Note::T1Missing),
            Some(T1::LeftOut(why)) => Some(Note::SeriesRefused {
                what: "the T1w image".into(),
                why: why.clone(),
            }),
            None => None,
        };
        Ok(Found {
            lesions,
            candidates: Candidates::Map(findings),
            notes: self.untrained().into_iter().chain(note).collect(),
            maps: Some(ModelMaps {
                probability,
                regions,
                prepared,
            }),
            method: self.method(),
            preprocessing: self.steps(parenchyma.is_some()),
            t1_used: laid.is_some(),
        })
    }

    /// The scan's T1w image laid onto it, or why the network goes without.
    fn t1<'a>(&self, scan: &'a Scan, progress: &dyn Fn(Stage)) -> Result<T1<'a>, DetectorError> {
        let Some(t1) = &scan.t1 else {
            return if self.card.t1_optional {
                Ok(T1::Missing)
            } else {
                Err(DetectorError::NoT1)
            };
        };
        progress(Stage::Register);
        let found = match register_rigid(t1, &scan.magnitude) {
            Err(error) if self.card.t1_optional => return Ok(T1::LeftOut(error.to_string())),
            found => found?,
        };
        let unsure = found.quality.sharpness < LEAST_SHARPNESS;
        Ok(T1::Laid(Box::new(LaidT1 {
            volume: t1,
            t1_from_scan: found.fixed_from_moving.inverse().to_homogeneous(),
            unsure,
        })))
    }

    fn untrained(&self) -> Option<Note> {
        let random = self.card.training.summary == Training::none().summary;
        random.then_some(Note::ModelNotTrained)
    }

    fn method(&self) -> Method {
        Method {
            name: format!("{}, {}", self.card.name, self.card.model.architecture()),
            version: format!(
                "of {}; {}",
                self.card.training.software, self.card.training.summary
            ),
            threshold: self.card.operating.threshold,
            confidence_meaning: format!("{}.", self.card.confidence_meaning),
        }
    }

    /// What was done, in words.
    fn steps(&self, has_regions: bool) -> Vec<Step> {
        let (recipe, point) = (&self.card.recipe, &self.card.operating);
        let spacing = |mm: Option<f64>| mm.map_or("the scan's own".into(), |mm| format!("{mm} mm"));
        let step = |name: &str, settings: String| Step {
            name: name.into(),
            settings,
        };
        let mut steps = vec![step(
            "Spacing",
            format!(
                "{} in plane, {} across slices",
                spacing(recipe.plane_spacing_mm),
                spacing(recipe.slice_spacing_mm)
            ),
        )];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Architecture, ModelConfig, Preset};
    use nalgebra::Point3;
    use siderin_core::scan::nifti::write_volume;
    use siderin_core::scan::{Catalog, ReadLimits};
    use siderin_core::simulate::{PhantomConfig, phantom};
    use siderin_core::volume::Grid;

    /// A phantom, and the same image 8 mm to the right as its T1w.
    fn scan() -> Scan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h01.nii.gz");
        let made = phantom(&PhantomConfig::default()).unwrap();
        write_volume(&path, &made.scan.map(|v| v.round() as i16)).unwrap();
        let limits = ReadLimits::default();
        let catalog = Catalog::open(&path, limits).unwrap();
        let mut scan = catalog.choose(None).unwrap().load("h01", limits).unwrap();
        let mut affine = *scan.magnitude.grid().world_from_voxel();
        affine[(0, 3)] += 8.0;
        let grid = Grid::new(scan.magnitude.shape(), affine).unwrap();
        scan.t1 = Some(Volume::new(grid, scan.magnitude.voxels().to_vec()).unwrap());
        scan
    }

    fn detector(t1_optional: bool) -> Detector {
        let device = Device::flex();
        let mut card = ModelCard::preset(Architecture::GuidedUnet, Preset::Small);
        if let ModelConfig::GuidedUnet(config) = &mut card.model {
            config.inputs = 2;
        }
        card.t1_optional = t1_optional;
        let network = card.model.init(&device).unwrap();
        Detector::new(Model { card, network }, &device, Flips::None, None).unwrap()
    }

    #[test]
    fn a_t1w_image_is_taken_from_where_it_lies() {
        let scan = scan();
        let T1::Laid(laid) = detector(false).t1(&scan, &|_| ()).unwrap() else {
            panic!("it was not laid");
        };
        let there = Point3::new(20.0, 30.0, 25.0);
        let shift = laid.t1_from_scan.transform_point(&there) - there;
        let wrong = (shift - nalgebra::Vector3::new(8.0, 0.0, 0.0)).norm();
        assert!(wrong < 1.0, "{shift}");
        assert!(!laid.unsure);
    }

    #[test]
    fn a_t1w_image_without_contrast_stops_only_networks_that_need_it() {
        let mut scan = scan();
        scan.t1 = scan.t1.map(|t1| t1.map(|_| 5.0));
        assert!(matches!(
            detector(true).t1(&scan, &|_| ()),
            Ok(T1::LeftOut(_))
        ));
        assert!(matches!(
            detector(false).t1(&scan, &|_| ()),
            Err(DetectorError::Register(_))
        ));
    }
}
