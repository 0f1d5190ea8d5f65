//! Is what the pipeline found plausible?

use siderin_core::detection::Quality;
use siderin_core::lesion::Lesion;
use siderin_core::regions::{Anatomy, MapDetail};
use siderin_image::scan::Note;
use siderin_image::volume::Volume;

/// Brains of adults with the fluid inside the skull, in ml: intracranial volumes of 41,000
/// adults lie between about 1100 and 1900 ml, and a mask may leave the outer fluid out.
const USUAL_BRAIN_ML: [f64; 2] = [800.0, 2000.0];
/// An end slice with more brain than this is a cut, not the brain's own end.
const CUT_AREA_CM2: f64 = 25.0;
/// Fluid over tissue: .56 to 1.56 on the scans of the cohorts `train` and `dev` (true regions), and some room.
/// T1-weighted and FLAIR images have less, T2-weighted ones more.
const USUAL_FLUID: [f64; 2] = [0.45, 1.9];
/// The loudest scan of the cohorts `train` and `dev` has .089.
const MOST_NOISE: f64 = 0.09;
/// More lesions than this are seen in few patients.
const MANY_LESIONS: usize = 100;

/// The volume of a mask in ml.
pub(crate) fn volume_ml(brain: &Volume<bool>) -> f64 {
    let voxels = brain.voxels().iter().filter(|&&inside| inside).count();
    voxels as f64 * brain.grid().voxel_volume_mm3() / 1000.0
}

/// Says what is unusual about a scan's brain volume, contrast and noise.
pub(crate) fn quality_notes(quality: &Quality) -> impl Iterator<Item = Note> {
    let outside = |value: f64, [least, most]: [f64; 2]| value < least || value > most;
    let volume = outside(quality.brain_ml, USUAL_BRAIN_ML).then_some(Note::BrainVolume {
        volume_ml: quality.brain_ml,
        usual_ml: USUAL_BRAIN_ML,
    });
    let fluid = quality
        .fluid_to_tissue
        .filter(|ratio| outside(*ratio, USUAL_FLUID));
    let contrast = fluid.map(|fluid_to_tissue| Note::UnusualContrast {
        fluid_to_tissue,
        usual: USUAL_FLUID,
    });
    let loud = quality.noise.filter(|noise| *noise > MOST_NOISE);
    let noise = loud.map(|noise| Note::Noisy {
        noise,
        most: MOST_NOISE,
    });
    [volume, contrast, noise].into_iter().flatten()
}

/// Says when the brain is cut by the first or last slice.
pub(crate) fn coverage_note(brain: &Volume<bool>) -> Option<Note> {
    let grid = brain.grid();
    let axis = grid.slice_axis();
    let last = grid.shape()[axis] - 1;
    let mut voxels = [0usize; 2];
    for (offset, _) in brain
        .voxels()
        .iter()
        .enumerate()
        .filter(|(_, inside)| **inside)
    {
        let slice = grid.index(offset)[axis];
        if slice == 0 {
            voxels[0] += 1;
        }
        if slice == last {
            voxels[1] += 1;
        }
    }
    let area_mm2 = grid.voxel_volume_mm3() / grid.spacing_mm()[axis];
    let area_cm2 = voxels[0].max(voxels[1]) as f64 * area_mm2 / 100.0;
    (area_cm2 > CUT_AREA_CM2).then_some(Note::PartialCoverage { area_cm2 })
}

/// Says when the map of the brain does not tell regions.
#[must_use]
pub fn regions_note(anatomy: &Anatomy) -> Option<Note> {
    (anatomy.detail < MapDetail::Regions).then(|| Note::DoubtfulRegions {
        groups: anatomy.detail == MapDetail::Groups,
        reasons: anatomy
            .reasons
            .iter()
            .map(|reason| reason.in_words())
            .collect(),
    })
}

/// Says when there are more findings than plausible.
pub(crate) fn many_findings_note(lesions: &[Lesion]) -> Option<Note> {
    (lesions.len() > MANY_LESIONS).then_some(Note::ManyFindings {
        lesions: lesions.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::volume::Grid;

    #[test]
    fn a_cut_brain_is_told() {
        // 100 × 100 mm in each slice: 100 cm²; 30 slices of 3 mm: 900 ml.
        let grid = Grid::axis_aligned([100, 100, 30], [1.0, 1.0, 3.0]).unwrap();
        let whole = Volume::filled(&grid, true);
        assert_eq!(volume_ml(&whole), 900.0);
        assert_eq!(
            coverage_note(&whole),
            Some(Note::PartialCoverage { area_cm2: 100.0 })
        );
        let inner = Volume::from_fn(&grid, |[_, _, k]| (10..20).contains(&k));
        assert_eq!(coverage_note(&inner), None);
    }

    #[test]
    fn what_is_unusual_is_told() {
        let codes = |brain_ml, noise, fluid_to_tissue| -> Vec<&str> {
            let quality = Quality {
                brain_ml,
                noise,
                fluid_to_tissue,
            };
            quality_notes(&quality).map(|note| note.code()).collect()
        };
        assert!(codes(1300.0, Some(0.05), Some(1.2)).is_empty());
        assert!(codes(1300.0, None, None).is_empty());
        assert_eq!(codes(300.0, None, None), ["brain_volume"]);
        assert_eq!(codes(2100.0, Some(0.5), None), ["brain_volume", "noisy"]);
        for fluid in [0.3, 2.8] {
            assert_eq!(codes(1300.0, None, Some(fluid)), ["unusual_contrast"]);
        }
    }
}
