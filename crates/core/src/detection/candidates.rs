//! Everything that was scored.

use crate::lesion::{Decision, Judged, MapFinding};
use siderin_image::volume::WorldPoint;

/// Everything that was scored, best first.
#[derive(Debug)]
pub enum Candidates {
    /// Dark spots, judged by rules or by a network.
    Spots(Vec<Judged>),
    /// Parts of a network's map.
    Map(Vec<MapFinding>),
}

impl Candidates {
    /// Centre and confidence of each.
    #[must_use]
    pub fn places(&self) -> Vec<(WorldPoint, f32)> {
        match self {
            Self::Spots(judged) => {
                let spots = judged.iter().map(|judged| &judged.spot);
                spots
                    .map(|spot| (spot.candidate.center_world, spot.score))
                    .collect()
            }
            Self::Map(findings) => {
                let places = findings.iter().map(|f| (f.center_world, f.confidence));
                places.collect()
            }
        }
    }

    /// Number of candidates.
    #[must_use]
    pub fn count(&self) -> usize {
        self.decisions().count()
    }

    /// What became of each.
    #[must_use]
    pub fn decisions(&self) -> Box<dyn Iterator<Item = Decision> + '_> {
        match self {
            Self::Spots(judged) => Box::new(judged.iter().map(|j| j.decision)),
            Self::Map(findings) => Box::new(findings.iter().map(|f| f.decision)),
        }
    }
}
