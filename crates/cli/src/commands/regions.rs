//! `siderin regions`.

use super::{Failure, Outcome, in_one_line};
use crate::args::RegionsFromLabels;
use crate::progress::{complain, say};
use anyhow::{Context, Result};
use siderin_core::folder::{write_synced, write_then_rename};
use siderin_core::regions::{from_parcellation, region_table};
use siderin_core::scan::{ReadLimits, nifti, stem};
use std::io::Write;

pub(crate) fn run(args: &RegionsFromLabels) -> Result<Outcome, Failure> {
    from_labels(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn from_labels(args: &RegionsFromLabels) -> Result<()> {
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
    let table = args.out.with_file_name(format!("{}.tsv", stem(&args.out)));
    write_then_rename(&table, |path| {
        write_synced(path, |sink| {
            Ok::<_, anyhow::Error>(sink.write_all(region_table().as_bytes())?)
        })
    })?;
    write_then_rename(&args.out, |path| {
        nifti::write_volume(path, &regions).map_err(anyhow::Error::from)
    })
    .context("writing the regions")?;
    say(&format!("regions: {}", args.out.display()));
    Ok(())
}
