//! Draws heads as the network of structures sees them: image and structures as NIfTI.
//!
//! `cargo run --release -p siderin-simulate --example drawn_heads -- OUT COUNT MAP.nii.gz …`

use siderin_image::preprocess::head_view;
use siderin_image::scan::{ReadLimits, nifti};
use siderin_image::volume::Volume;
use siderin_simulate::drawn_head::{HeadDraw, HeadPainter, HeadSource};
use siderin_simulate::head::Head;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, count, maps @ ..] = &arguments[..] else {
        return Err("give a folder, a number and label maps".into());
    };
    std::fs::create_dir_all(out)?;
    let mut sources = Vec::new();
    for path in maps {
        let (_, map, _) = nifti::read_volume(Path::new(path), None, ReadLimits::default())?;
        let source = if path.contains("brain") {
            HeadSource::of_brain(&map)?
        } else {
            HeadSource::of_head(&Head::from_map(&map)?)?
        };
        sources.push(source);
    }
    let painter = HeadPainter::default();
    for number in 0..count.parse::<u64>()? {
        let draw = HeadDraw::draw(number);
        let drawn = painter.paint(&sources[number as usize % sources.len()], &draw)?;
        let view = head_view(&drawn.image)?;
        let codes = Volume::new(view.grid().clone(), drawn.structures(view.grid()))?;
        nifti::write_volume(
            &Path::new(out).join(format!("{number}_image.nii.gz")),
            &view,
        )?;
        nifti::write_volume(
            &Path::new(out).join(format!("{number}_structures.nii.gz")),
            &codes,
        )?;
    }
    Ok(())
}
