//! Registration of real images against SimpleITK.
use nalgebra::{Matrix4, Point3};
use siderin_image::preprocess::otsu_threshold;
use siderin_image::registration::register_rigid;
use siderin_image::scan::ReadLimits;
use siderin_image::scan::nifti::read_volume;
use siderin_image::volume::{Volume, VoxelPoint};
use siderin_testing::{python, shared};
use std::path::Path;

fn read(path: &Path) -> Volume<f32> {
    read_volume(path, None, ReadLimits::default()).unwrap().1
}

// Takes over 20 s: SimpleITK registers the same images.
#[test]
fn a_t1w_image_lies_on_the_gradient_echo_where_simpleitk_lays_it() {
    let Some(folder) = shared("scans/siemens-3t-gre") else {
        return;
    };
    let moving = folder.join("5_anat-T1w_acq-tfl.nii");
    let fixed = folder.join("8_gre_field_mapping_e1.nii");
    let Some(theirs) = python("register.py", &[moving.as_os_str(), fixed.as_os_str()]) else {
        return;
    };
    let rows: [[f64; 4]; 4] = serde_json::from_str(&theirs).unwrap();
    let theirs = Matrix4::from_fn(|r, c| rows[r][c]);
    let fixed = read(&fixed);
    let found = register_rigid(&read(&moving), &fixed).unwrap();
    let ours = found.fixed_from_moving.inverse().to_homogeneous();
    // Every point of the head above half of Otsu's threshold.
    let threshold = 0.5 * otsu_threshold(&fixed, 128).unwrap();
    let grid = fixed.grid();
    let mut worst = 0.0f64;
    for (offset, value) in fixed.voxels().iter().enumerate() {
        if *value > threshold {
            let at: Point3<f64> = grid.to_world(VoxelPoint::center_of(grid.index(offset))).0;
            let apart = ours.transform_point(&at) - theirs.transform_point(&at);
            worst = worst.max(apart.norm());
        }
    }
    println!("up to {worst:.2} mm apart, {:?}", found.quality);
    assert!(worst < 1.0, "{worst:.2} mm apart, {:?}", found.quality);
}
