//! A scan and the images that belong to it, as a network sees them. Detection and training both
//! begin here.

use super::DetectStage;
use crate::model_file::ModelCard;
use nalgebra::Matrix4;
use siderin_image::preprocess::{Prepared, RecipeError, RecipeImage};
use siderin_image::registration::{LEAST_SHARPNESS, RegistrationError, register_rigid};
use siderin_image::scan::{Note, Scan};
use siderin_image::volume::Volume;

/// What a network sees of a scan, and what should be known about it.
#[derive(Debug, Clone)]
pub struct Ready {
    /// As many images as the network takes.
    pub prepared: Prepared,
    /// What whoever reads the result should know.
    pub notes: Vec<Note>,
    /// Which images besides the scan went into it.
    pub used: Vec<&'static str>,
}

/// A scan that cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PrepareError {
    #[error(
        "running the model: it needs a {what} of the same person, and none was given; give one \
         with {option}, or use a model that takes T2* alone"
    )]
    Missing {
        what: &'static str,
        option: &'static str,
    },
    #[error("laying the {what} onto the scan: {source}")]
    Register {
        what: &'static str,
        source: RegistrationError,
    },
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

/// An image besides the scan.
struct Companion<'a> {
    what: &'static str,
    option: &'static str,
    given: Option<&'a Volume<f32>>,
}

/// A companion and its place, or why the network goes without.
enum Placed<'a> {
    Laid {
        image: RecipeImage<'a>,
        /// Whether it might as well lie elsewhere.
        unsure: bool,
    },
    Missing,
    LeftOut(String),
}

/// Images in the order of the network's channels: the scan, T1w, T2w.
///
/// # Errors
/// When an image that the network needs is missing or cannot be laid onto the scan, or the recipe
/// cannot be followed.
pub fn prepare(
    card: &ModelCard,
    scan: &Scan,
    brain: &Volume<bool>,
    progress: &dyn Fn(DetectStage),
) -> Result<Ready, PrepareError> {
    let companions = [
        Companion {
            what: "T1w image",
            option: "‹t1›",
            given: scan.t1.as_ref(),
        },
        Companion {
            what: "T2w image",
            option: "‹t2›",
            given: scan.t2.as_ref(),
        },
    ];
    let mut images = vec![Some(RecipeImage {
        volume: &scan.magnitude,
        image_from_scan: Matrix4::identity(),
    })];
    let (mut notes, mut used) = (Vec::new(), Vec::new());
    for companion in companions.iter().take(card.model.design().inputs() - 1) {
        let what = companion.what;
        images.push(match companion.place(card, scan, progress)? {
            Placed::Laid { image, unsure } => {
                notes.extend(unsure.then_some(Note::CompanionPlacementUnsure { what }));
                used.push(what);
                Some(image)
            }
            Placed::Missing => {
                notes.push(Note::CompanionMissing { what });
                None
            }
            Placed::LeftOut(why) => {
                notes.push(Note::SeriesRefused {
                    what: format!("the {what}"),
                    why,
                });
                None
            }
        });
    }
    progress(DetectStage::Prepare);
    let there: Vec<RecipeImage> = images.iter().flatten().copied().collect();
    let mut prepared = card.recipe.prepare(&there, brain)?;
    for (channel, image) in images.iter().enumerate() {
        if image.is_none() {
            // The network learnt that a blank image means none.
            let blank = prepared.images[0].map(|_| 0.0);
            prepared.images.insert(channel, blank);
        }
    }
    Ok(Ready {
        prepared,
        notes,
        used,
    })
}

impl<'a> Companion<'a> {
    fn place(
        &self,
        card: &ModelCard,
        scan: &Scan,
        progress: &dyn Fn(DetectStage),
    ) -> Result<Placed<'a>, PrepareError> {
        let (what, option) = (self.what, self.option);
        let Some(volume) = self.given else {
            return if card.t1_optional {
                Ok(Placed::Missing)
            } else {
                Err(PrepareError::Missing { what, option })
            };
        };
        progress(DetectStage::Register);
        match register_rigid(volume, &scan.magnitude) {
            Ok(found) => Ok(Placed::Laid {
                image: RecipeImage {
                    volume,
                    image_from_scan: found.fixed_from_moving.inverse().to_homogeneous(),
                },
                unsure: found.quality.sharpness < LEAST_SHARPNESS,
            }),
            Err(error) if card.t1_optional => Ok(Placed::LeftOut(error.to_string())),
            Err(source) => Err(PrepareError::Register { what, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architectures::{Architecture, ModelConfig, Preset};
    use nalgebra::Point3;
    use siderin_image::preprocess::{BrainMaskConfig, brain_mask};
    use siderin_image::scan::nifti::write_volume;
    use siderin_image::scan::{Catalog, ReadLimits};
    use siderin_image::volume::Grid;
    use siderin_simulate::{PhantomConfig, phantom};

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

    fn card(inputs: usize, t1_optional: bool) -> ModelCard {
        let mut card = ModelCard::preset(Architecture::GuidedUnet, Preset::Small);
        if let ModelConfig::GuidedUnet(config) = &mut card.model {
            config.inputs = inputs;
        }
        card.recipe.bias_correction = false;
        card.t1_optional = t1_optional;
        card
    }

    fn place<'a>(scan: &'a Scan, optional: bool) -> Result<Placed<'a>, PrepareError> {
        let companion = Companion {
            what: "T1w image",
            option: "‹t1›",
            given: scan.t1.as_ref(),
        };
        companion.place(&card(2, optional), scan, &|_| ())
    }

    #[test]
    fn a_companion_is_laid_onto_the_scan() {
        let scan = scan();
        let Placed::Laid { image, unsure } = place(&scan, false).unwrap() else {
            panic!("not laid");
        };
        assert!(!unsure);
        // What lies at a place of the scan lies 8 mm to the right of it in the T1w image.
        let there = image
            .image_from_scan
            .transform_point(&Point3::new(0.0, 0.0, 0.0));
        let off = (there - Point3::new(8.0, 0.0, 0.0)).norm();
        assert!(off < 0.2, "{off} mm off");
    }

    #[test]
    fn one_that_cannot_be_laid_is_left_out_where_it_may_be() {
        let mut scan = scan();
        // Nothing to lay by.
        scan.t1 = scan.t1.map(|t1| t1.map(|_| 5.0));
        assert!(matches!(place(&scan, true), Ok(Placed::LeftOut(_))));
        assert!(matches!(
            place(&scan, false),
            Err(PrepareError::Register { .. })
        ));
        scan.t1 = None;
        let said = place(&scan, false).map(|_| ()).unwrap_err().to_string();
        assert!(
            said.contains("needs a T1w image") && said.contains("‹t1›"),
            "{said}"
        );
    }

    #[test]
    fn a_missing_image_is_a_blank_channel() {
        let mut scan = scan();
        scan.t1 = None;
        let brain = brain_mask(&scan.magnitude, &BrainMaskConfig::default()).unwrap();
        let ready = prepare(&card(3, true), &scan, &brain, &|_| ()).unwrap();
        assert_eq!(ready.prepared.images.len(), 3);
        for blank in &ready.prepared.images[1..] {
            assert!(blank.voxels().iter().all(|v| *v == 0.0));
        }
        assert!(ready.used.is_empty());
        assert_eq!(ready.notes.len(), 2);
    }
}
