//! `siderin regions`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::{RegionsFind, RegionsFromLabels};
use crate::progress::{complain, say};
use anyhow::{Context, Result, bail};
use siderin_core::regions::{from_parcellation, region_table};
use siderin_image::folder::{write_json, write_synced, write_then_rename};
use siderin_image::scan::{ReadLimits, nifti, read_single_volume, stem};
use siderin_image::volume::Volume;
use siderin_net::model_file::Model;
use siderin_net::{Device, RegionFinder, default_regions, regions_note};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn from_labels(args: &RegionsFromLabels) -> Result<Outcome, Failure> {
    done(convert(args))
}

pub(crate) fn find(args: &RegionsFind) -> Result<Outcome, Failure> {
    done(look(args))
}

fn done(result: Result<()>) -> Result<Outcome, Failure> {
    result
        .map(|()| Outcome::Done)
        .map_err(|error| Failure::Run(in_one_line(&error)))
}

fn look(args: &RegionsFind) -> Result<()> {
    let table = table_beside(&args.out);
    let written: Vec<&Path> = [&args.brain, &args.structures, &args.anatomy]
        .into_iter()
        .flatten()
        .chain([&args.out, &table])
        .map(PathBuf::as_path)
        .collect();
    for (number, path) in written.iter().enumerate() {
        if written[..number].contains(path) {
            bail!(
                "--out, --brain, --structures and --anatomy name one file twice; give different ones"
            );
        }
        check_inputs_stay(path, [args.scan.as_path()])?;
    }
    let compute = args.device.device().open()?;
    let finder = RegionFinder::new(
        regions_model(args.model.as_deref(), compute.device())?,
        &compute,
    )?;
    if (args.structures.is_some() || args.anatomy.is_some()) && !finder.outlines_structures() {
        bail!(
            "--structures and --anatomy need a model of the architecture structure-unet; this one tells regions alone"
        );
    }
    let (_, scan) =
        read_single_volume(&args.scan, ReadLimits::default()).context("reading the scan")?;
    let map = finder.find(&scan)?;
    let anatomy = map.anatomy();
    if let Some(note) = anatomy.and_then(regions_note) {
        complain(&format!("warning: {note}"));
    }
    let found = map.on(scan.grid())?;
    write_regions(&found.codes, &args.out)?;
    if let Some(path) = &args.brain {
        write_codes(&found.brain.map(u8::from), path).context("writing the brain mask")?;
    }
    if let (Some(path), Some(codes)) = (&args.structures, map.structures_on(scan.grid())?) {
        write_codes(&codes, path).context("writing the structures")?;
    }
    if let (Some(path), Some(anatomy)) = (&args.anatomy, anatomy) {
        write_then_rename(path, |partial| write_json(partial, anatomy))
            .context("writing the anatomy")?;
    }
    Ok(())
}

fn write_codes(codes: &Volume<u8>, path: &Path) -> Result<()> {
    write_then_rename(path, |partial| {
        nifti::write_volume(partial, codes).map_err(anyhow::Error::from)
    })
}

/// The network of regions that is given, or the program's own.
pub(super) fn regions_model(given: Option<&Path>, device: &Device) -> Result<Model> {
    Ok(match given {
        Some(path) => Model::read(path, device).context("the model of regions")?,
        None => default_regions(device)?,
    })
}

fn convert(args: &RegionsFromLabels) -> Result<()> {
    check_inputs_stay(&args.out, [args.labels.as_path()])?;
    let (_, parcels, not_numbers) = nifti::read_volume(&args.labels, None, ReadLimits::default())
        .context("reading the parcellation")?;
    if not_numbers > 0 {
        return Err(anyhow::anyhow!(
            "reading the parcellation: {not_numbers} voxels are no numbers; a label map holds \
             whole numbers"
        ));
    }
    let (regions, unknown) = from_parcellation(&parcels)?;
    if !unknown.is_empty() {
        let voxels: usize = unknown.values().sum();
        let codes: Vec<String> = unknown.keys().take(12).map(u16::to_string).collect();
        complain(&format!(
            "warning: {voxels} voxels of {} codes belong to no region ({}{})",
            unknown.len(),
            codes.join(", "),
            if unknown.len() > 12 { ", …" } else { "" }
        ));
    }
    write_regions(&regions, &args.out)
}

/// Where the table of a map's values goes.
fn table_beside(out: &Path) -> PathBuf {
    out.with_file_name(format!("{}.tsv", stem(out)))
}

/// The map, and the table of its values beside it.
fn write_regions(regions: &Volume<u8>, out: &Path) -> Result<()> {
    let table = table_beside(out);
    write_then_rename(out, |path| {
        nifti::write_volume(path, regions)?;
        // Before the map is in place: neither is there without the other.
        write_then_rename(&table, |path| {
            write_synced(path, |sink| {
                Ok::<_, anyhow::Error>(sink.write_all(region_table().as_bytes())?)
            })
        })
    })
    .context("writing the regions")?;
    say(&format!("regions: {}", out.display()));
    Ok(())
}
