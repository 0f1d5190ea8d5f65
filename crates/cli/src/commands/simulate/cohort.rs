//! `siderin simulate cohort`.

use super::super::{Failure, Outcome, in_one_line};
use super::heads::{self, BUILTIN};
use crate::args::SimulateCohort;
use crate::progress::Progress;
use anyhow::{Context, Result, anyhow};
use siderin_image::settings::read_settings;
use siderin_simulate::cohort::{CohortItem, CohortSpec, is_done, make_item, open_cohort};
use siderin_simulate::head::Head;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(crate) fn run(args: &SimulateCohort) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let (spec, items) = read(args).map_err(failed)?;
    let files = head_files(args, &spec).map_err(failed)?;
    open_cohort(&args.out, &spec, &items).map_err(|error| failed(error.into()))?;
    let left: Vec<&CohortItem> = items.iter().filter(|i| !is_done(&args.out, i)).collect();
    let progress = Progress::new(left.len(), args.quiet);
    if left.len() < items.len() {
        let done = items.len() - left.len();
        progress.note(&format!(
            "{done} of {} scans are there already",
            items.len()
        ));
    }
    let some_failed = AtomicBool::new(false);
    let queue = Mutex::new(left.iter());
    let next = || {
        queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .next()
    };
    std::thread::scope(|scope| {
        for _ in 0..usize::from(args.jobs).min(left.len()) {
            scope.spawn(|| {
                let mut last: Option<(String, Head)> = None;
                while let Some(item) = next() {
                    if let Err(error) = one(args, item, &files, &mut last, &progress) {
                        some_failed.store(true, Ordering::Relaxed);
                        progress.failed(&item.subject, &in_one_line(&error));
                    }
                }
            });
        }
    });
    progress.finish();
    Ok(if some_failed.into_inner() {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    })
}

fn read(args: &SimulateCohort) -> Result<(CohortSpec, Vec<CohortItem>)> {
    let text = read_settings(&args.cohort).context("reading the cohort file")?;
    let mut spec = CohortSpec::from_toml(&text)?;
    spec.seed = args.seed.unwrap_or(spec.seed);
    let items = spec.items(usize::from(args.rounds))?;
    Ok((spec, items))
}

/// The file of each head; all must be there before anything is begun.
fn head_files(args: &SimulateCohort, spec: &CohortSpec) -> Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    for name in spec.heads.iter().filter(|name| *name != BUILTIN) {
        let folder = args.heads.as_ref().ok_or_else(|| {
            anyhow!("the cohort names the head {name}; say with --heads in which folder it is")
        })?;
        let file = ["nii.gz", "nii"]
            .iter()
            .map(|ending| folder.join(format!("{name}.{ending}")))
            .find(|file| file.is_file())
            .ok_or_else(|| anyhow!("{name}.nii.gz is not in the folder given with --heads"))?;
        files.insert(name.clone(), file);
    }
    Ok(files)
}

/// One scan; a panic in it costs this scan only.
fn one(
    args: &SimulateCohort,
    item: &CohortItem,
    files: &BTreeMap<String, PathBuf>,
    last: &mut Option<(String, Head)>,
    progress: &Progress,
) -> Result<()> {
    let start = Instant::now();
    let name = item.head_name();
    if last.as_ref().is_none_or(|(there, _)| there != name) {
        let head = match files.get(name) {
            Some(file) => heads::from_file(file)?,
            None => heads::named(name)?.1,
        };
        *last = Some((name.to_string(), head));
    }
    let Some((_, head)) = last.as_ref() else {
        return Ok(());
    };
    let work = std::panic::AssertUnwindSafe(|| {
        make_item(&args.out, item, head, &|stage| {
            progress.doing(&format!("{}: {}", item.subject, stage.in_words()));
        })
    });
    std::panic::catch_unwind(work)
        .unwrap_or_else(|_| Err(panicked()))
        .map_err(anyhow::Error::from)?;
    progress.done(
        &item.subject,
        &format!(
            "{}, {}, {} microbleeds, {:.1} s",
            name,
            item.protocol_name(),
            item.lesions(),
            start.elapsed().as_secs_f64()
        ),
    );
    Ok(())
}

fn panicked() -> siderin_simulate::cohort::ItemError {
    std::io::Error::other("the program made a mistake on this scan; please report it").into()
}
