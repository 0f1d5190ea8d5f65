//! What is drawn of a head and its scan, as values.

use crate::any_contrast::Signal;
use crate::head::{Bend, Tissue, TissueDraw};
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;
use std::collections::BTreeMap;

/// One scan of one head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadDraw {
    /// Size and form.
    pub form: Form,
    /// Brightness of what the map names.
    pub contrast: Contrast,
    /// What the scanner covers and how fine.
    pub field: Field,
    /// What goes wrong in the scanner and what lies in the brain besides its structures.
    pub faults: Faults,
}

/// How a head differs from its label map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Growth per axis (right, front, up).
    pub scale: [f64; 3],
    /// Shear of x by y, x by z, y by z.
    pub shear: [f64; 3],
    /// Smooth random bending.
    pub bend: Bend,
    /// Volume of the lateral ventricles and the third before the head is scaled.
    pub ventricles_ml: f64,
    /// Cortex this close to fluid or skull becomes fluid; it varies smoothly by a third of it.
    pub sulci_mm: f64,
    /// Whether left and right are exchanged.
    pub mirrored: bool,
    /// Seed of what varies within the brain.
    pub seed: u64,
}

/// How bright what is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contrast {
    /// Tissue values.
    pub tissue: TissueDraw,
    /// The sequence.
    pub signal: Signal,
    /// R2* at the scanner's field as a multiple of that at 3 T.
    pub r2star: f64,
    /// Brightness of fluid as a multiple of that of white matter; by the sequence where none is given.
    pub fluid: Option<f64>,
    /// Factors of what lies outside the brain, by tissue.
    pub outside: BTreeMap<String, f64>,
    /// Whether dephasing near air takes signal away.
    pub echo_ms: Option<f64>,
    /// Main field.
    pub field_t: f64,
    /// Exponent of the brightness.
    pub gamma: f64,
}

/// The scanned box and its voxels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Turns about the head's x, y and z axes in degrees, in this order, about the brain's middle.
    pub rotation_deg: [f64; 3],
    /// Distance of the voxels.
    pub voxel_mm: [f64; 3],
    /// Share of that distance along the slices' axis that is excited.
    pub thickness: f64,
    /// Axis across the slices.
    pub slice_axis: usize,
    /// How far short of the brain's two ends the box ends along each axis in mm; below 0 is room beyond.
    pub cut_mm: [[f64; 2]; 3],
}

/// Shading, noise, motion, and things in the brain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Standard deviation of the coefficients of the shading's logarithm.
    pub shading: f64,
    /// Standard deviation of the noise, as a share of the mean of what is not blank.
    pub noise: f64,
    /// Strength of a ghost, its shift as a share of the field, and its axis.
    pub ghost: Option<(f64, f64, usize)>,
    /// Dark spots.
    pub spots: usize,
    /// Dark threads.
    pub threads: usize,
    /// Cavities filled with fluid.
    pub cavities: usize,
    /// What is blank outside the brain.
    pub stripped: Stripped,
    /// Seed of all of these.
    pub seed: u64,
}

/// What a skull-stripped image leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stripped {
    /// All is there.
    No,
    /// Brain and fluid are left.
    Skull,
    /// Brain and ventricles are left.
    OuterFluid,
}

/// Slabs of this thickness at least and at most, in mm.
const SLAB_MM: [f64; 2] = [10.0, 150.0];

impl HeadDraw {
    /// Draws one (SynthSeg's recipe: Billot 2023, doi 10.1016/j.media.2023.102789): half of them T2*-weighted, the
    /// others T1w, T2w, FLAIR or painted; turned by up to 25° from nod to neck; ventricles of 8 to 140 ml; slices of
    /// up to 7 mm, most of them axial; three in ten a slab, one in five without skull.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let stream = &mut Stream::new(seed, "drawn-head", 0);
        let t2star = stream.chance(0.5);
        Self {
            form: Form::draw(stream),
            contrast: Contrast::draw(stream, t2star),
            field: Field::draw(stream),
            faults: Faults::draw(stream, t2star),
        }
    }
}

impl Form {
    fn draw(stream: &mut Stream) -> Self {
        let whole = stream.uniform(0.88, 1.12);
        let spacing_mm = stream.uniform(18.0, 44.0);
        Self {
            scale: std::array::from_fn(|_| whole * stream.uniform(0.92, 1.08)),
            shear: std::array::from_fn(|_| stream.uniform(-0.06, 0.06)),
            bend: Bend {
                spacing_mm,
                // More would fold it.
                sd_mm: stream.uniform(0.5, 3.5_f64.min(spacing_mm / 9.0)),
                seed: stream.seed(),
            },
            ventricles_ml: log_uniform(stream, [8.0, 140.0]),
            sulci_mm: stream.uniform(0.3, 1.8),
            mirrored: stream.chance(0.5),
            seed: stream.seed(),
        }
    }
}

