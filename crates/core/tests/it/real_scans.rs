//! Real scans of the reference data: geometry against dcm2niix, brain mask against a given
//! one, visits against published transforms.
use nalgebra::{Matrix4, Vector3};
use siderin_core::change::LEAST_AGREEMENT;
use siderin_image::preprocess::{BrainMaskConfig, brain_mask};
use siderin_image::registration::{agreement, register_rigid};
use siderin_image::scan::{Catalog, ReadLimits, VolumeEntry};
use siderin_image::volume::{Grid, Volume, VoxelPoint, resample_nearest};
use siderin_testing::{program, shared};
use std::path::{Path, PathBuf};

const LIMITS: ReadLimits = ReadLimits {
    max_work_bytes: 1 << 34,
    max_voxels: 1 << 26,
    max_dicom_bytes: 1 << 28,
};

fn read(entry: &VolumeEntry) -> Volume<f32> {
    entry.read_voxels(LIMITS).unwrap().0
}

fn read_nifti(path: &Path) -> Volume<f32> {
    read(&Catalog::open(path, LIMITS).unwrap().volumes[0])
}

/// Every voxel of `ours` lies within 0.01 mm of the voxel of `theirs` with its value.
fn same_in_world(ours: &Volume<f32>, theirs: &Volume<f32>, scale: f32) {
    let (mut farthest, mut compared) = (0f64, 0usize);
    for (offset, &value) in ours.voxels().iter().enumerate() {
        let world = ours
            .grid()
            .to_world(VoxelPoint::center_of(ours.grid().index(offset)));
        let at = theirs.grid().to_voxel(world).to_array().map(f64::round);
        let shape = theirs.shape();
        assert!(
            (0..3).all(|a| at[a] >= 0.0 && at[a] < shape[a] as f64),
            "{world:?} outside"
        );
        let index = at.map(|v| v as usize);
        let there = theirs.grid().to_world(VoxelPoint::center_of(index));
        farthest = farthest.max(world.distance_mm(there));
        let tolerance = 1e-3 * scale + 2e-3 * value.abs();
        assert!(
            (theirs.at(index) - value).abs() <= tolerance,
            "{value} {}",
            theirs.at(index)
        );
        compared += 1;
    }
    assert_eq!(compared, theirs.voxels().len());
    assert!(farthest <= 0.01, "voxels lie up to {farthest:.4} mm apart");
}

fn dcm2niix(folder: &Path) -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    let mut command = program("dcm2niix")?;
    let out = tempfile::tempdir().unwrap();
    let output = command
        .args(["-b", "y", "-z", "n", "-f", "%s_%e_%p", "-o"])
        .arg(out.path())
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "nii"))
        .collect();
    files.sort();
    Some((out, files))
}

#[test]
fn philips_slices_lie_where_dcm2niix_puts_them() {
    let Some(folder) = shared("scans/philips-3t-epi-t2star/dicom") else {
        return;
    };
    let Some((_keep, files)) = dcm2niix(&folder) else {
        return;
    };
    let catalog = Catalog::open(&folder, LIMITS).unwrap();
    assert_eq!((catalog.volumes.len(), files.len()), (1, 1));
    let ours = read(&catalog.volumes[0]);
    let theirs = read_nifti(&files[0]);
    // dcm2niix may apply Philips' other scale factor: values agree up to one factor.
    let factor = peak(&theirs) / peak(&ours);
    same_in_world(&ours.map(|v| v * factor), &theirs, peak(&theirs));
}

#[test]
fn siemens_enhanced_frames_lie_where_dcm2niix_and_the_nifti_files_put_them() {
    let Some(folder) = shared("scans/siemens-3t-gre") else {
        return;
    };
    let catalog = Catalog::open(&folder.join("dicom"), LIMITS).unwrap();
    assert_eq!(catalog.volumes.len(), 3);
    let given = [
        "8_gre_field_mapping_e1.nii",
        "8_gre_field_mapping_e2.nii",
        "9_gre_field_mapping_e2_ph.nii",
    ];
    for (entry, name) in catalog.volumes.iter().zip(given) {
        let theirs = read_nifti(&folder.join(name));
        same_in_world(&read(entry), &theirs, peak(&theirs));
    }
    let Some((_keep, files)) = dcm2niix(&folder.join("dicom")) else {
        return;
    };
    assert_eq!(files.len(), 3);
    for (entry, file) in catalog.volumes.iter().zip(&files) {
        let theirs = read_nifti(file);
        same_in_world(&read(entry), &theirs, peak(&theirs));
    }
}

fn peak(volume: &Volume<f32>) -> f32 {
    volume
        .voxels()
        .iter()
        .fold(0.0, |peak: f32, v| peak.max(v.abs()))
}

/// An ITK affine text file as a RAS+ matrix from fixed to moving mm.
fn itk_transform(path: &Path) -> Matrix4<f64> {
    let text = std::fs::read_to_string(path).unwrap();
    let numbers = |key: &str| -> Vec<f64> {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line[key.len()..]
            .split_whitespace()
            .map(|v| v.parse().unwrap())
            .collect()
    };
    let (p, c) = (numbers("Parameters:"), numbers("FixedParameters:"));
    let linear = nalgebra::Matrix3::from_row_slice(&p[..9]);
    let center = Vector3::from_row_slice(&c);
    let offset = Vector3::from_row_slice(&p[9..12]) + center - linear * center;
    let mut lps = Matrix4::identity();
    lps.fixed_view_mut::<3, 3>(0, 0).copy_from(&linear);
    lps.fixed_view_mut::<3, 1>(0, 3).copy_from(&offset);
    let turn = Matrix4::from_diagonal(&nalgebra::Vector4::new(-1.0, -1.0, 1.0, 1.0));
    turn * lps * turn
}

