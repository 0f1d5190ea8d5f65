//! Several readers of one scan.

use super::finding::{Finding, Site};
use super::runs::RunsError;
use super::terms::Verdict;
use serde::Serialize;
use siderin_core::lesion::Lesion;
use siderin_evaluate::statistics::weighted_kappa;

/// What one reader sees of a scan.
#[derive(Debug, Clone, Copy)]
pub struct ReaderView<'a> {
    /// The reader's name.
    pub reader: &'a str,
    /// The program's findings with what this reader says of them, and the reader's own.
    pub findings: &'a [Finding],
}

/// A place that the program proposed or any reader marked.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceRead {
    /// The program's item, or the reader's with the reader's name before it.
    pub id: String,
    /// The first mask of it.
    pub lesion: Lesion,
    /// The item of each reader, in the order of the views.
    pub items: Vec<Option<String>>,
    /// The verdict of each reader; none where a reader marked nothing there.
    pub verdicts: Vec<Option<Verdict>>,
}

/// Centres of two readers' own marks of one lesion lie closer than this, in mm: the distance at which the
/// papers' scorers match (Kwon 2024).
const SAME_PLACE_MM: f64 = 5.0;

/// All places of several readers of a scan: each that the program proposed, then those that readers added. An
/// own mark that shares a voxel with a place, or whose centre is within 5 mm of its centre, is the same place.
///
/// # Errors
/// When a mask is none of this scan.
pub fn places(views: &[ReaderView], site: &Site) -> Result<Vec<PlaceRead>, RunsError> {
    let mut places: Vec<PlaceRead> = Vec::new();
    for (reader, view) in views.iter().enumerate() {
        for finding in view.findings.iter().filter(|f| f.proposed.is_some()) {
            let known = places.iter().position(|place| place.id == finding.item);
            let at = match known {
                Some(at) => at,
                None => {
                    let program = Finding {
                        mark: None,
                        ..finding.clone()
                    };
                    let lesion = program.measured(site)?;
                    places.push(PlaceRead::new(finding.item.clone(), lesion, views.len()));
                    places.len() - 1
                }
            };
            places[at].hold(reader, &finding.item, finding.verdict());
        }
    }
    for (reader, view) in views.iter().enumerate() {
        let own = view.findings.iter().filter(|f| f.proposed.is_none());
        for finding in own.filter(|f| f.verdict() == Verdict::Accepted) {
            for (part, read) in finding.lesions(site)?.into_iter().enumerate() {
                let same = places.iter().position(|place| place.is_at(&read.lesion));
                let at = same.unwrap_or_else(|| {
                    let part = if part == 0 {
                        String::new()
                    } else {
                        format!("-{part}")
                    };
                    let id = format!("{}:{}{part}", view.reader, finding.item);
                    places.push(PlaceRead::new(id, read.lesion, views.len()));
                    places.len() - 1
                });
                places[at].hold(reader, &finding.item, Verdict::Accepted);
            }
        }
    }
    Ok(places)
}

impl PlaceRead {
    fn new(id: String, lesion: Lesion, readers: usize) -> Self {
        Self {
            id,
            lesion,
            items: vec![None; readers],
            verdicts: vec![None; readers],
        }
    }

    fn is_at(&self, other: &Lesion) -> bool {
        let shares = |voxel: &usize| self.lesion.voxels.binary_search(voxel).is_ok();
        self.lesion.center_world.distance_mm(other.center_world) <= SAME_PLACE_MM
            || other.voxels.iter().any(shares)
    }

    /// A reader who rejects what the program drew and draws it anew has accepted the place.
    fn hold(&mut self, reader: usize, item: &str, verdict: Verdict) {
        if self.verdicts[reader].is_none() || verdict == Verdict::Accepted {
            self.items[reader] = Some(item.to_string());
            self.verdicts[reader] = Some(verdict);
        }
    }

    /// Whether all readers say the same: a microbleed, or none (rejected, or never marked).
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        let accepted = |verdict: &Option<Verdict>| *verdict == Some(Verdict::Accepted);
        self.verdicts.iter().all(accepted) || !self.verdicts.iter().any(accepted)
    }
}

/// How well two readers agree on the places of one scan or several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Places looked at.
    pub places: usize,
    /// Microbleeds for both.
    pub both: usize,
    /// For the first alone.
    pub only_a: usize,
    /// For the second alone.
    pub only_b: usize,
    /// For neither.
    pub neither: usize,
    /// Cohen's κ (doi 10.1177/001316446002000104); none where chance explains everything.
    pub kappa: Option<f64>,
    /// Its 95 % interval by Cohen's large-sample formula, cut at -1 and 1.
    pub kappa_interval: Option<[f64; 2]>,
    /// Lesion-wise: of the second's microbleeds, how many are the first's.
    pub precision: Option<f64>,
    /// Of the first's, how many are the second's.
    pub recall: Option<f64>,
    /// Their harmonic mean, the same whoever is first.
    pub f1: Option<f64>,
}

