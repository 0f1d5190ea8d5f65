//! What the network of structures minimises, and its gradient in closed form.
//!
//! The logits of a head are some 20 million numbers; by burn's operations their softmax and its gradient would take as
//! long as the network.

use rayon::prelude::*;
use siderin_core::regions::{Side, Structure};
use siderin_net::architectures::{
    COORDINATE_UNIT_MM, COORDINATES, CUBE, STRUCTURE_CLASSES, STRUCTURE_LOGITS,
};

/// Background counts as much as all that is no background, however much of it there is.
const BACKGROUND_SHARE: f64 = 1.0;
const DICE_WEIGHT: f64 = 1.0;
/// Sides are easy, and learnt by the way.
const SIDE_WEIGHT: f64 = 0.25;
const COORDINATE_WEIGHT: f64 = 2.0;
/// Voxels that keep Dice's loss of what hardly any voxel is from jumping.
const DICE_SMOOTH: f64 = 10.0;

/// What is true of one head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StructureTruth {
    /// [`Structure::code`] of each voxel, the last of `[2 d, 2 h, 2 w]` fastest.
    pub(super) codes: Vec<u8>,
    /// Place in MNI mm of the middle of each cube of `[d, h, w]`.
    pub(super) mni: Vec<[f32; 3]>,
    /// d, h, w.
    pub(super) cubes: [usize; 3],
}

/// The loss of the logits `[STRUCTURE_LOGITS, d, h, w]` of [`siderin_net::architectures::StructureUnet`], and its gradient by each
/// of them. The sum of: cross-entropy of the classes, the mean over what is no background plus that over background;
/// Dice's loss, the mean over the classes that are there; cross-entropy of the side, over what has one; the mean
/// distance of the coordinates in units of 100 mm along each axis, over cubes that are not all background.
pub(super) fn structure_loss(logits: &[f32], truth: &StructureTruth) -> (f64, Vec<f32>) {
    let cubes: usize = truth.cubes.iter().product();
    assert_eq!(
        logits.len(),
        STRUCTURE_LOGITS * cubes,
        "logits of every cube"
    );
    let by_place = classes_by_place(truth);
    let mut gradient = vec![0f32; logits.len()];
    let mut places = planes_by_place(&mut gradient, cubes);
    let coordinates = places.pop().expect("coordinates come last");

    // Probabilities into the gradient's planes, and the sums that Dice's loss needs.
    let sums = places
        .par_iter_mut()
        .enumerate()
        .map(|(place, planes)| softmax(logits, cubes, place, &by_place[place], planes))
        .reduce(Sums::default, Sums::joined);
    let weights = Weights::of(&sums);
    let sides: f64 = places
        .par_iter_mut()
        .enumerate()
        .map(|(place, planes)| {
            weights.to_gradient(&by_place[place], &mut planes[..STRUCTURE_CLASSES]);
            side_loss(logits, cubes, place, &by_place[place], planes, sums.sided)
        })
        .sum();
    let distance = coordinate_loss(
        &logits[(STRUCTURE_LOGITS - COORDINATES) * cubes..],
        truth,
        coordinates,
    );
    (weights.loss(&sums) + sides + distance, gradient)
}

/// Classes of the voxels of each place in a cube, 8 times as many as cubes; the right side has 128 added, no side 64.
fn classes_by_place(truth: &StructureTruth) -> Vec<Vec<u8>> {
    let [d, h, w] = truth.cubes;
    (0..CUBE)
        .map(|place| {
            let (dz, dy, dx) = (place / 4, place / 2 % 2, place % 2);
            let mut classes = Vec::with_capacity(d * h * w);
            for z in 0..d {
                for y in 0..h {
                    let row = ((2 * z + dz) * 2 * h + 2 * y + dy) * 2 * w + dx;
                    classes.extend((0..w).map(|x| marked(truth.codes[row + 2 * x])));
                }
            }
            classes
        })
        .collect()
}

const RIGHT: u8 = 128;
const UNSIDED: u8 = 64;

