//! Is what the pipeline found plausible?

use siderin_core::lesion::Lesion;
use siderin_core::scan::Note;
use siderin_core::volume::Volume;

/// Brains of adults with the fluid inside the skull, in ml: intracranial volumes of 41,000
/// adults lie between about 1100 and 1900 ml, and a mask may leave the outer fluid out.
const USUAL_BRAIN_ML: [f64; 2] = [800.0, 2000.0];
/// An end slice with more brain than this is a cut, not the brain's own end.
const CUT_AREA_CM2: f64 = 25.0;
/// More lesions than this are seen in few patients.
const MANY_LESIONS: usize = 100;

/// Says when the brain's volume is unusual.
pub(crate) fn volume_note(brain: &Volume<bool>) -> Option<Note> {
    let voxels = brain.voxels().iter().filter(|&&inside| inside).count();
    let volume_ml = voxels as f64 * brain.grid().voxel_volume_mm3() / 1000.0;
    let [least, most] = USUAL_BRAIN_ML;
    (volume_ml < least || volume_ml > most).then_some(Note::BrainVolume {
        volume_ml,
        usual_ml: USUAL_BRAIN_ML,
    })
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

/// Says when there are more findings than plausible.
pub(crate) fn many_findings_note(lesions: &[Lesion]) -> Option<Note> {
    (lesions.len() > MANY_LESIONS).then_some(Note::ManyFindings {
        lesions: lesions.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_core::volume::Grid;

    #[test]
    fn a_cut_brain_and_a_small_one_are_told() {
        // 100 × 100 mm in each slice: 100 cm²; 30 slices of 3 mm: 900 ml.
        let grid = Grid::axis_aligned([100, 100, 30], [1.0, 1.0, 3.0]).unwrap();
        let whole = Volume::filled(&grid, true);
        assert_eq!(volume_note(&whole), None);
        assert_eq!(
            coverage_note(&whole),
            Some(Note::PartialCoverage { area_cm2: 100.0 })
        );
        let inner = Volume::from_fn(&grid, |[_, _, k]| (10..20).contains(&k));
        assert_eq!(coverage_note(&inner), None);
        assert!(
            matches!(volume_note(&inner), Some(Note::BrainVolume { volume_ml, .. }) if (volume_ml - 300.0).abs() < 1e-9)
        );
    }
}
