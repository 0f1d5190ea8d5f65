//! `siderin simulate field`.

use super::super::{Failure, Outcome, in_one_line};
use crate::args::SimulateField;
use crate::progress::say;
use anyhow::{Context, Result, anyhow};
use siderin_image::folder::write_then_rename;
use siderin_image::scan::{ReadLimits, nifti};
use siderin_simulate::physics::dipole::{field_memory_bytes, susceptibility_field};

pub(crate) fn run(args: &SimulateField) -> Result<Outcome, Failure> {
    field(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn field(args: &SimulateField) -> Result<()> {
    let (_, chi, not_numbers) = nifti::read_volume(&args.chi, None, ReadLimits::default())
        .context("reading the susceptibility map")?;
    if not_numbers > 0 {
        return Err(anyhow!(
            "computing a field: the map holds NaN or infinity ({not_numbers} voxels); every \
             susceptibility must be a finite number of ppm"
        ));
    }
    let memory = field_memory_bytes(chi.shape());
    let field = susceptibility_field(&chi, args.b0_dir)?;
    write_then_rename(&args.out, |path| {
        nifti::write_volume(path, &field).map_err(anyhow::Error::from)
    })
    .context("writing the field")?;
    say(&format!(
        "field in ppm on {:?} voxels, computed in {:.1} GiB: {}",
        field.shape(),
        memory as f64 / f64::from(1u32 << 30),
        args.out.display()
    ));
    Ok(())
}