fn marked(code: u8) -> u8 {
    match Structure::of_code(code) {
        None => UNSIDED,
        Some((structure, None)) => structure as u8 | UNSIDED,
        Some((structure, Some(Side::Left))) => structure as u8,
        Some((structure, Some(Side::Right))) => structure as u8 | RIGHT,
    }
}

fn class_of(marked: u8) -> usize {
    usize::from(marked & !(RIGHT | UNSIDED))
}

/// Planes of the gradient: for each place of a cube those of the classes and of the side, then those of the
/// coordinates.
fn planes_by_place(gradient: &mut [f32], cubes: usize) -> Vec<Vec<&mut [f32]>> {
    let mut places: Vec<Vec<&mut [f32]>> = (0..=CUBE).map(|_| Vec::new()).collect();
    for (number, plane) in gradient.chunks_exact_mut(cubes).enumerate() {
        let place = if number < STRUCTURE_LOGITS - COORDINATES {
            number % CUBE
        } else {
            CUBE
        };
        places[place].push(plane);
    }
    places
}

/// Sums over voxels.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Of each class: how many voxels are it, the probability that they are, and that any are.
    voxels: [f64; STRUCTURE_CLASSES],
    hit: [f64; STRUCTURE_CLASSES],
    found: [f64; STRUCTURE_CLASSES],
    /// Cross-entropy of background and of all else.
    background: f64,
    inside: f64,
    /// Voxels that have a side.
    sided: f64,
}

impl Sums {
    fn joined(mut self, other: Self) -> Self {
        for class in 0..STRUCTURE_CLASSES {
            self.voxels[class] += other.voxels[class];
            self.hit[class] += other.hit[class];
            self.found[class] += other.found[class];
        }
        self.background += other.background;
        self.inside += other.inside;
        self.sided += other.sided;
        self
    }
}

/// Cubes that are worked on at once, so that what is computed of them stays close.
const CHUNK: usize = 256;

fn softmax(
    logits: &[f32],
    cubes: usize,
    place: usize,
    classes: &[u8],
    planes: &mut [&mut [f32]],
) -> Sums {
    let mut sums = Sums::default();
    let mut most = [0f32; CHUNK];
    let mut total = [0f32; CHUNK];
    for start in (0..cubes).step_by(CHUNK) {
        let count = CHUNK.min(cubes - start);
        let logit = |class: usize| &logits[(class * CUBE + place) * cubes + start..][..count];
        let (most, total) = (&mut most[..count], &mut total[..count]);
        most.fill(f32::NEG_INFINITY);
        total.fill(0.0);
        for class in 0..STRUCTURE_CLASSES {
            for (most, z) in most.iter_mut().zip(logit(class)) {
                *most = most.max(*z);
            }
        }
        for class in 0..STRUCTURE_CLASSES {
            let plane = &mut planes[class][start..start + count];
            for (at, (p, z)) in plane.iter_mut().zip(logit(class)).enumerate() {
                *p = (z - most[at]).exp();
                total[at] += *p;
            }
        }
        for class in 0..STRUCTURE_CLASSES {
            let plane = &mut planes[class][start..start + count];
            let mut found = 0f32;
            for (p, total) in plane.iter_mut().zip(total.iter()) {
                *p /= total;
                found += *p;
            }
            sums.found[class] += f64::from(found);
        }
        for at in 0..count {
            let marked = classes[start + at];
            let class = class_of(marked);
            let p = planes[class][start + at];
            sums.voxels[class] += 1.0;
            sums.hit[class] += f64::from(p);
            let entropy = f64::from(total[at].ln() + most[at] - logit(class)[at]);
            if class == 0 {
                sums.background += entropy;
            } else {
                sums.inside += entropy;
            }
            sums.sided += f64::from(u8::from(marked & UNSIDED == 0));
        }
    }
    sums
}

/// What a voxel's probabilities count for.
struct Weights {
    /// Cross-entropy of background and of all else.
    entropy: [f64; 2],
    /// Derivative of Dice's loss by the probability of a voxel's own class, and by that of any.
    own: [f64; STRUCTURE_CLASSES],
    any: [f64; STRUCTURE_CLASSES],
    dice: f64,
}

