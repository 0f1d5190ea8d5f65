//! Preprocessing against SimpleITK and scipy, on one random image with an oblique,
//! anisotropic grid.
use nalgebra::{Matrix4, Rotation3};
use siderin_image::preprocess::{
    Connectivity, N4Config, bias_field, connected_components, dilate, distance_to_mm, erode,
    fill_holes, gaussian_smooth, open, otsu_threshold,
};
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::{read_volume, write_volume};
use siderin_image::volume::{Grid, Interpolation, Volume, resample};
use siderin_simulate::{PhantomConfig, phantom};
use siderin_testing::python;
use std::path::Path;

fn oblique(shape: [usize; 3], spacing: [f64; 3], angles: [f64; 3], origin: [f64; 3]) -> Grid {
    let rotation = Rotation3::from_euler_angles(angles[0], angles[1], angles[2]);
    let mut affine = Matrix4::identity();
    for axis in 0..3 {
        let column = rotation.matrix().column(axis) * spacing[axis];
        affine.fixed_view_mut::<3, 1>(0, axis).copy_from(&column);
        affine[(axis, 3)] = origin[axis];
    }
    Grid::new(shape, affine).unwrap()
}

/// Smooth random values and a mask of about a third of the voxels.
fn image_and_mask() -> (Volume<f32>, Volume<bool>) {
    let grid = oblique(
        [23, 19, 14],
        [0.7, 1.1, 2.5],
        [0.2, -0.3, 0.4],
        [-20.0, 13.0, 5.0],
    );
    let mut state = 7u64;
    let noise = Volume::from_fn(&grid, |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f32 / 2f32.powi(31) * 1000.0
    });
    let image = gaussian_smooth(noise.clone(), 0.8).unwrap();
    let mask = noise.map(|v| v > 640.0);
    (image, mask)
}

fn reference(folder: &Path, name: &str) -> Volume<f32> {
    read_volume(&folder.join(name), None, ReadLimits::default())
        .unwrap()
        .1
}

fn largest_difference(a: &Volume<f32>, b: &Volume<f32>) -> f32 {
    assert_eq!(a.shape(), b.shape());
    a.voxels()
        .iter()
        .zip(b.voxels())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn agrees_with_simpleitk_and_scipy() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (image, mask) = image_and_mask();
    let target = oblique(
        [20, 21, 22],
        [0.9, 0.8, 1.3],
        [-0.1, 0.5, 0.1],
        [-18.0, 12.0, 9.0],
    );
    write_volume(&at.join("image.nii"), &image).unwrap();
    write_volume(&at.join("mask.nii"), &mask.map(u8::from)).unwrap();
    write_volume(&at.join("target.nii"), &Volume::filled(&target, 0u8)).unwrap();
    let Some(numbers) = python("preprocess.py", &[at.as_os_str()]) else {
        return;
    };
    let numbers: serde_json::Value = serde_json::from_str(&numbers).unwrap();

    let otsu = f64::from(otsu_threshold(&image, 256).unwrap());
    let expected = numbers["otsu"].as_f64().unwrap();
    // ITK adds a margin to the histogram's ends: less than one bin of 1000/256.
    assert!((otsu - expected).abs() < 4.0, "Otsu {otsu}, ITK {expected}");

    let as_mask = |name: &str| reference(at, name).map(|v| v > 0.5);
    for (connectivity, name) in [
        (Connectivity::Six, 6),
        (Connectivity::Eighteen, 18),
        (Connectivity::TwentySix, 26),
    ] {
        let (labels, count) = connected_components(&mask, connectivity);
        assert_eq!(
            count as u64,
            numbers[format!("components_{name}")].as_u64().unwrap()
        );
        let expected = reference(at, &format!("components_{name}.nii"));
        same_partition(&labels, &expected.map(|v| v as u32));
        for (work, result) in [
            ("erode", erode(&mask, connectivity, 2)),
            ("dilate", dilate(&mask, connectivity, 2)),
            ("open", open(&mask, connectivity, 2)),
        ] {
            let expected = as_mask(&format!("{work}_{name}.nii"));
            assert_eq!(result.voxels(), expected.voxels(), "{work} {name}");
        }
    }
    assert_eq!(fill_holes(&mask).voxels(), as_mask("fill.nii").voxels());

    let distance = distance_to_mm(&mask);
    assert!(largest_difference(&distance, &reference(at, "distance_scipy.nii")) < 1e-3);
    // Maurer's map measures from the border between voxels inside the mask; outside both
    // measure between centres.
    let maurer = reference(at, "distance.nii");
    for ((&ours, &theirs), &inside) in distance
        .voxels()
        .iter()
        .zip(maurer.voxels())
        .zip(mask.voxels())
    {
        assert!(inside || (ours - theirs).abs() < 1e-3, "{ours} {theirs}");
    }

    for (method, name) in [
        (Interpolation::Nearest, "nearest"),
        (Interpolation::Linear, "linear"),
        (Interpolation::Cubic, "cubic"),
    ] {
        let ours = resample(&image, &target, &Matrix4::identity(), method, -1.0).unwrap();
        let theirs = reference(at, &format!("resampled_{name}.nii"));
        // Affines are stored with seven digits: a few voxels lie on the border of inside.
        let differing = ours
            .voxels()
            .iter()
            .zip(theirs.voxels())
            .filter(|(a, b)| (**a - **b).abs() > 0.5)
            .count();
        assert!(
            differing <= 4,
            "{name}: {differing} of {} voxels differ",
            ours.voxels().len()
        );
        let both_outside = ours.voxels().iter().filter(|v| **v == -1.0).count();
        assert!(both_outside > 0 && both_outside < ours.voxels().len());
    }

    let smooth = gaussian_smooth(image.clone(), 1.5).unwrap();
    // Our kernels end at three sigma: 0.3 % of the mass at most.
    assert!(largest_difference(&smooth, &reference(at, "gaussian.nii")) < 3.0);
}

