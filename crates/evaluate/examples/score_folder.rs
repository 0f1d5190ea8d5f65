//! Scores a folder of predictions against a folder of references under the rule of VALDO 2021.
//!
//! cargo run --release -p siderin-evaluate --example score_folder -- REFERENCES PREDICTIONS
#![allow(clippy::print_stdout)]

use siderin_evaluate::{
    Bootstrap, Companions, Metrics, Missing, Rule, ScoreSettings, pair_cases, score_cases,
};
use siderin_image::scan::ReadLimits;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [references, predictions] = &arguments[..] else {
        return Err("give a folder of references and one of predictions".into());
    };

    let cases = pair_cases(Path::new(references), Path::new(predictions), false)?;
    let settings = ScoreSettings::of(Rule::Valdo);
    let (alone, limits) = (Companions::default(), ReadLimits::default());
    let scored = score_cases(&cases, &alone, &settings, limits, &|name| {
        println!("{name}");
    })
    // All cases that cannot be scored; figures over the others would not be those of the whole.
    .map_err(|bad| format!("{}: {}", bad[0].0, bad[0].1))?;
    let subjects = scored
        .into_iter()
        .map(|(name, scored)| (name, scored.score))
        .collect();

    let bootstrap = Bootstrap::default();
    let metrics = Metrics::of(subjects, &settings, &bootstrap, Missing::default(), vec![]);
    println!("{}", serde_json::to_string_pretty(&metrics.summary)?);
    Ok(())
}