impl Weights {
    fn of(sums: &Sums) -> Self {
        let inside: f64 = sums.voxels[1..].iter().sum();
        let there: Vec<usize> = (0..STRUCTURE_CLASSES)
            .filter(|class| sums.voxels[*class] > 0.0)
            .collect();
        let share = DICE_WEIGHT / there.len().max(1) as f64;
        let (mut own, mut any, mut dice) =
            ([0.0; STRUCTURE_CLASSES], [0.0; STRUCTURE_CLASSES], 0.0);
        for class in there {
            let both = sums.found[class] + sums.voxels[class] + DICE_SMOOTH;
            let twice = 2.0 * sums.hit[class] + DICE_SMOOTH;
            own[class] = -share * 2.0 / both;
            any[class] = share * twice / (both * both);
            dice += share * (1.0 - twice / both);
        }
        Self {
            entropy: [
                BACKGROUND_SHARE / sums.voxels[0].max(1.0),
                1.0 / inside.max(1.0),
            ],
            own,
            any,
            dice,
        }
    }

    fn loss(&self, sums: &Sums) -> f64 {
        self.entropy[0] * sums.background + self.entropy[1] * sums.inside + self.dice
    }

    /// Probabilities become the derivative by their logits: of cross-entropy weight · (p - truth), of Dice's loss
    /// p · (its derivative by p - the mean of those over all classes).
    fn to_gradient(&self, classes: &[u8], planes: &mut [&mut [f32]]) {
        let any = self.any.map(|v| v as f32);
        let mut mean = [0f32; CHUNK];
        for start in (0..classes.len()).step_by(CHUNK) {
            let chunk = &classes[start..classes.len().min(start + CHUNK)];
            let mean = &mut mean[..chunk.len()];
            mean.fill(0.0);
            for (plane, any) in planes.iter().zip(any) {
                for (mean, p) in mean.iter_mut().zip(&plane[start..]) {
                    *mean += p * any;
                }
            }
            for (at, marked) in chunk.iter().enumerate() {
                let class = class_of(*marked);
                mean[at] += planes[class][start + at] * self.own[class] as f32;
            }
            // The own class goes last, for it takes what the others leave.
            let own: Vec<f32> = chunk
                .iter()
                .enumerate()
                .map(|(at, marked)| {
                    let class = class_of(*marked);
                    let p = planes[class][start + at];
                    let weight = self.entropy[usize::from(class > 0)] as f32;
                    weight * (p - 1.0) + p * (any[class] + self.own[class] as f32 - mean[at])
                })
                .collect();
            for (plane, any) in planes.iter_mut().zip(any) {
                for (at, p) in plane[start..start + chunk.len()].iter_mut().enumerate() {
                    let weight = self.entropy[usize::from(class_of(chunk[at]) > 0)] as f32;
                    *p *= weight + any - mean[at];
                }
            }
            for (at, marked) in chunk.iter().enumerate() {
                planes[class_of(*marked)][start + at] = own[at];
            }
        }
    }
}

/// Cross-entropy of the right side, the mean over voxels that have one.
fn side_loss(
    logits: &[f32],
    cubes: usize,
    place: usize,
    classes: &[u8],
    planes: &mut [&mut [f32]],
    sided: f64,
) -> f64 {
    let logits = &logits[(STRUCTURE_CLASSES * CUBE + place) * cubes..][..cubes];
    let weight = SIDE_WEIGHT / sided.max(1.0);
    let mut loss = 0.0;
    for ((z, marked), gradient) in logits
        .iter()
        .zip(classes)
        .zip(planes[STRUCTURE_CLASSES].iter_mut())
    {
        if marked & UNSIDED != 0 {
            continue;
        }
        let right = f32::from(u8::from(marked & RIGHT != 0));
        // ln(1 + e^z) - right · z, without overflow.
        let entropy = z.max(0.0) + (-z.abs()).exp().ln_1p() - right * z;
        loss += f64::from(entropy);
        *gradient = weight as f32 * (1.0 / (1.0 + (-z).exp()) - right);
    }
    loss * weight
}

