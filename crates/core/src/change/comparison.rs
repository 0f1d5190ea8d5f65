//! Two visits compared, from their scans and findings to a grade.

use super::aria_h::{AriaH, Siderosis, Ungraded};
use super::caution::{Caution, cautions};
use super::coverage::{beyond_the_ends, shared};
use super::pairing::PairingError;
use super::sight::Sight;
use super::status::{Change, ChangeConfig, Compared, Status, changes};
use crate::lesion::{Lesion, SizeClass};
use nalgebra::Isometry3;
use serde::Serialize;
use siderin_image::registration::{Quality, RegistrationError, agreement, register_rigid};
use siderin_image::scan::{Note, Scan, Verdict, suitability};
use siderin_image::volume::{Volume, WorldPoint};

/// A visit: its scan and what was found in it.
#[derive(Debug, Clone)]
pub struct Visit<'a> {
    /// The scan.
    pub scan: &'a Scan,
    /// The brain on its grid.
    pub brain: &'a Volume<bool>,
    /// Findings, best first.
    pub lesions: &'a [Lesion],
    /// What would be findings at a lower threshold, numbered on from these.
    pub faint: &'a [Lesion],
    /// The lower threshold, where there is one.
    pub sensitive_from: Option<f32>,
    /// Centres and confidence of everything that was scored.
    pub candidates: Vec<(WorldPoint, f32)>,
    /// Confidence from which a candidate is a finding.
    pub threshold: f32,
    /// What the detection noticed.
    pub warnings: &'a [Note],
}

/// What changed from one visit to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// How the scans lie on each other.
    pub registration: VisitRegistration,
    /// What became of each lesion.
    pub changes: Vec<Change>,
    /// Whether diameters were compared.
    pub sizes: bool,
    /// The grade of what is new.
    pub aria_h: AriaH,
    /// What makes it unsure.
    pub cautions: Vec<Caution>,
}

/// How the scans of two visits lie on each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VisitRegistration {
    /// From the first visit's world to the second's, mm.
    pub followup_from_baseline: Isometry3<f64>,
    /// How good that is.
    pub quality: VisitQuality,
}

/// How well the scans of two visits agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VisitQuality {
    /// See [`agreement`]: of detail inside the brain; the figure by which scans of two persons are refused.
    pub agreement: f64,
    /// Of the whole images.
    #[serde(flatten)]
    pub images: Quality,
    /// The share of the brain that both scans show, the lesser of both visits: of what is seen of it at a visit
    /// and an estimate of what lies beyond the scan's ends.
    pub shared_brain: f64,
}

/// Visits that cannot be compared.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CompareError {
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    #[error(
        "comparing visits: the scans agree by {agreement:.2}, two of one person by {LEAST_AGREEMENT} or more; check \
         that both are of the same person and show the brain"
    )]
    OtherPerson { agreement: f64 },
    #[error(
        "comparing visits: the scans share too little of the brain to be compared; check that both show it"
    )]
    NothingShared,
    #[error(transparent)]
    Pairing(#[from] PairingError),
}

/// Scans that agree less are of two persons, or do not lie on each other. Chosen on the cohort `visits-dev`
/// (results/compare-visits).
pub const LEAST_AGREEMENT: f64 = 0.32;
/// Scans that agree less are said to be unsure.
pub const SURE_AGREEMENT: f64 = 0.4;
/// A grade needs this share of both brains on both scans.
pub const LEAST_SHARED: f64 = 0.95;
/// Share of the threshold from which a candidate at the other visit counts as seen, where a finder knows no
/// sensitive point.
const SEEN_SHARE: f32 = 0.2;
/// Signal loss from which something dark at the other visit counts as seen: noise and the cut of the slices
/// make less. This and the next two were chosen on the cohort `visits-dev` (results/compare-visits).
const SEEN_LOSS: f32 = 0.2;
/// Of the loss at the finding's own visit: less is the edge of something else.
const SEEN_LOSS_SHARE: f32 = 0.4;
/// Signal loss from which a faint finding that the baseline lacks is new.
const CLEAR_LOSS: f32 = 0.35;

