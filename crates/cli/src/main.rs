//! The `siderin` command: typed arguments, one library call each.

mod args;
mod commands;
mod flags;
mod progress;

use clap::Parser;
use std::process::ExitCode;

/// 0: done; 1: some input failed; 2: wrong usage (as clap exits, too).
fn main() -> ExitCode {
    siderin_net::ops::keep_freed_memory();
    let arguments = args::Arguments::parse();
    let outcome = match arguments.command {
        args::Command::Demo(demo) => commands::demo::run(&demo),
        args::Command::Detect(detect) => commands::detect::run(&detect),
        args::Command::Compare(compare) => commands::compare::run(&compare),
        args::Command::Review(review) => commands::review::run(&review),
        args::Command::Annotate(args::Annotate::Grow(grow)) => commands::annotate::grow(&grow),
        args::Command::Inspect(inspect) => commands::inspect::run(&inspect),
        args::Command::Explain(explain) => commands::detect::explain(&explain),
        args::Command::Model(args::Model::New(new)) => commands::model::new(&new),
        args::Command::Model(args::Model::Import(import)) => commands::model::import(&import),
        args::Command::Model(args::Model::Default(default)) => commands::model::default(&default),
        args::Command::Evaluate(evaluate) => commands::evaluate::run(&evaluate),
        args::Command::CompareMethods(compare) => commands::compare_methods::run(&compare),
        args::Command::Split(split) => commands::split::run(&split),
        args::Command::Train(train) => commands::train::run(&train),
        args::Command::Study(study) => commands::study::run(&study),
        args::Command::Simulate(args::Simulate::Field(field)) => {
            commands::simulate::field::run(&field)
        }
        args::Command::Simulate(args::Simulate::Scan(scan)) => commands::simulate::scan::run(&scan),
        args::Command::Simulate(args::Simulate::Cohort(cohort)) => {
            commands::simulate::cohort::run(&cohort)
        }
        args::Command::Implant(implant) => commands::implant::run(&implant),
        args::Command::Validate(validate) => commands::validate::run(&validate),
        args::Command::Register(register) => commands::register::run(&register),
        args::Command::Regions(args::Regions::FromLabels(labels)) => {
            commands::regions::from_labels(&labels)
        }
        args::Command::Regions(args::Regions::Find(find)) => commands::regions::find(&find),
    };
    match outcome {
        Ok(commands::Outcome::Done) => ExitCode::SUCCESS,
        Ok(commands::Outcome::SomeFailed) => ExitCode::from(1),
        Err(commands::Failure::Usage(why)) => {
            progress::complain(&format!("error: {why}"));
            ExitCode::from(2)
        }
        Err(commands::Failure::Run(why)) => {
            progress::complain(&format!("error: {why}"));
            ExitCode::from(1)
        }
    }
}
