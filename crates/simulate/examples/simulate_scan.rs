//! Simulates a T2*-weighted scan with five microbleeds in the head that is built in, and writes images and truth.
//!
//! cargo run --release -p siderin-simulate --example simulate_scan -- FOLDER
#![allow(clippy::print_stdout)]

use siderin_simulate::head::Head;
use siderin_simulate::{Protocol, Request, VisitFilesError, VisitNames, simulate, write_visit};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("give a folder")?.into();
    std::fs::create_dir_all(&folder)?;

    let request = Request {
        head_name: "builtin".into(),
        seed: 7,
        protocol: Protocol::named("3t-gre-1x3")?,
        lesions: 5,
        pattern: None,
        t1w: false,
        second_visit: None,
        second_protocol: None,
    };
    let stage = |stage: siderin_simulate::SimulateStage| println!("{}", stage.in_words());
    simulate(&Head::builtin()?, &request, &stage, |visit| {
        let visible = visit.record.lesions.iter().filter(|lesion| lesion.visible);
        println!("{} microbleeds can be seen", visible.count());
        // Errors of the simulation and of the disk are one type here.
        Ok::<_, SimulateOrWrite>(write_visit(&visit, &VisitNames::plain(&folder))?)
    })?;
    Ok(())
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum SimulateOrWrite {
    Simulate(#[from] siderin_simulate::SimulateError),
    Write(#[from] VisitFilesError),
}