/// Lays the first visit's scan onto the second's and tells what changed.
///
/// # Errors
/// When the scans cannot be laid onto each other, or do not look like those of one person.
pub fn compare_visits(
    baseline: &Visit,
    followup: &Visit,
    siderosis: Siderosis,
) -> Result<Comparison, CompareError> {
    let registration = register(baseline, followup)?;
    let mut cautions = cautions(baseline.scan, followup.scan);
    let sizes = cautions.is_empty();
    let visits = Compared {
        baseline: baseline.sight(),
        followup: followup.sight(),
        followup_from_baseline: registration.followup_from_baseline,
    };
    let config = ChangeConfig {
        seen_from: baseline
            .sensitive_from
            .unwrap_or(SEEN_SHARE * baseline.threshold),
        seen_loss: SEEN_LOSS,
        seen_share: SEEN_LOSS_SHARE,
        clear_loss: CLEAR_LOSS,
        sizes,
    };
    let changes = changes(&visits, &config)?;
    let outside = changes.iter().filter(|c| c.status == Status::Outside);
    let outside = outside.count();
    if outside > 0 {
        cautions.push(Caution::Outside { lesions: outside });
    }
    let cut = |visit: &Visit| {
        let mut notes = visit.warnings.iter();
        notes.any(|note| matches!(note, Note::PartialCoverage { .. }))
    };
    if cut(baseline) || cut(followup) {
        cautions.push(Caution::Cut);
    }
    let quality = &registration.quality;
    if quality.agreement < SURE_AGREEMENT {
        cautions.push(Caution::Registration {
            agreement: quality.agreement,
        });
    }
    let shared = quality.shared_brain;
    let unsuitable = [baseline, followup].into_iter().any(|visit| {
        let scan = visit.scan;
        suitability(scan.magnitude.grid(), &scan.acquisition).verdict == Verdict::Unsuitable
    });
    let obstacle = if unsuitable {
        Some(Ungraded::Unsuitable)
    } else {
        (shared < LEAST_SHARED).then_some(Ungraded::PartialCoverage { shared })
    };
    let new = |class: SizeClass| {
        let new = changes.iter().filter(|c| c.status == Status::New);
        let ids = new.filter_map(|change| change.followup.lesion);
        ids.filter(|id| {
            let mut findings = followup.lesions.iter().chain(followup.faint);
            findings.any(|l| l.id == *id && l.size_class == class)
        })
        .count()
    };
    Ok(Comparison {
        aria_h: AriaH::of(
            new(SizeClass::Microbleed),
            new(SizeClass::Macrohaemorrhage),
            siderosis,
            obstacle,
        ),
        registration,
        changes,
        sizes,
        cautions,
    })
}

fn register(baseline: &Visit, followup: &Visit) -> Result<VisitRegistration, CompareError> {
    let (first, second) = (&baseline.scan.magnitude, &followup.scan.magnitude);
    let found = register_rigid(first, second)?;
    let followup_from_baseline = found.fixed_from_moving;
    let agreement = agreement(first, second, followup.brain, &followup_from_baseline)?
        .ok_or(CompareError::NothingShared)?;
    if agreement < LEAST_AGREEMENT {
        return Err(CompareError::OtherPerson { agreement });
    }
    let seen = |visit: &Visit, other: &Volume<f32>, way: &Isometry3<f64>| {
        shared(visit.brain, other, way) * (1.0 - beyond_the_ends(visit.brain))
    };
    let forth = seen(baseline, second, &followup_from_baseline);
    let back = seen(followup, first, &followup_from_baseline.inverse());
    Ok(VisitRegistration {
        followup_from_baseline,
        quality: VisitQuality {
            agreement,
            images: found.quality,
            shared_brain: forth.min(back),
        },
    })
}

impl Visit<'_> {
    fn sight(&self) -> Sight<'_> {
        Sight {
            scan: &self.scan.magnitude,
            brain: self.brain,
            lesions: self.lesions,
            faint: self.faint,
            candidates: self.candidates.clone(),
        }
    }
}
