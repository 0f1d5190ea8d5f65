//! `siderin study`.

use super::train::{Teller, config, setup};
use super::{Failure, Outcome, in_one_line};
use crate::args::Study;
use crate::progress::say;
use anyhow::{Result, bail};
use siderin_train::run::Progress as Event;
use siderin_train::study::study;

pub(crate) fn run(args: &Study) -> Result<Outcome, Failure> {
    if !args.training.validation.is_empty() {
        return Err(Failure::Usage(
            "a study sets scans aside itself; leave --validation out".into(),
        ));
    }
    made(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn made(args: &Study) -> Result<()> {
    let config = config(&args.config, &args.training)?;
    if config.data.split.is_some() || !config.data.validation.is_empty() {
        bail!(
            "a study sets scans aside itself; take data.split and data.validation out of the config, \
             and give folds with --split"
        );
    }
    let setup = setup(config, &args.training)?;
    let teller = Teller::new(args.training.quiet);
    let out = &args.training.out;
    let watch = |event: &Event| teller.tell(event);
    let arms = study(args.kind, &setup, args.split.as_deref(), out, &watch)?;
    teller.progress.finish();
    if !args.training.quiet {
        for arm in &arms {
            let figures = &arm.metrics.summary.figures;
            say(&format!(
                "{:24} F1 {}, {} false alarms a scan",
                arm.name,
                figures.get("micro/f1").in_words(3),
                figures.get("fp_per_scan/mean").in_words(2)
            ));
        }
        say(&format!("open {}", out.join("summary.md").display()));
    }
    Ok(())
}
