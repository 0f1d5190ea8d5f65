//! What is drawn of a head in any contrast, as values.

use crate::head::{HeadShape, Tissue, TissueDraw};
use crate::physics::decay::spoiled_echo;
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;
use std::collections::BTreeMap;

/// How one is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastDraw {
    /// Size and form of the head.
    pub shape: HeadShape,
    /// Tissue values.
    pub tissue: TissueDraw,
    /// How bright what is.
    pub signal: Signal,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
    /// Turns about the head's x, y and z axes in degrees, in this order, about the brain's middle.
    pub rotation_deg: [f64; 3],
    /// Size of the voxels that are scanned, before they are laid onto the grid.
    pub voxel_mm: [f64; 3],
    /// How far short of the brain's two ends the field of view ends along each axis in mm; below 0
    /// is room beyond them.
    pub cut_mm: [[f64; 2]; 3],
    /// Whether everything but the brain and its fluid is blank.
    pub stripped: bool,
    /// Standard deviation of the coefficients of the shading's logarithm.
    pub shading: f64,
    /// Standard deviation of the noise, as a share of the mean of what is not blank.
    pub noise: f64,
    /// Seed of shading and noise.
    pub seed: u64,
}

/// How bright what is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Signal {
    /// `density · |1 - 2e^(-TI/T1) + e^(-TR/T1)| · e^(-TE R2)`: T1w where TI is short, FLAIR where it
    /// nulls fluid.
    Inversion {
        /// Inversion time.
        ti_ms: f64,
        /// Repetition time.
        tr_ms: f64,
        /// Echo time.
        te_ms: f64,
        /// R2 as a share of R2*.
        r2_share: f64,
    },
    /// A spoiled echo: T2*w at a long TE; T2w at a long TE, a flip of 90° and less than all of R2*.
    Spoiled {
        /// Flip angle.
        flip_angle_deg: f64,
        /// Repetition time.
        tr_ms: f64,
        /// Echo time.
        te_ms: f64,
        /// R2 as a share of R2*.
        r2_share: f64,
    },
    /// A brightness of its own for each tissue, from 0 to 1.
    Painted(BTreeMap<String, f64>),
}

impl ContrastDraw {
    /// Draws one: six in ten of a T1w, FLAIR, T2w or gradient-echo sequence, the others painted; turned
    /// by up to 15°; voxels of 1 to 2.5 mm with slices of up to 7 mm, most of them axial; one in four
    /// without anything but the brain; one in six at each end of the stack with a part of the brain
    /// left out.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let stream = &mut Stream::new(seed, "any-contrast", 0);
        let shape = HeadShape::draw(stream);
        let tissue = TissueDraw::draw(stream);
        let signal = Signal::draw(stream);
        let plane = stream.uniform(1.0, 2.5);
        let mut voxel_mm = [plane; 3];
        let thick = if stream.chance(0.7) {
            2
        } else {
            stream.index(2)
        };
        voxel_mm[thick] = log_uniform(stream, [1.0, 7.0]);
        let room = |stream: &mut Stream, most: f64| -stream.uniform(2.0, most);
        let end = |stream: &mut Stream, most: f64, cut: f64| {
            if stream.chance(1.0 / 6.0) {
                stream.uniform(0.0, cut)
            } else {
                room(stream, most)
            }
        };
        Self {
            shape,
            tissue,
            signal,
            mirrored: stream.chance(0.5),
            rotation_deg: std::array::from_fn(|_| stream.uniform(-15.0, 15.0)),
            voxel_mm,
            cut_mm: [
                [room(stream, 30.0), room(stream, 30.0)],
                [room(stream, 35.0), room(stream, 45.0)],
                [end(stream, 60.0, 40.0), end(stream, 30.0, 30.0)],
            ],
            stripped: stream.chance(0.25),
            shading: stream.uniform(0.0, 0.3),
            noise: log_uniform(stream, [0.005, 0.12]),
            seed: stream.seed(),
        }
    }
}

impl Signal {
    /// No T2*-weighted one: T1w, FLAIR, T2w or painted.
    pub(crate) fn other(stream: &mut Stream) -> Self {
        let kind = [0, 1, 2, 3, 6, 7, 8][stream.index(7)];
        Self::drawn(stream, kind)
    }

    fn draw(stream: &mut Stream) -> Self {
        let kind = stream.index(10);
        Self::drawn(stream, kind)
    }

