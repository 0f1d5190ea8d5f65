//! `siderin simulate scan`.

use super::super::{Failure, Outcome, in_one_line};
use super::heads;
use crate::args::{Lesions, SimulateScan};
use crate::progress::Progress;
use anyhow::{Context, Result};
use siderin_image::folder::{PartialFolder, Replace};
use siderin_image::settings::read_settings;
use siderin_simulate::{
    Protocol, Request, SecondVisit, VisitNames, literature_count, simulate, write_visit,
};
use std::path::Path;
use std::time::Instant;

pub(crate) fn run(args: &SimulateScan) -> Result<Outcome, Failure> {
    let failed = |error: anyhow::Error| Failure::Run(in_one_line(&error));
    let first = protocol(&args.protocol).map_err(failed)?;
    let second = args.protocol2.as_deref().map(protocol).transpose();
    let second = second.map_err(failed)?;
    let progress = Progress::new(1, args.quiet);
    let done = scan(args, &first, second, &progress);
    progress.finish();
    done.map_err(failed)?;
    Ok(Outcome::Done)
}

/// A named protocol, or one from a file.
fn protocol(name: &str) -> Result<Protocol> {
    let path = Path::new(name);
    if path.extension().is_some_and(|e| e == "toml") || path.is_file() {
        let text = read_settings(path).context("reading the protocol's file")?;
        Ok(Protocol::from_toml(&text)?)
    } else {
        Ok(Protocol::named(name)?)
    }
}

fn scan(
    args: &SimulateScan,
    protocol: &Protocol,
    second_protocol: Option<Protocol>,
    progress: &Progress,
) -> Result<()> {
    let start = Instant::now();
    progress.doing("reading the head");
    let (head_name, head) = heads::named(&args.head)?;
    let folder = PartialFolder::claim_at(&args.out, Replace::Never)?;
    let request = Request {
        head_name,
        seed: args.seed,
        protocol: protocol.clone(),
        lesions: match args.lesions {
            Lesions::Count(count) => count,
            Lesions::Literature => literature_count(args.seed),
        },
        pattern: None,
        t1w: args.t1w,
        second_visit: args.visit2.map(|visit| SecondVisit {
            new: visit.new,
            resolved: visit.resolved,
        }),
        second_protocol,
    };
    let mut summary = Vec::new();
    simulate(
        &head,
        &request,
        &|stage| progress.doing(&stage.in_words()),
        |visit| {
            progress.doing("writing");
            let place = if visit.number == 1 {
                folder.path("")
            } else {
                folder.subfolder("visit2")?
            };
            let lesions = &visit.record.lesions;
            let visible = lesions.iter().filter(|lesion| lesion.visible).count();
            summary.push(format!(
                "{} microbleeds, {visible} of them visible",
                lesions.len()
            ));
            Ok::<_, anyhow::Error>(write_visit(&visit, &VisitNames::plain(&place))?)
        },
    )?;
    let target = folder.publish()?;
    progress.done(
        &protocol.name,
        &format!(
            "{}, {:.1} s, {}",
            summary.join("; second visit: "),
            start.elapsed().as_secs_f64(),
            target.display()
        ),
    );
    Ok(())
}