/// Same voxels together, whatever the numbers.
fn same_partition(ours: &Volume<u32>, theirs: &Volume<u32>) {
    let mut names = std::collections::HashMap::new();
    for (a, b) in ours.voxels().iter().zip(theirs.voxels()) {
        assert_eq!(names.entry(*a).or_insert(*b), b);
    }
}

#[test]
fn n4_finds_the_field_simpleitk_finds_and_the_one_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let config = PhantomConfig {
        shape: [96, 112, 84],
        spacing_mm: [2.0; 3],
        ..PhantomConfig::default()
    };
    let made = phantom(&config).unwrap();
    // The phantom's own shading is a ramp; a quadratic one is added.
    let shape = made.scan.shape();
    let share = |i: usize, axis: usize| 2.0 * i as f64 / shape[axis] as f64 - 1.0;
    let field = Volume::from_fn(made.scan.grid(), |[i, j, k]| {
        let (x, y, z) = (share(i, 0), share(j, 1), share(k, 2));
        (1.0 + 0.25 * y - 0.2 * z * z + 0.1 * x * y) as f32
    });
    let mut image = made.scan.clone();
    for (value, by) in image.voxels_mut().iter_mut().zip(field.voxels()) {
        *value *= by;
    }
    write_volume(&at.join("image.nii"), &image).unwrap();
    write_volume(&at.join("mask.nii"), &made.brain.map(u8::from)).unwrap();
    let shrink = 2;
    let config = N4Config {
        shrink: [shrink; 3],
        ..N4Config::default()
    };
    let ours = bias_field(&image, &made.brain, &config).unwrap();

    // Known: the added field times the phantom's ramp of 15 % over 66 mm.
    let known = Volume::from_fn(made.scan.grid(), |[i, j, k]| {
        let x_mm = (i as f64 - (shape[0] as f64 - 1.0) / 2.0) * 2.0;
        field.at([i, j, k]) * (1.0 + 0.15 * x_mm / 66.0) as f32
    });
    let with_truth = correlation(&ours, &known, &made.brain);
    assert!(
        with_truth >= 0.98,
        "correlation with the known field {with_truth:.4}"
    );

    let out = at.join("field.nii");
    let (image_path, mask_path) = (at.join("image.nii"), at.join("mask.nii"));
    let shrink = shrink.to_string();
    let arguments = [
        image_path.as_os_str(),
        mask_path.as_os_str(),
        shrink.as_ref(),
        out.as_os_str(),
    ];
    if python("n4.py", &arguments).is_some() {
        let theirs = reference(at, "field.nii");
        let with_itk = correlation(&ours, &theirs, &made.brain);
        assert!(
            with_itk >= 0.98,
            "correlation with SimpleITK's field {with_itk:.4}"
        );
        let itk_with_truth = correlation(&theirs, &known, &made.brain);
        eprintln!(
            "truth: ours {with_truth:.4}, SimpleITK {itk_with_truth:.4}; each other {with_itk:.4}"
        );
    }
}

/// Pearson's r over the mask.
fn correlation(a: &Volume<f32>, b: &Volume<f32>, mask: &Volume<bool>) -> f64 {
    let pairs: Vec<(f64, f64)> = (0..mask.voxels().len())
        .filter(|&o| mask.voxels()[o])
        .map(|o| (f64::from(a.voxels()[o]), f64::from(b.voxels()[o])))
        .collect();
    let n = pairs.len() as f64;
    let (ma, mb) = pairs
        .iter()
        .fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        ab += (a - ma) * (b - mb);
        aa += (a - ma).powi(2);
        bb += (b - mb).powi(2);
    }
    ab / (aa * bb).sqrt()
}
