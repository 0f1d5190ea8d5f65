//! Reads a scan (NIfTI, or a folder of DICOM slices) and finds microbleeds by the default model.
//!
//! cargo run --release -p siderin-net --example detect_scan -- SCAN
#![allow(clippy::print_stdout)]

use siderin_image::scan::{Given, ReadLimits, expand_input, read_scan};
use siderin_net::compute::Compute;
use siderin_net::{
    CandidateDetector, CandidateJudge, Finder, RegionFinder, default_candidates, default_regions,
    detect,
};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("give a scan")?.into();

    let compute = Compute::cpu();
    let regions = RegionFinder::new(default_regions(compute.device())?, &compute)?;
    let judge = CandidateJudge::new(default_candidates(compute.device())?, &compute)?;
    // The model's own threshold: its balanced operating point.
    let detector = CandidateDetector::new(regions, judge, None)?;
    let finder = Finder::Candidates(Box::new(detector));

    // A folder of a study holds several scans.
    for input in expand_input(&path)?.scans {
        let scan = read_scan(&input, &Given::default(), ReadLimits::default())?;
        let detection = detect(&scan, &finder, &|stage| println!("{}", stage.in_words()))?;
        for warning in &detection.warnings {
            println!("warning: {warning}");
        }
        for lesion in &detection.found.lesions {
            let [x, y, z] = lesion.center_world.to_array();
            let place = match lesion.place {
                Ok(place) => format!("{} {}", place.region.name(), place.side.name()),
                Err(reason) => reason.reason().to_string(),
            };
            println!(
                "{}: {:.1} mm at R {x:.1}, A {y:.1}, S {z:.1} mm ({place}), confidence {:.2}",
                lesion.id, lesion.diameter_mm, lesion.confidence
            );
        }
    }
    Ok(())
}