/// Agreement of the readers `a` and `b` (their numbers among the views) over places. A place is a microbleed for a
/// reader who accepted it, and none for one who rejected it or marked nothing there. κ depends on how much
/// the program proposes that both reject; F1 does not.
#[must_use]
pub fn agreement<'a>(
    places: impl IntoIterator<Item = &'a PlaceRead>,
    a: usize,
    b: usize,
) -> Agreement {
    let mut table = [[0usize; 2]; 2];
    for place in places {
        let says = |reader: usize| usize::from(place.verdicts[reader] == Some(Verdict::Accepted));
        table[says(a)][says(b)] += 1;
    }
    let [[neither, only_b], [only_a, both]] = table;
    let places = both + only_a + only_b + neither;
    let kappa = weighted_kappa(&table.map(|row| row.map(|count| count as f64)));
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    let interval = kappa.map(|kappa| {
        let n = places as f64;
        let observed = (both + neither) as f64 / n;
        let (yes_a, yes_b) = ((both + only_a) as f64 / n, (both + only_b) as f64 / n);
        let expected = yes_a * yes_b + (1.0 - yes_a) * (1.0 - yes_b);
        let error = (observed * (1.0 - observed) / (n * (1.0 - expected).powi(2))).sqrt();
        [-1.96, 1.96].map(|z| (kappa + z * error).clamp(-1.0, 1.0))
    });
    Agreement {
        places,
        both,
        only_a,
        only_b,
        neither,
        kappa,
        kappa_interval: interval,
        precision: share(both, both + only_b),
        recall: share(both, both + only_a),
        f1: share(2 * both, 2 * both + only_a + only_b),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Mark;
    use super::super::finding::Proposed;
    use super::super::runs::Runs;
    use super::*;
    use siderin_core::forms::Certainty;
    use siderin_image::volume::Grid;

    fn proposed(n: usize, voxel: usize, verdict: Verdict) -> Finding {
        Finding {
            item: format!("f{n}"),
            proposed: Some(Proposed {
                confidence: 0.5,
                certainty: Certainty::Definite,
                voxels: vec![voxel],
            }),
            mark: Some(Mark::of(verdict)),
        }
    }

    fn own(voxels: &[usize], is_group: bool) -> Finding {
        Finding {
            item: "a1".into(),
            proposed: None,
            mark: Some(Mark {
                mask: Some(Runs::of(voxels)),
                is_group,
                ..Mark::of(Verdict::Accepted)
            }),
        }
    }

    #[test]
    fn places_are_shared_by_voxel_or_closeness() {
        use Verdict::{Accepted, Rejected};
        // Voxels of 1 mm in a row.
        let grid = Grid::axis_aligned([100, 1, 1], [1.0; 3]).unwrap();
        let site = Site {
            grid: &grid,
            regions: None,
        };
        let anna = [
            proposed(1, 10, Accepted),
            proposed(2, 30, Rejected),
            own(&[50, 51], false),
        ];
        // Ben draws the second anew, 3 mm beside it; his group has one close to Anna's and one far away.
        let mut redrawn = own(&[33], false);
        redrawn.item = "a2".into();
        let ben = [
            proposed(1, 10, Rejected),
            proposed(2, 30, Rejected),
            own(&[54, 70], true),
            redrawn,
        ];
        let views = [
            ReaderView {
                reader: "anna",
                findings: &anna,
            },
            ReaderView {
                reader: "ben",
                findings: &ben,
            },
        ];
        let all = places(&views, &site).unwrap();
        let ids: Vec<&str> = all.iter().map(|place| place.id.as_str()).collect();
        assert_eq!(ids, ["f1", "f2", "anna:a1", "ben:a1-1"]);
        let verdicts: Vec<[Option<Verdict>; 2]> = all
            .iter()
            .map(|place| [place.verdicts[0], place.verdicts[1]])
            .collect();
        assert_eq!(verdicts[0], [Some(Accepted), Some(Rejected)]);
        assert_eq!(verdicts[1], [Some(Rejected), Some(Accepted)]);
        assert_eq!(verdicts[2], [Some(Accepted), Some(Accepted)]);
        assert_eq!(verdicts[3], [None, Some(Accepted)]);
        assert_eq!(all[1].items[1].as_deref(), Some("a2"));
        let agreed: Vec<bool> = all.iter().map(PlaceRead::is_agreed).collect();
        assert_eq!(agreed, [false, false, true, false]);
    }

    #[test]
    fn kappa_and_f1_by_hand() {
        // Cohen's own kind of table: 20 both, 5 and 10 alone, 15 neither.
        let grid = Grid::axis_aligned([1, 1, 1], [1.0; 3]).unwrap();
        let place = |a: Verdict, b: Verdict| PlaceRead {
            id: String::new(),
            lesion: Lesion::of_voxels(&grid, vec![0], 1.0),
            items: vec![None, None],
            verdicts: vec![Some(a), Some(b)],
        };
        use Verdict::{Accepted as Yes, Rejected as No};
        let mut all = Vec::new();
        for (count, a, b) in [(20, Yes, Yes), (5, Yes, No), (10, No, Yes), (15, No, No)] {
            all.extend(std::iter::repeat_n(place(a, b), count));
        }
        let found = agreement(&all, 0, 1);
        assert_eq!(
            [found.both, found.only_a, found.only_b, found.neither],
            [20, 5, 10, 15]
        );
        // Observed .7; expected .5 · .6 + .5 · .4 = .5; κ = .2 / .5 = .4.
        assert!((found.kappa.unwrap() - 0.4).abs() < 1e-12);
        // √(.7 · .3 / (50 · .25)) = .1296.
        let [low, high] = found.kappa_interval.unwrap();
        assert!((low - (0.4 - 1.96 * 0.129_614_8)).abs() < 1e-6, "{low}");
        assert!((high - (0.4 + 1.96 * 0.129_614_8)).abs() < 1e-6, "{high}");
        // 2 · 20 / (40 + 15).
        assert!((found.f1.unwrap() - 40.0 / 55.0).abs() < 1e-12);
        assert_eq!(found.precision, Some(20.0 / 30.0));
        assert_eq!(found.recall, Some(0.8));
        let other = agreement(&all, 1, 0);
        assert_eq!((other.f1, other.kappa), (found.f1, found.kappa));
        assert_eq!(agreement(&[], 0, 1).kappa, None);
    }
}
