//! `siderin model`.

use super::{Failure, Outcome, check_inputs_stay, in_one_line};
use crate::args::{ModelDefault, ModelImport, ModelNew, Network};
use crate::progress::say;
use anyhow::{Context, Result, bail};
use siderin_image::folder::{write_synced, write_then_rename};
use siderin_image::settings::read_settings;
use siderin_net::compute::Compute;
use siderin_net::model_file::{Model, ModelCard, Training, import_weights};
use siderin_net::{DEFAULT_CANDIDATES, DEFAULT_REGIONS};
use std::io::Write;

pub(crate) fn new(args: &ModelNew) -> Result<Outcome, Failure> {
    done(make_new(args))
}

pub(crate) fn import(args: &ModelImport) -> Result<Outcome, Failure> {
    done(make_imported(args))
}

pub(crate) fn default(args: &ModelDefault) -> Result<Outcome, Failure> {
    done(write_default(args))
}

fn done(result: Result<()>) -> Result<Outcome, Failure> {
    result
        .map(|()| Outcome::Done)
        .map_err(|error| Failure::Run(in_one_line(&error)))
}

fn make_new(args: &ModelNew) -> Result<()> {
    let mut card = card(&args.network)?;
    card.training = Training::none();
    let compute = Compute::cpu();
    compute.device().seed(args.seed);
    let network = card.model.init(compute.device())?;
    write(&Model { card, network }, &args.network)
}

fn make_imported(args: &ModelImport) -> Result<()> {
    let mut card = card(&args.network)?;
    let fresh = card.model.init(Compute::cpu().device())?;
    check_inputs_stay(&args.network.out, [args.weights.as_path()])?;
    let network = import_weights(fresh, &args.weights, args.entry.as_deref())?;
    card.licence = args.licence.clone();
    card.training = Training {
        summary: args.summary.clone(),
        software: "another program, imported".into(),
        settings: serde_json::Value::Null,
    };
    write(&Model { card, network }, &args.network)
}

fn write_default(args: &ModelDefault) -> Result<()> {
    let files = [
        ("regions.siderin", DEFAULT_REGIONS),
        ("candidates.siderin", DEFAULT_CANDIDATES),
    ];
    for (name, _) in files {
        if args.out.join(name).exists() && !args.force {
            bail!("{name} exists in the folder; give another --out, or --force to replace it");
        }
    }
    std::fs::create_dir_all(&args.out).context("making the folder of --out")?;
    for (name, bytes) in files {
        write_then_rename(&args.out.join(name), |partial| {
            write_synced(partial, |file| file.write_all(bytes))
        })
        .with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}

/// The card given, or the preset's.
fn card(args: &Network) -> Result<ModelCard> {
    let architecture = args.architecture;
    let Some(path) = &args.card else {
        return Ok(ModelCard::preset(architecture, args.preset.preset()));
    };
    let help =
        "reading --card; a file as `siderin inspect MODEL --json` shows under `card` is needed";
    let text = read_settings(path).context(help)?;
    let card: ModelCard = serde_json::from_str(&text).context(help)?;
    let given = card.model.architecture();
    if given != architecture {
        bail!("the card is of {given}, but --architecture says {architecture}");
    }
    // What it says of other weights does not hold for these.
    let plain = ModelCard::preset(architecture, args.preset.preset());
    Ok(ModelCard {
        confidence_meaning: plain.confidence_meaning,
        calibration: None,
        other_points: None,
        ..card
    })
}

fn write(model: &Model, args: &Network) -> Result<()> {
    if args.out.exists() && !args.force {
        bail!("the model file exists; give another --out, or --force to replace it");
    }
    model.write(&args.out)?;
    say(&format!("{}: {} numbers", model.card.name, model.numbers()));
    Ok(())
}