/// Distance of the coordinates, by lines far from the truth and a parabola within 2 mm of it.
fn coordinate_loss(logits: &[f32], truth: &StructureTruth, mut planes: Vec<&mut [f32]>) -> f64 {
    const ROUND: f32 = 2.0 / COORDINATE_UNIT_MM;
    let [d, h, w] = truth.cubes;
    let cubes = d * h * w;
    let inside = |cube: usize| {
        let (z, y, x) = (cube / (h * w), cube / w % h, cube % w);
        (0..CUBE).any(|place| {
            let (z, y, x) = (2 * z + place / 4, 2 * y + place / 2 % 2, 2 * x + place % 2);
            truth.codes[(z * 2 * h + y) * 2 * w + x] > 0
        })
    };
    let counted: Vec<usize> = (0..cubes).filter(|cube| inside(*cube)).collect();
    let weight = COORDINATE_WEIGHT / (counted.len() * COORDINATES).max(1) as f64;
    let mut loss = 0.0;
    for (axis, plane) in planes.iter_mut().enumerate() {
        for &cube in &counted {
            let off = logits[axis * cubes + cube] - truth.mni[cube][axis] / COORDINATE_UNIT_MM;
            let (value, slope) = if off.abs() < ROUND {
                (0.5 * off * off / ROUND, off / ROUND)
            } else {
                (off.abs() - 0.5 * ROUND, off.signum())
            };
            loss += f64::from(value);
            plane[cube] = slope * weight as f32;
        }
    }
    loss * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use siderin_image::random::Stream;

    /// One cube by two by one, of any codes, and random logits.
    fn example() -> (Vec<f32>, StructureTruth) {
        let mut stream = Stream::new(5, "logits", 0);
        let cubes = [1, 2, 1];
        let logits = (0..2 * STRUCTURE_LOGITS)
            .map(|_| stream.normal() as f32)
            .collect();
        let codes = vec![0, 0, 1, 4, 24, 2, 0, 14, 25, 35, 15, 3, 0, 5, 5, 26];
        let mni = vec![[12.0, -40.0, 0.5], [-60.0, 3.0, 70.0]];
        (logits, StructureTruth { codes, mni, cubes })
    }

    #[test]
    fn the_gradient_is_what_small_steps_say() {
        let (logits, truth) = example();
        let (_, gradient) = structure_loss(&logits, &truth);
        for at in 0..logits.len() {
            const STEP: f32 = 1e-2;
            let moved = |by: f32| {
                let mut logits = logits.clone();
                logits[at] += by;
                structure_loss(&logits, &truth).0
            };
            let slope = (moved(STEP) - moved(-STEP)) / (2.0 * f64::from(STEP));
            let found = f64::from(gradient[at]);
            assert!((slope - found).abs() < 2e-5, "{at}: {slope} {found}");
        }
    }

    #[test]
    fn each_part_is_a_mean_over_its_own_voxels() {
        let (_, truth) = example();
        // All logits 0: every class has 1/16, each side ½. Four voxels are background, 12 inside: ln 16 each.
        let (loss, _) = structure_loss(&vec![0.0; 2 * STRUCTURE_LOGITS], &truth);
        // Dice of a class of n voxels: hit n/16, found 16/16. Classes there: background 4 voxels, white matter 2 + 1
        // (5, 5, 25), outer fluid, lateral ventricle, other ventricle, brainstem, 1 each, cortex 4 and 24, thalamus
        // 26, cerebellum 15 and 35.
        let dice = |n: f64| 1.0 - (2.0 * n / 16.0 + 10.0) / (1.0 + n + 10.0);
        let dices = [4.0, 3.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 2.0].map(dice);
        let dice = dices.iter().sum::<f64>() / 9.0;
        // Coordinates: |mm| / 100 - .01, but .005 is within 2 mm: ½ · .005² / .02.
        let off = [0.12, 0.4, 0.6, 0.03, 0.7].map(|v| v - 0.01);
        let distance = 2.0 * (off.iter().sum::<f64>() + 0.5 * 0.005 * 0.005 / 0.02) / 6.0;
        let expected = 2.0 * 16f64.ln() + dice + 0.25 * 2f64.ln() + distance;
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
    }
}
