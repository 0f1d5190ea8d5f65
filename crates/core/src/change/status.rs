//! What became of each lesion.

use super::pairing::{PairingError, REACH_MM, pair};
use super::sight::{Evidence, Seen, Sight};
use super::size::trend;
use crate::lesion::Lesion;
use nalgebra::Isometry3;
use serde::Serialize;
use siderin_image::volume::WorldPoint;

/// What became of a lesion between two visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Found at the second visit, or faint there and clearly dark; the first one shows its place, and nothing
    /// there.
    New,
    /// Found at the first visit; the second one shows its place, and nothing there.
    Gone,
    /// Found at both, larger at the second.
    Grown,
    /// Found at both, smaller at the second.
    Shrunk,
    /// Found at both, or found at one and seen at the other.
    Stable,
    /// The other visit's scan does not show its place.
    Outside,
}

impl Status {
    /// All, in the order of tables.
    pub const ALL: [Self; 6] = [
        Self::New,
        Self::Gone,
        Self::Grown,
        Self::Shrunk,
        Self::Stable,
        Self::Outside,
    ];

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::Stable => "stable",
            Self::Outside => "outside",
        }
    }
}

/// How visits are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeConfig {
    /// Confidence from which a candidate below the threshold counts as seen.
    pub seen_from: f32,
    /// Signal loss from which something counts as seen where no candidate is ([`Evidence::loss`]) …
    pub seen_loss: f32,
    /// … if it is this share of the loss at the visit of the finding: what is much fainter is the edge of
    /// something else.
    pub seen_share: f32,
    /// Signal loss from which a faint finding that the first visit lacks is new: mimics do not come and go.
    pub clear_loss: f32,
    /// Whether diameters can be compared: both scans were made alike.
    pub sizes: bool,
}

/// A lesion at one of two visits or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// 1, 2, … in the order of [`Status::ALL`], then by confidence.
    pub id: u16,
    /// What became of it.
    pub status: Status,
    /// The first visit.
    pub baseline: Seen,
    /// The second visit.
    pub followup: Seen,
}

/// Two visits that are compared.
#[derive(Debug, Clone)]
pub struct Compared<'a> {
    /// The first visit.
    pub baseline: Sight<'a>,
    /// The second visit.
    pub followup: Sight<'a>,
    /// From the first visit's world to the second's, mm.
    pub followup_from_baseline: Isometry3<f64>,
}

/// What became of each lesion of both visits.
///
/// # Errors
/// When there are more findings than can be paired.
pub fn changes(visits: &Compared, config: &ChangeConfig) -> Result<Vec<Change>, PairingError> {
    let (baseline, followup) = (&visits.baseline, &visits.followup);
    let there = |at: WorldPoint| WorldPoint(visits.followup_from_baseline * at.0);
    let back = |at: WorldPoint| WorldPoint(visits.followup_from_baseline.inverse() * at.0);
    let moved: Vec<WorldPoint> = baseline
        .lesions
        .iter()
        .map(|lesion| there(lesion.center_world))
        .collect();
    let later: Vec<WorldPoint> = followup.lesions.iter().map(|l| l.center_world).collect();
    let pairs = pair(&moved, &later)?;

    let mut found: Vec<(f32, Change)> = Vec::new();
    let mut tell = |confidence: f32, status: Status, baseline: Seen, followup: Seen| {
        let change = Change {
            id: 0,
            status,
            baseline,
            followup,
        };
        found.push((confidence, change));
    };
    for &(b, f) in &pairs {
        let (before, after) = (&baseline.lesions[b], &followup.lesions[f]);
        let trend = trend(before.diameter_mm, after.diameter_mm);
        let status = match trend * i8::from(config.sizes) {
            1 => Status::Grown,
            -1 => Status::Shrunk,
            _ => Status::Stable,
        };
        let confidence = before.confidence.max(after.confidence);
        tell(confidence, status, seen(before), seen(after));
    }
    // Looked for again at the other visit.
    let alone = |sight: &Sight, place: WorldPoint, own_loss: Option<f32>, gone_or_new: Status| {
        let evidence = sight.at(place);
        let status = match evidence {
            None => Status::Outside,
            Some(evidence) if config.sees(evidence, own_loss) => Status::Stable,
            Some(_) => gone_or_new,
        };
        let other = Seen {
            place,
            lesion: None,
            evidence,
        };
        (status, other)
    };
    for (b, lesion) in baseline.lesions.iter().enumerate() {
        if pairs.iter().all(|pair| pair.0 != b) {
            let own_loss = baseline.loss_at(lesion.center_world);
            let (status, other) = alone(followup, moved[b], own_loss, Status::Gone);
            tell(lesion.confidence, status, seen(lesion), other);
        }
    }
    for (f, lesion) in followup.lesions.iter().enumerate() {
        if pairs.iter().all(|pair| pair.1 != f) {
            let own_loss = followup.loss_at(lesion.center_world);
            let place = back(lesion.center_world);
            let (status, other) = alone(baseline, place, own_loss, Status::New);
            tell(lesion.confidence, status, other, seen(lesion));
        }
    }
    for lesion in followup.faint {
        let place = lesion.center_world;
        let known = later.iter().chain(&moved);
        if known
            .into_iter()
            .any(|other| other.distance_mm(place) < REACH_MM)
        {
            continue;
        }
        let own_loss = followup.loss_at(place);
        let (status, other) = alone(baseline, back(place), own_loss, Status::New);
        if status == Status::New && own_loss.is_some_and(|loss| loss >= config.clear_loss) {
            tell(lesion.confidence, status, other, seen(lesion));
        }
    }
    found.sort_by(|(a, one), (b, other)| one.status.cmp(&other.status).then(b.total_cmp(a)));
    let numbered = found.into_iter().zip(1u16..);
    Ok(numbered
        .map(|((_, change), id)| Change { id, ..change })
        .collect())
}

