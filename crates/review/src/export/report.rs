//! A reading as its report shows it.

use super::Exported;
use crate::annotate::{ImageQuality, Verdict};
use crate::reading::ReadingError;
use siderin_image::scan::suitability;
use siderin_report::{Landmarked, ReadingReport, Rejected, ReportedLesion};

/// The report of a reading.
///
/// # Errors
/// When a mask that was kept cannot be read.
pub fn report_of<'a>(exported: &Exported<'a>) -> Result<ReadingReport<'a>, ReadingError> {
    let scan = &exported.loaded.scan;
    let grid = scan.magnitude.grid();
    let site = exported.proposals.site(grid);
    let reading = exported.reading;
    let lesions = reading
        .lesions(&site)?
        .into_iter()
        .map(|read| {
            let finding = reading.finding(&read.item);
            let mark = finding.and_then(|finding| finding.mark.as_ref());
            ReportedLesion {
                confidence: finding
                    .and_then(|finding| finding.proposed.as_ref())
                    .map(|proposed| proposed.confidence),
                cause: mark
                    .and_then(|mark| mark.cause)
                    .map(|cause| cause.in_words()),
                note: mark.map_or(String::new(), |mark| mark.note.clone()),
                item: read.item,
                lesion: read.lesion,
                counted: read.counted,
            }
        })
        .collect();
    let mut rejected = Vec::new();
    for finding in &reading.findings {
        if finding.verdict() == Verdict::Rejected {
            let mark = finding.mark.as_ref();
            rejected.push(Rejected {
                item: finding.item.clone(),
                center_world: finding.measured(&site)?.center_world.to_array(),
                confidence: finding.proposed.as_ref().map(|p| p.confidence),
                mimic: mark
                    .and_then(|mark| mark.mimic)
                    .map(|mimic| mimic.in_words()),
                note: mark.map_or(String::new(), |mark| mark.note.clone()),
            });
        }
    }
    Ok(ReadingReport {
        scan,
        suitability: suitability(grid, &scan.acquisition),
        reader: exported.reader.clone(),
        is_finished: reading.is_finished,
        open: reading.tally().open,
        method: exported.proposals.run.as_ref().map(|run| {
            let about = &run.about;
            format!(
                "{} {}, threshold {:.2}",
                about.name, about.version, about.threshold
            )
        }),
        brain: exported.brain,
        lesions,
        rejected,
        landmarks: reading
            .landmarks
            .iter()
            .map(|(_, landmark)| Landmarked {
                what: landmark.what.in_words(),
                world: landmark.world,
                note: landmark.note.clone(),
            })
            .collect(),
        quality: reading.quality.as_ref().map(quality_in_words),
    })
}

/// Such as "usable: motion, noise (the patient coughed)".
fn quality_in_words(quality: &ImageQuality) -> String {
    let rating = quality
        .rating
        .map_or("not rated", |rating| rating.in_words());
    let artefacts: Vec<&str> = quality.artefacts.iter().map(|a| a.in_words()).collect();
    let mut words = rating.to_string();
    if !artefacts.is_empty() {
        words += &format!("; {}", artefacts.join(", "));
    }
    if !quality.note.is_empty() {
        words += &format!(" ({})", quality.note);
    }
    words
}
