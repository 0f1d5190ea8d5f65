//! `siderin annotate grow`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::Grow;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use siderin_core::lesion::Lesion;
use siderin_image::folder::write_then_rename;
use siderin_image::scan::nifti::write_volume_placed;
use siderin_image::scan::{Catalog, ReadLimits, read_single_volume, stem};
use siderin_review::annotate::{GrowConfig, grow_scribbles, read_scribbles};

pub(crate) fn grow(args: &Grow) -> Result<Outcome, Failure> {
    run(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn run(args: &Grow) -> Result<()> {
    if args.out.exists() && !args.force {
        bail!("writing the masks: the file exists; give another --out, or --force to replace it");
    }
    let limits = ReadLimits::default();
    let scan = Catalog::open(&args.scan, limits)
        .context("reading the scan")?
        .choose(None)?
        .load(&stem(&args.scan), limits)?;
    let (_, map) = read_single_volume(&args.scribbles, limits).context("reading the scribbles")?;
    let strokes = args.lesion.map(|lesion| lesion.strokes());
    let scribbles = read_scribbles(&map, scan.magnitude.grid(), strokes)?;
    let config = GrowConfig {
        reference: args.reference.reference(),
        largest_mm: args.largest_mm,
        tolerance: args.tolerance,
    };
    let grown = grow_scribbles(&scan.magnitude, &scribbles, &config)?;
    check_inputs_stay(&args.out, [args.scan.as_path(), args.scribbles.as_path()])?;
    write_then_rename(&args.out, |path| {
        Ok::<_, anyhow::Error>(write_volume_placed(path, &grown.labels, &scan.placements)?)
    })?;
    let grid = scan.magnitude.grid();
    for (n, lesion) in grown.lesions.iter().enumerate() {
        let measured = Lesion::of_voxels(grid, lesion.voxels.clone(), 1.0);
        say(&format!(
            "lesion {}: {} voxels, {:.1} mm, tolerance {:.1} %",
            n + 1,
            measured.voxels.len(),
            measured.diameter_mm,
            100.0 * lesion.tolerance
        ));
    }
    Ok(())
}