impl ChangeConfig {
    /// Whether what a scan shows at a place counts as the lesion that has `own_loss` at the other visit.
    fn sees(&self, evidence: Evidence, own_loss: Option<f32>) -> bool {
        let least = self
            .seen_loss
            .max(self.seen_share * own_loss.unwrap_or(0.0));
        evidence.confidence.is_some_and(|c| c >= self.seen_from)
            || evidence.loss.is_some_and(|loss| loss >= least)
    }
}

fn seen(lesion: &Lesion) -> Seen {
    Seen {
        place: lesion.center_world,
        lesion: Some(lesion.id),
        evidence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesion::{NoRegion, SizeClass};
    use siderin_image::volume::{Grid, Volume, VoxelPoint};

    fn lesion(id: u16, x: f64, diameter_mm: f64, confidence: f32) -> Lesion {
        Lesion {
            id,
            center_world: WorldPoint::new(x, 20.0, 10.0),
            center_voxel: VoxelPoint::new(x, 20.0, 5.0),
            volume_mm3: 1.0,
            diameter_mm,
            confidence,
            size_class: SizeClass::of(diameter_mm),
            place: Err(NoRegion::NoMap),
            voxels: Vec::new(),
        }
    }

    #[test]
    fn each_lesion_gets_its_status() {
        let grid = Grid::axis_aligned([100, 40, 10], [1.0, 1.0, 2.0]).unwrap();
        let mut scan = Volume::filled(&grid, 100.0f32);
        // One scan stands for both visits.
        scan.set([65, 20, 5], 10.0);
        scan.set([55, 20, 5], 70.0);
        scan.set([25, 20, 5], 60.0);
        scan.set([15, 20, 5], 60.0);
        let faint = [65.0, 25.0, 42.0].map(|x| lesion(6, x, 2.0, 0.2));
        let brain = Volume::filled(&grid, true);
        // The second visit lies 10 mm farther along x.
        let first = [
            lesion(1, 20.0, 3.0, 0.9),
            lesion(2, 40.0, 3.0, 0.8),
            lesion(3, 60.0, 3.0, 0.7),
            lesion(4, 95.0, 3.0, 0.6),
        ];
        let second = [
            lesion(1, 31.0, 5.0, 0.95),
            lesion(2, 50.0, 3.2, 0.8),
            lesion(3, 85.0, 3.0, 0.7),
            lesion(4, 99.0, 3.0, 0.65),
            lesion(5, 5.0, 3.0, 0.6),
        ];
        let at = |x: f64| WorldPoint::new(x, 20.0, 10.0);
        let sight = |lesions, faint, candidates| Sight {
            scan: &scan,
            brain: &brain,
            lesions,
            faint,
            candidates,
        };
        let visits = Compared {
            baseline: sight(&first, &[], vec![(at(75.0), 0.05), (at(88.0), 0.3)]),
            followup: sight(&second, &faint, vec![(at(70.0), 0.09)]),
            followup_from_baseline: Isometry3::translation(10.0, 0.0, 0.0),
        };
        let config = ChangeConfig {
            seen_from: 0.1,
            seen_loss: 0.2,
            seen_share: 0.4,
            clear_loss: 0.35,
            sizes: true,
        };
        let told = |config| -> Vec<(Status, Option<u16>, Option<u16>)> {
            changes(&visits, &config)
                .unwrap()
                .iter()
                .map(|c| (c.status, c.baseline.lesion, c.followup.lesion))
                .collect()
        };
        let expected = [
            // 85 is 75 at the first visit, where a candidate has .05.
            (Status::New, None, Some(3)),
            // Faint at 65, and 90 % darker than its surroundings; 55 was 30 % darker, less than .4 · 90 %. At
            // 25 it is 40 % darker and was at 15 before, and at 42 nothing is dark.
            (Status::New, None, Some(6)),
            // 60 is 70 at the second, with .09.
            (Status::Gone, Some(3), None),
            // 3 to 5 mm.
            (Status::Grown, Some(1), Some(1)),
            (Status::Stable, Some(2), Some(2)),
            // 99 is 89, where .3 was seen.
            (Status::Stable, None, Some(4)),
            // 95 is 105, and 5 is -5: beyond the voxels.
            (Status::Outside, Some(4), None),
            (Status::Outside, None, Some(5)),
        ];
        assert_eq!(told(config), expected);
        let config = ChangeConfig {
            sizes: false,
            ..config
        };
        assert_eq!(told(config)[3], (Status::Stable, Some(1), Some(1)));
        let all = changes(&visits, &config).unwrap();
        assert!(all.iter().map(|change| change.id).eq(1..=8));
        assert_eq!(all[0].baseline.place, at(75.0));
        assert_eq!(all[0].baseline.evidence.unwrap().confidence, Some(0.05));
    }
}
