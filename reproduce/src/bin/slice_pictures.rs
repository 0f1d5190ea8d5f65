//! The pictures of docs/simulation.md: one slice per protocol of the same person.
//!
//! `cargo run --release -p siderin-reproduce --bin slice_pictures -- HEAD.nii.gz OUT_FOLDER`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use siderin_image::scan::{ReadLimits, nifti};
use siderin_image::volume::{Volume, VoxelPoint};
use siderin_simulate::head::Head;
use siderin_simulate::{Exam, Person, PersonDraw, Protocol, VisitDraw};
use std::path::Path;

const SEED: u64 = 12;
const LESIONS: usize = 14;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (head, out) = (arguments.next().unwrap(), arguments.next().unwrap());
    let out = Path::new(&out);
    let (_, map, _) = nifti::read_volume(head.as_ref(), None, ReadLimits::default()).unwrap();
    let head = Head::from_map(&map).unwrap();
    let person = Person::new(&head, &PersonDraw::draw(SEED)).unwrap();
    let lesions = person.lesions(LESIONS, None).unwrap();
    let mut height = None;
    for name in Protocol::names() {
        let mut visit = VisitDraw::draw(SEED, &Protocol::named(name).unwrap());
        // The same place and quality for all, so that protocols can be compared.
        visit.plan.descending = false;
        visit.imperfections.snr = 30.0;
        let exam = Exam::new(&person, &visit).unwrap();
        let scan = exam.scan(&lesions);
        let truth = exam.truth(&person, &lesions, &scan.without);
        // The height in the world of the slice with most of the mask, from the first protocol.
        let most = busiest_slice(&truth.mask);
        let [nx, ny, nz] = exam.grid().shape();
        let middle = |k: usize| VoxelPoint::new(nx as f64 / 2.0, ny as f64 / 2.0, k as f64);
        let height = *height.get_or_insert(exam.grid().to_world(middle(most)).0.z);
        let slice = (0..nz)
            .min_by_key(|&k| {
                let away = exam.grid().to_world(middle(k)).0.z - height;
                (away.abs() * 1000.0) as u64
            })
            .unwrap();
        let images = exam.images(scan.with);
        write(&out.join(format!("{name}.png")), &images.magnitude, slice);
        if let Some(swi) = &images.swi {
            write(&out.join(format!("{name}-swi.png")), swi, slice);
        }
        println!("{name}: slice {slice} of {nz}");
    }
}

fn busiest_slice(mask: &Volume<u16>) -> usize {
    let [nx, ny, nz] = mask.shape();
    let count = |k: usize| {
        let slice = &mask.voxels()[k * nx * ny..(k + 1) * nx * ny];
        slice.iter().filter(|&&v| v > 0).count()
    };
    // Where the brain is widest.
    (nz / 3..3 * nz / 4).max_by_key(|&k| count(k)).unwrap()
}

/// A slice as a grey picture, front up, the brightest 0.5 % white.
fn write(path: &Path, image: &Volume<f32>, slice: usize) {
    let [nx, ny, _] = image.shape();
    let values = &image.voxels()[slice * nx * ny..(slice + 1) * nx * ny];
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let white = sorted[sorted.len() * 995 / 1000];
    let bytes: Vec<u8> = values
        .iter()
        .map(|v| (255.0 * v / white).clamp(0.0, 255.0) as u8)
        .collect();
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, nx as u32, ny as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_compression(png::Compression::High);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&bytes)
        .unwrap();
}
