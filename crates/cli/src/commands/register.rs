//! `siderin register`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::Register;
use crate::progress::{complain, say};
use anyhow::{Context, Result};
use serde::Serialize;
use siderin_image::folder::{PartialFolder, Replace, write_json};
use siderin_image::registration::{LEAST_SHARPNESS, Quality, register_rigid};
use siderin_image::scan::nifti::write_volume;
use siderin_image::scan::{ReadLimits, read_single_volume};
use siderin_image::volume::{Interpolation, resample};

const FILES: [&str; 2] = ["registered.nii.gz", "registration.json"];

/// The content of `registration.json`.
#[derive(Serialize)]
struct Document {
    schema_version: &'static str,
    software: &'static str,
    version: &'static str,
    /// 4×4, RAS+ mm: from the moving image's world to the fixed one's.
    fixed_from_moving: [[f64; 4]; 4],
    rotation_deg: f64,
    /// How far the middle of the moving image is moved.
    shift_mm: f64,
    quality: Quality,
}

pub(crate) fn run(args: &Register) -> Result<Outcome, Failure> {
    lay(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn lay(args: &Register) -> Result<()> {
    let replace = if args.force {
        Replace::Only(&FILES)
    } else {
        Replace::NotNow
    };
    check_inputs_stay(&args.out, [args.moving.as_path(), args.fixed.as_path()])?;
    let folder = PartialFolder::claim_at(&args.out, replace)?;
    let limits = ReadLimits::default();
    let (_, moving) =
        read_single_volume(&args.moving, limits).context("reading the moving image")?;
    let (_, fixed) = read_single_volume(&args.fixed, limits).context("reading the fixed image")?;
    let found = register_rigid(&moving, &fixed)?;
    let fixed_from_moving = found.fixed_from_moving.to_homogeneous();
    let moving_from_fixed = found.fixed_from_moving.inverse().to_homogeneous();
    let registered = resample(
        &moving,
        fixed.grid(),
        &moving_from_fixed,
        Interpolation::Linear,
        0.0,
    )?;
    write_volume(&folder.path(FILES[0]), &registered)?;
    let shape = moving.shape().map(|n| 0.5 * (n as f64 - 1.0));
    let middle = moving
        .grid()
        .to_world(siderin_image::volume::VoxelPoint::new(
            shape[0], shape[1], shape[2],
        ))
        .0;
    let document = Document {
        schema_version: "1.0",
        software: "siderin",
        version: env!("CARGO_PKG_VERSION"),
        fixed_from_moving: std::array::from_fn(|r| {
            std::array::from_fn(|c| fixed_from_moving[(r, c)])
        }),
        rotation_deg: found.fixed_from_moving.rotation.angle().to_degrees(),
        shift_mm: (found.fixed_from_moving * middle - middle).norm(),
        quality: found.quality,
    };
    write_json(&folder.path(FILES[1]), &document)?;
    folder.publish()?;
    if found.quality.sharpness < LEAST_SHARPNESS {
        complain(
            "warning: the images hardly agree better here than 3 mm away; look at \
             registered.nii.gz before using it",
        );
    }
    if !args.quiet {
        say(&format!(
            "turned by {:.1}°, moved by {:.1} mm; normalised mutual information {:.3}, {:.0} % of \
             the fixed head covered",
            document.rotation_deg,
            document.shift_mm,
            found.quality.normalised_mutual_information,
            100.0 * found.quality.overlap
        ));
    }
    Ok(())
}
