use super::spatial::{Elastic, Spatial};
use crate::setting::{SettingError, require};
use serde::{Deserialize, Serialize};
use siderin_image::random::Stream;

/// How samples are changed. What is not given is not done. Each change has a `chance`; its size is
/// drawn evenly up to what is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Chance of each mirroring: along columns, along rows and, in 3D samples, across slices.
    pub flip: f64,
    /// Turning in the slice's plane, up to so many degrees either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<AugmentChange>,
    /// Turning out of the slice's plane, about both other axes, up to so many degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tilt: Option<AugmentChange>,
    /// Growing or shrinking by a factor of up to 1 + `most` or 1 / (1 + `most`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom: Option<AugmentChange>,
    /// Bending by up to so many mm; knots lie 16 mm apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic: Option<AugmentChange>,
    /// A monotone Bézier curve through the range of intensities (Zhou 2019, arXiv 1908.06912);
    /// `most` is its share, the rest stays as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<AugmentChange>,
    /// Intensities times 1 ± `most`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<AugmentChange>,
    /// Intensities ± `most`, in units of the recipe's scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<AugmentChange>,
    /// Gaussian noise of up to this standard deviation, in units of the recipe's scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<AugmentChange>,
    /// Blurring by a Gaussian of up to so many mm standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur: Option<AugmentChange>,
    /// Shading: a smooth factor of up to e^±`most` at the sample's border.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<AugmentChange>,
    /// Slices that average up to so many mm, where the scan's are thinner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thicker_slices: Option<AugmentChange>,
}

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentChange {
    /// Share of the samples that it is done to.
    pub chance: f64,
    /// Its largest size.
    pub most: f64,
}

/// What is done to one sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AugmentDraw {
    /// Where its voxels come from.
    pub(super) spatial: Spatial,
    /// Slices on either side that are averaged into each.
    pub(super) thickness: usize,
    /// What is done to the intensities of each image.
    pub(super) intensities: Vec<IntensityDraw>,
}

/// What is done to the intensities of one image of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IntensityDraw {
    /// The Bézier curve's inner points, and its share.
    pub(super) curve: Option<([[f64; 2]; 2], f64)>,
    /// Factor and summand of intensities.
    pub(super) linear: [f64; 2],
    /// Linear and square terms of the shading's logarithm along each axis.
    pub(super) bias: Option<[f64; 6]>,
    /// Standard deviation in mm.
    pub(super) blur_mm: f64,
    /// Standard deviation, and the seed of the numbers.
    pub(super) noise: Option<(f64, u64)>,
}

impl Default for IntensityDraw {
    /// Nothing.
    fn default() -> Self {
        Self {
            curve: None,
            linear: [1.0, 0.0],
            bias: None,
            blur_mm: 0.0,
            noise: None,
        }
    }
}

/// Whether a sample is one of slices, which is changed within them alone.
pub(super) fn is_flat(size: [usize; 3]) -> bool {
    size[0] <= 3
}

/// Distance of the knots of bending.
const KNOTS_MM: f64 = 16.0;

impl AugmentConfig {
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        let flip = (0.0..=1.0).contains(&self.flip);
        require(flip, "augment.flip", self.flip, "0 to 1")?;
        let changes = [
            ("augment.rotation", self.rotation, 180.0),
            ("augment.tilt", self.tilt, 180.0),
            ("augment.zoom", self.zoom, 1.0),
            ("augment.elastic", self.elastic, 20.0),
            ("augment.curve", self.curve, 1.0),
            ("augment.scale", self.scale, 0.99),
            ("augment.shift", self.shift, 100.0),
            ("augment.noise", self.noise, 100.0),
            ("augment.blur", self.blur, 10.0),
            ("augment.bias", self.bias, 2.0),
            ("augment.thicker_slices", self.thicker_slices, 20.0),
        ];
        for (what, change, most) in changes {
            let Some(change) = change else { continue };
            let right = (0.0..=1.0).contains(&change.chance) && (0.0..=most).contains(&change.most);
            require(
                right,
                what,
                format!("{change:?}"),
                format!("a chance from 0 to 1 and at most {most}"),
            )?;
        }
        Ok(())
    }
}

impl AugmentDraw {
    /// Draws for a sample of `size` slices, rows and columns of so many images.
    pub(super) fn draw(
        config: &AugmentConfig,
        size: [usize; 3],
        spacing_mm: [f64; 3],
        images: usize,
        stream: &mut Stream,
    ) -> Self {
        let is_deep = !is_flat(size);
        let mirrors = [true, true, is_deep].map(|may| may && stream.chance(config.flip));
        let rotation = signed(config.rotation, stream).to_radians();
        let tilts = [
            signed(config.tilt, stream).to_radians(),
            signed(config.tilt, stream).to_radians(),
        ];
        let zoom = match upto(config.zoom, stream) {
            0.0 => 1.0,
            most if stream.chance(0.5) => 1.0 + most,
            most => 1.0 / (1.0 + most),
        };
        let elastic = match upto(config.elastic, stream) {
            0.0 => None,
            most => Some(Elastic::draw(most, size, spacing_mm, KNOTS_MM, stream)),
        };
        let thick_mm = upto(config.thicker_slices, stream);
        Self {
            spatial: Spatial::new(mirrors, rotation, tilts, zoom, elastic, is_deep),
            thickness: (0.5 * (thick_mm / spacing_mm[2] - 1.0)).max(0.0).round() as usize,
            intensities: (0..images)
                .map(|_| IntensityDraw::draw(config, stream))
                .collect(),
        }
    }
}

impl IntensityDraw {
    fn draw(config: &AugmentConfig, stream: &mut Stream) -> Self {
        let curve = match upto(config.curve, stream) {
            0.0 => None,
            share => {
                let mut point = || [stream.uniform(0.0, 1.0), stream.uniform(0.0, 1.0)];
                Some(([point(), point()], share))
            }
        };
        let linear = [
            1.0 + signed(config.scale, stream),
            signed(config.shift, stream),
        ];
        let bias = match upto(config.bias, stream) {
            0.0 => None,
            most => Some(std::array::from_fn(|_| stream.uniform(-most, most) / 3.0)),
        };
        let blur_mm = upto(config.blur, stream);
        let noise = match upto(config.noise, stream) {
            0.0 => None,
            most => Some((most, stream.seed())),
        };
        Self {
            curve,
            linear,
            bias,
            blur_mm,
            noise,
        }
    }
}

/// From 0 to the most, or 0 where it is not done.
fn upto(change: Option<AugmentChange>, stream: &mut Stream) -> f64 {
    match change {
        Some(change) if stream.chance(change.chance) => stream.uniform(0.0, change.most),
        _ => 0.0,
    }
}

/// Of either sign.
fn signed(change: Option<AugmentChange>, stream: &mut Stream) -> f64 {
    match change {
        Some(change) if stream.chance(change.chance) => stream.uniform(-change.most, change.most),
        _ => 0.0,
    }
}
