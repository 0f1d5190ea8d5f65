//! Writes a phantom scan: `cargo run --release -p siderin-reproduce --bin phantom -- OUT.nii.gz
//! [NX NY NZ DX DY DZ]`.

use siderin_image::scan::nifti::write_volume;
use siderin_simulate::{PhantomConfig, phantom};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let out = arguments
        .first()
        .ok_or("give the file to write, such as phantom.nii.gz")?;
    let mut config = PhantomConfig::default();
    if let [nx, ny, nz, dx, dy, dz] = &arguments[1..] {
        config.shape = [nx.parse()?, ny.parse()?, nz.parse()?];
        config.spacing_mm = [dx.parse()?, dy.parse()?, dz.parse()?];
    }
    let made = phantom(&config)?;
    // Whole numbers, as scanners store them.
    write_volume(Path::new(out), &made.scan.map(|value| value.round() as i16))?;
    Ok(())
}
