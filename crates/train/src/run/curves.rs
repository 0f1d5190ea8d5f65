//! `curves.svg`: loss and scores along the run.

use super::history::Row;
use siderin_image::plot::{Axis, Plot};

/// The picture: F1, precision and recall of the validation scans, and the loss as a share of its
/// highest.
pub(super) fn picture(history: &[Row]) -> String {
    let last = history.last().map_or(1.0, |row| row.step as f64);
    let x = Axis::round("step", 0.0, last);
    let mut plot = Plot::new(
        "training",
        x,
        Axis::share("score of the validation scans; share of the highest loss"),
    );
    let at = |row: &Row| row.step as f64;
    let line = |value: &dyn Fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
        let points = history
            .iter()
            .filter_map(|row| Some((at(row), value(row)?)));
        points.collect()
    };
    let highest = history.iter().map(|row| row.loss).fold(0.0, f64::max);
    plot.line("faint", &line(&|row| Some(row.loss / highest.max(1e-12))));
    let score = |of: fn(&crate::score::Counts) -> f64| {
        line(&|row| {
            row.judgement
                .as_ref()
                .map(|judgement| of(&judgement.counts))
        })
    };
    plot.line("second", &score(crate::score::Counts::precision));
    plot.line("third", &score(crate::score::Counts::recall));
    let f1 = score(crate::score::Counts::f1);
    plot.line("curve", &f1);
    plot.points(f1.into_iter().map(|point| (point, 3.0)));
    plot.legend(&[
        ("curve", "F1"),
        ("second", "precision"),
        ("third", "recall"),
        ("faint", "loss"),
    ]);
    plot.picture()
}