impl Contrast {
    fn draw(stream: &mut Stream, t2star: bool) -> Self {
        let tissue = TissueDraw::draw(stream);
        let field_t: f64 = [1.5, 3.0, 3.0, 7.0][stream.index(4)];
        // Echoes are shorter where fields are strong.
        let echo_ms = stream.uniform(8.0, 50.0) * (3.0 / field_t).min(1.0);
        let signal = if t2star {
            Signal::Spoiled {
                flip_angle_deg: stream.uniform(8.0, 70.0),
                tr_ms: log_uniform(stream, [25.0, 2500.0]),
                te_ms: echo_ms,
                r2_share: 1.0,
            }
        } else {
            Signal::other(stream)
        };
        let outside = Tissue::ALL
            .iter()
            .filter(|tissue| !tissue.is_parenchyma() && !tissue.is_fluid())
            .map(|tissue| (format!("{tissue:?}"), log_uniform(stream, [0.3, 2.5])))
            .collect();
        Self {
            tissue,
            signal,
            r2star: (field_t / 3.0).powf(0.8) * stream.uniform(0.7, 1.3),
            fluid: t2star.then(|| log_uniform(stream, [0.4, 2.2])),
            outside,
            echo_ms: (t2star || stream.chance(0.2)).then_some(echo_ms),
            field_t,
            gamma: if stream.chance(0.3) {
                log_uniform(stream, [0.6, 1.5])
            } else {
                1.0
            },
        }
    }
}

impl Field {
    fn draw(stream: &mut Stream) -> Self {
        let plane = if stream.chance(0.75) {
            stream.uniform(0.9, 1.5)
        } else {
            stream.uniform(1.5, 3.3)
        };
        let slice_axis = if stream.chance(0.75) {
            2
        } else {
            stream.index(2)
        };
        let mut voxel_mm = [plane; 3];
        voxel_mm[slice_axis] = log_uniform(stream, [0.9, 7.0]);
        let room = |stream: &mut Stream, most: f64| -stream.uniform(1.0, most);
        let mut cut_mm = [
            [room(stream, 30.0), room(stream, 30.0)],
            [room(stream, 35.0), room(stream, 45.0)],
            [room(stream, 90.0), room(stream, 30.0)],
        ];
        let whole = match stream.index(10) {
            // A slab across the slices, anywhere.
            0..=2 => false,
            // The vertex or the cerebellum left out.
            3 => {
                let end = stream.index(2);
                cut_mm[2][end] = stream.uniform(0.0, 45.0);
                true
            }
            _ => true,
        };
        if !whole {
            // Extents of a brain along the axis, about; what is left of it is at least 4 mm.
            let length = [140.0, 175.0, 135.0][slice_axis];
            let slab = log_uniform(stream, SLAB_MM);
            let first = stream.uniform(4.0 - slab, length - 4.0);
            cut_mm[slice_axis] = [first, length - first - slab];
        }
        Self {
            rotation_deg: [
                stream.uniform(-25.0, 25.0),
                stream.uniform(-15.0, 15.0),
                stream.uniform(-15.0, 15.0),
            ],
            voxel_mm,
            thickness: if stream.chance(0.15) {
                stream.uniform(0.5, 1.0)
            } else {
                1.0
            },
            slice_axis,
            cut_mm,
        }
    }
}

impl Faults {
    fn draw(stream: &mut Stream, t2star: bool) -> Self {
        let few = |stream: &mut Stream, chance: f64, most: usize| {
            if stream.chance(chance) {
                1 + stream.index(most)
            } else {
                0
            }
        };
        Self {
            shading: stream.uniform(0.0, 0.4),
            noise: log_uniform(stream, [0.005, 0.12]),
            ghost: stream.chance(0.2).then(|| {
                let strength = stream.uniform(0.02, 0.15);
                (strength, stream.uniform(0.05, 0.5), stream.index(2))
            }),
            spots: few(stream, if t2star { 0.7 } else { 0.2 }, 25),
            threads: few(stream, if t2star { 0.7 } else { 0.1 }, 40),
            cavities: few(stream, 0.2, 4),
            stripped: match stream.index(20) {
                0..=1 => Stripped::Skull,
                2..=3 => Stripped::OuterFluid,
                _ => Stripped::No,
            },
            seed: stream.seed(),
        }
    }
}

pub(super) fn log_uniform(stream: &mut Stream, [low, high]: [f64; 2]) -> f64 {
    stream.uniform(low.ln(), high.ln()).exp()
}
