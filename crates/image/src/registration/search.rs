//! From everywhere to the best pose.

use super::information::{Measure, Similarity};
use super::pose::Pose;
use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::neldermead::NelderMead;
use nalgebra::{Point3, Vector3};

/// Turns that are tried, in degrees, and shifts from where the heads' centres meet, in mm. Along
/// the body a T1w image often holds the neck and a T2* one a part of the head, so centres differ.
const TURNS_DEG: [f64; 3] = [-16.0, 0.0, 16.0];
const SHIFTS_MM: [f64; 3] = [-14.0, 0.0, 14.0];
const SHIFTS_ALONG_MM: [f64; 7] = [-54.0, -36.0, -18.0, 0.0, 18.0, 36.0, 54.0];
/// Starts that are refined.
const STARTS: usize = 6;
/// Starts closer to each other than this, in mm, end in the same place.
const APART_MM: f64 = 12.0;
/// Steps of one simplex at most, and the spread at which it has converged.
const STEPS: u64 = 300;
const CONVERGED: f64 = 1e-7;

/// The best of a grid of poses around the meeting centres, and around where the scanner says.
pub(super) fn everywhere(similarity: &Similarity, pivot: Point3<f64>) -> Vec<Pose> {
    let meeting = similarity.moving.head_center - pivot;
    let mut poses = Vec::new();
    for x in TURNS_DEG {
        for y in TURNS_DEG {
            for z in TURNS_DEG {
                let turn = [x, y, z];
                poses.push(Pose::new(pivot, turn, Vector3::zeros()));
                for right in SHIFTS_MM {
                    for front in SHIFTS_MM {
                        for up in SHIFTS_ALONG_MM {
                            let shift = meeting + Vector3::new(right, front, up);
                            poses.push(Pose::new(pivot, turn, shift));
                        }
                    }
                }
            }
        }
    }
    let mut best: Vec<Pose> = Vec::new();
    for pose in sorted(similarity, poses, Measure::Covered) {
        if best.iter().all(|other| distance(other, &pose) > APART_MM) {
            best.push(pose);
        }
        if best.len() == STARTS {
            break;
        }
    }
    best
}

fn distance(a: &Pose, b: &Pose) -> f64 {
    let squares = a
        .numbers
        .iter()
        .zip(&b.numbers)
        .map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// The most similar first; poses that barely overlap are left out.
fn sorted(similarity: &Similarity, poses: Vec<Pose>, measure: Measure) -> Vec<Pose> {
    let mut scored: Vec<(f64, Pose)> = poses
        .into_iter()
        .map(|pose| (similarity.at(&pose, measure), pose))
        .filter(|(value, _)| *value > 0.0)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, pose)| pose).collect()
}

/// Each pose climbed to its top by a simplex of that size (Nelder and Mead 1965, doi
/// 10.1093/comjnl/7.4.308), the best first.
pub(super) fn refined(
    similarity: &Similarity,
    poses: &[Pose],
    size_mm: f64,
    measure: Measure,
) -> Vec<Pose> {
    let climbed = poses.iter().map(|start| {
        let cost = Cost {
            similarity,
            start,
            measure,
        };
        climb(cost, size_mm)
    });
    sorted(similarity, climbed.collect(), measure)
}

struct Cost<'a> {
    similarity: &'a Similarity,
    start: &'a Pose,
    measure: Measure,
}

impl CostFunction for Cost<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, numbers: &Vec<f64>) -> Result<f64, Error> {
        let pose = self.start.with(numbers.clone());
        Ok(-self.similarity.at(&pose, self.measure))
    }
}

/// The top reached; the start where the simplex gives up.
fn climb(cost: Cost, size_mm: f64) -> Pose {
    let start = cost.start;
    let mut corners = vec![start.numbers.clone(); start.numbers.len() + 1];
    for (axis, corner) in corners.iter_mut().skip(1).enumerate() {
        corner[axis] += size_mm;
    }
    let solver = NelderMead::new(corners).with_sd_tolerance(CONVERGED);
    let run = solver.and_then(|solver| {
        Executor::new(cost, solver)
            .configure(|state| state.max_iters(STEPS))
            .run()
    });
    match run {
        Ok(result) => match result.state().get_best_param() {
            Some(best) => start.with(best.clone()),
            None => start.clone(),
        },
        Err(_) => start.clone(),
    }
}