fn dice(a: &Volume<bool>, b: &Volume<bool>) -> f64 {
    let both = a
        .voxels()
        .iter()
        .zip(b.voxels())
        .filter(|(a, b)| **a && **b)
        .count();
    let count = |v: &Volume<bool>| v.voxels().iter().filter(|&&m| m).count();
    2.0 * both as f64 / (count(a) + count(b)) as f64
}

#[test]
fn the_brain_mask_agrees_with_the_given_one() {
    let Some(folder) = shared("scans/ms-two-visits") else {
        return;
    };
    let common = read_nifti(&folder.join("brainmask_common_space.nii.gz")).map(|v| v > 0.5);
    for visit in [1, 2] {
        let to_flair =
            itk_transform(&folder.join(format!("study{visit}_FLAIR_to_common_space.txt")));
        let t1_chain =
            itk_transform(&folder.join(format!("study{visit}_T1W_intrastudy_to_FLAIR.txt")));
        for (contrast, native_from_common) in [("FLAIR", to_flair), ("T1W", t1_chain * to_flair)] {
            let scan = read_nifti(&folder.join(format!("study{visit}_{contrast}.nii.gz")));
            let found = brain_mask(&scan, &BrainMaskConfig::default()).unwrap();
            let common_from_native = native_from_common.try_inverse().unwrap();
            let given = onto(&common, scan.grid(), &common_from_native);
            let agreement = dice(&found, &given);
            eprintln!("visit {visit} {contrast}: Dice {agreement:.4}");
            assert!(
                agreement >= 0.90,
                "visit {visit} {contrast}: Dice {agreement:.4}"
            );
        }
    }
}

fn onto(mask: &Volume<bool>, grid: &Grid, mask_from_grid: &Matrix4<f64>) -> Volume<bool> {
    resample_nearest(mask, grid, mask_from_grid, false).unwrap()
}

#[test]
fn two_visits_lie_where_the_published_transforms_lay_them() {
    let Some(folder) = shared("scans/ms-two-visits") else {
        return;
    };
    let common = read_nifti(&folder.join("brainmask_common_space.nii.gz")).map(|v| v > 0.5);
    let image = |visit: usize, contrast: &str| {
        let flair = folder.join(format!("study{visit}_FLAIR_to_common_space.txt"));
        let native_from_common = match contrast {
            "FLAIR" => itk_transform(&flair),
            _ => {
                let t1w = folder.join(format!("study{visit}_T1W_intrastudy_to_FLAIR.txt"));
                itk_transform(&t1w) * itk_transform(&flair)
            }
        };
        let name = format!("study{visit}_{contrast}.nii.gz");
        (read_nifti(&folder.join(name)), native_from_common)
    };
    for [first, second] in [["FLAIR", "FLAIR"], ["T1W", "T1W"], ["T1W", "FLAIR"]] {
        let (moving, moving_from_common) = image(1, first);
        let (fixed, fixed_from_common) = image(2, second);
        let published = fixed_from_common * moving_from_common.try_inverse().unwrap();
        let found = register_rigid(&moving, &fixed).unwrap();
        let brain = onto(
            &common,
            fixed.grid(),
            &fixed_from_common.try_inverse().unwrap(),
        );
        let published = published.try_inverse().unwrap();
        let ours = found.fixed_from_moving.inverse();
        let mut worst = 0.0f64;
        for (offset, _) in brain.voxels().iter().enumerate().filter(|(_, b)| **b) {
            let grid = brain.grid();
            let at = grid.to_world(VoxelPoint::center_of(grid.index(offset))).0;
            worst = worst.max((ours * at - published.transform_point(&at)).norm());
        }
        let agreement = agreement(&moving, &fixed, &brain, &found.fixed_from_moving);
        let agreement = agreement.unwrap().unwrap();
        eprintln!("{first} on {second}: up to {worst:.2} mm apart, agreement {agreement:.2}");
        assert!(worst < 1.5, "{first} on {second}: {worst:.2} mm apart");
        assert!(
            agreement >= LEAST_AGREEMENT,
            "{first} on {second}: {agreement:.2}"
        );
    }
}

#[test]
fn scans_of_two_persons_do_not_agree() {
    let (Some(ms), Some(siemens)) = (
        shared("scans/ms-two-visits"),
        shared("scans/siemens-3t-gre"),
    ) else {
        return;
    };
    let fixed = read_nifti(&ms.join("study2_T1W.nii.gz"));
    let moving = read_nifti(&siemens.join("5_anat-T1w_acq-tfl.nii"));
    let brain = brain_mask(&fixed, &BrainMaskConfig::default()).unwrap();
    let found = register_rigid(&moving, &fixed).unwrap();
    let agreement = agreement(&moving, &fixed, &brain, &found.fixed_from_moving);
    let agreement = agreement.unwrap().unwrap();
    eprintln!("two persons' T1w images agree by {agreement:.2}");
    assert!(agreement < LEAST_AGREEMENT, "{agreement:.2}");
}
