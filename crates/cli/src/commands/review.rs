//! `siderin review`.

use super::detect::open_finder;
use super::{Failure, Outcome, in_one_line};
use crate::args::{ModelFiles, Review, Running};
use crate::progress::{complain, say};
use anyhow::{Context, Result};
use siderin_image::scan::stem;
use siderin_net::{Finder, RulesConfig};
use siderin_review::jobs::RunMethod;
use siderin_review::room::{Room, check_there, default_folder};
use siderin_review::server::{App, AppConfig, check_reader, listen, serve};
use siderin_review::store::Store;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn run(args: &Review) -> Result<Outcome, Failure> {
    if let Some(reader) = &args.reader {
        check_reader(reader).map_err(Failure::Usage)?;
    }
    review(args).map_err(|error| Failure::Run(in_one_line(&error)))?;
    Ok(Outcome::Done)
}

fn review(args: &Review) -> Result<()> {
    check_there(&args.inputs)?;
    let folder = match &args.out {
        Some(out) => out.clone(),
        None => default_folder(&args.inputs[0]),
    };
    std::fs::create_dir_all(&folder).context(
        "making the review's folder beside the data; give one that can be written with --out",
    )?;
    let store = Store::open(&folder)?;
    let room = Room::open(&args.inputs, &folder, &store)?;
    for why in &room.left_out {
        complain(&format!("left out: {why}"));
    }
    let listening = listen(args.port, store.last_port()?)?;
    let scans = room.scans.len();
    let app = Arc::new(App::new(AppConfig {
        folder,
        room,
        store,
        methods: methods(&args.model),
        reader: args.reader.clone(),
        paper: args.paper.paper(),
        port: listening.port,
    })?);
    let plural = if scans == 1 { "" } else { "s" };
    say(&format!(
        "{scans} scan{plural} open at {} (Ctrl+C ends; every decision is saved at once)",
        app.address()
    ));
    if !args.no_browser && open::that_detached(app.address()).is_err() {
        complain("no browser could be opened; open the address above in one");
    }
    std::thread::spawn({
        let app = app.clone();
        move || app.read_ahead()
    });
    serve(app, listening)?;
    Ok(())
}

/// The program's own model, the rules, and the model files that were given.
fn methods(models: &[PathBuf]) -> Vec<RunMethod> {
    let mut methods = vec![
        RunMethod::new(
            "default",
            "siderin's own model",
            "networks that find regions and judge candidates",
            Box::new(|| open(None)),
        ),
        RunMethod::new(
            "rules",
            "rules",
            "dark round spots, without learning: the baseline",
            Box::new(|| Ok(Finder::Rules(RulesConfig::default()))),
        ),
    ];
    methods.extend(models.iter().enumerate().map(|(n, path)| {
        let file = path.clone();
        RunMethod::new(
            format!("model-{}", n + 1),
            stem(path),
            "a model that was given",
            Box::new(move || open(Some(&file))),
        )
    }));
    methods
}

fn open(model: Option<&Path>) -> Result<Finder, String> {
    let files = ModelFiles {
        model: model.map(Path::to_path_buf),
        regions: None,
    };
    open_finder(&files, &Running::default()).map_err(|error| in_one_line(&error))
}
