//! How many training patches a second: 48 mm cubes of a stored background, each with a
//! microbleed of its own size and place, its mask, and noise.
//!
//! `cargo run --release -p siderin-reproduce --bin patch_speed [PROTOCOL] [PATCHES]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use rayon::prelude::*;
use siderin_simulate::head::Head;
use siderin_simulate::{Background, Person, PersonDraw, Protocol, VisitDraw};
use std::time::Instant;

const EDGE_MM: f64 = 48.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "3t-gre-1x3".into());
    let patches: usize = arguments.next().map_or(400, |n| n.parse().unwrap());
    let person = Person::new(&Head::builtin().unwrap(), &PersonDraw::draw(1)).unwrap();
    let visit = VisitDraw::draw(1, &Protocol::named(&name).unwrap());
    // One lesion per patch, placed as in a scan.
    let lesions = person.lesions(patches, None).unwrap();
    let start = Instant::now();
    let background = Background::new(person, &visit).unwrap();
    let prepared = start.elapsed().as_secs_f64();
    let grid = background.exam().grid().clone();
    let (shape, spacing) = (grid.shape(), grid.spacing_mm());
    let start = Instant::now();
    let voxels: usize = lesions
        .par_iter()
        .enumerate()
        .map(|(number, lesion)| {
            let center = background.place_of(lesion);
            let at = grid.to_voxel(center).to_array();
            let region = std::array::from_fn(|a| {
                let wide = ((EDGE_MM / spacing[a]).round() as usize).min(shape[a]);
                let first = (at[a] - wide as f64 / 2.0).max(0.0) as usize;
                let first = first.min(shape[a] - wide);
                first..first + wide
            });
            let patch = background
                .patch(&region, &[*lesion], number as u64)
                .unwrap();
            patch.mask.voxels().len()
        })
        .sum();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: background in {prepared:.1} s; {patches} patches of 48 mm ({} voxels each) in \
         {seconds:.2} s on {} threads: {:.0} a second",
        voxels / patches,
        rayon::current_num_threads(),
        patches as f64 / seconds
    );
}