    fn drawn(stream: &mut Stream, kind: usize) -> Self {
        match kind {
            0 | 1 => Self::Inversion {
                ti_ms: stream.uniform(600.0, 1300.0),
                tr_ms: stream.uniform(1900.0, 2800.0),
                te_ms: stream.uniform(2.0, 6.0),
                r2_share: 1.0,
            },
            2 => Self::Inversion {
                ti_ms: stream.uniform(1800.0, 2600.0),
                tr_ms: stream.uniform(6000.0, 11000.0),
                te_ms: stream.uniform(80.0, 140.0),
                r2_share: stream.uniform(0.35, 0.65),
            },
            3 => Self::Spoiled {
                flip_angle_deg: 90.0,
                tr_ms: stream.uniform(2500.0, 8000.0),
                te_ms: stream.uniform(60.0, 120.0),
                r2_share: stream.uniform(0.35, 0.65),
            },
            4 | 5 => Self::Spoiled {
                flip_angle_deg: stream.uniform(8.0, 70.0),
                tr_ms: log_uniform(stream, [20.0, 1500.0]),
                te_ms: stream.uniform(3.0, 50.0),
                r2_share: 1.0,
            },
            _ => Self::Painted(
                Tissue::ALL
                    .iter()
                    .map(|tissue| {
                        let level = if *tissue == Tissue::Air {
                            0.0
                        } else {
                            stream.uniform(0.03, 1.0)
                        };
                        (format!("{tissue:?}"), level)
                    })
                    .collect(),
            ),
        }
    }

    /// What the density of a tissue is multiplied by first: painted ones keep the texture of their
    /// density, whatever it is.
    pub(crate) fn factor(&self, tissue: Tissue) -> f64 {
        let Self::Painted(levels) = self else {
            return 1.0;
        };
        let usual = tissue.constants().proton_density;
        let level = levels.get(&format!("{tissue:?}")).copied();
        level.unwrap_or_default() / usual.max(1e-3)
    }

    /// What a voxel with these properties gives.
    pub(crate) fn of(&self, factor: f64, density: f64, t1_ms: f64, r2star_per_s: f64) -> f64 {
        let left = |te_ms: &f64, r2_share: &f64| (-te_ms * 1e-3 * r2_share * r2star_per_s).exp();
        match self {
            Self::Inversion {
                ti_ms,
                tr_ms,
                te_ms,
                r2_share,
            } => {
                let along = 1.0 - 2.0 * (-ti_ms / t1_ms).exp() + (-tr_ms / t1_ms).exp();
                density * along.abs() * left(te_ms, r2_share)
            }
            Self::Spoiled {
                flip_angle_deg,
                tr_ms,
                te_ms,
                r2_share,
            } => density * spoiled_echo(t1_ms, *tr_ms, *flip_angle_deg) * left(te_ms, r2_share),
            Self::Painted(_) => factor * density,
        }
    }
}

fn log_uniform(stream: &mut Stream, [low, high]: [f64; 2]) -> f64 {
    stream.uniform(low.ln(), high.ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_their_formulas() {
        let inversion = |ti_ms: f64| Signal::Inversion {
            ti_ms,
            tr_ms: 1e9,
            te_ms: 0.0,
            r2_share: 1.0,
        };
        // TI = T1 ln 2 nulls a tissue; 1 - 2/e = .26424 at TI = T1.
        let null = 1000.0 * std::f64::consts::LN_2;
        assert!(inversion(null).of(1.0, 0.8, 1000.0, 20.0) < 1e-12);
        let value = inversion(1000.0).of(1.0, 1.0, 1000.0, 20.0);
        assert!((value - 0.264_24).abs() < 1e-5, "{value}");
        // Half of 20/s over 50 ms: e^-0.5 = .60653; TR long and 90°: all of the density.
        let echo = Signal::Spoiled {
            flip_angle_deg: 90.0,
            tr_ms: 1e9,
            te_ms: 50.0,
            r2_share: 0.5,
        };
        let value = echo.of(1.0, 0.8, 1000.0, 20.0);
        assert!((value - 0.8 * 0.606_53).abs() < 1e-5, "{value}");
        // White matter of 10 % more density than usual (.70) is 10 % brighter than painted.
        let painted = Signal::Painted(BTreeMap::from([("White".into(), 0.4)]));
        let value = painted.of(painted.factor(Tissue::White), 0.77, 1000.0, 20.0);
        assert!((value - 0.44).abs() < 1e-12, "{value}");
        assert_eq!(painted.factor(Tissue::Csf), 0.0);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        assert_eq!(ContrastDraw::draw(3), ContrastDraw::draw(3));
        assert_ne!(ContrastDraw::draw(3), ContrastDraw::draw(4));
        let draws: Vec<ContrastDraw> = (0..200).map(ContrastDraw::draw).collect();
        let painted = |d: &&ContrastDraw| matches!(d.signal, Signal::Painted(_));
        // 40 % of 200: 80, standard deviation 7.
        let count = draws.iter().filter(painted).count();
        assert!((55..105).contains(&count), "{count}");
        for draw in &draws {
            assert!(draw.voxel_mm.iter().all(|mm| (1.0..=7.0).contains(mm)));
        }
    }
}
