//! How bright each material is.

use super::draw::{Contrast, HeadDraw};
use super::source::HeadSource;
use crate::any_contrast::Signal;
use crate::head::Tissue;
use siderin_image::random::Stream;

/// Brightness and texture of one material.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paint {
    pub(super) level: f32,
    pub(super) texture: f32,
}

/// What a head is painted with.
pub(super) struct Palette {
    /// By material.
    pub(super) paints: Vec<Paint>,
    pub(super) fluid: Paint,
    pub(super) cortex: Paint,
    /// Diseased white matter.
    pub(super) lesion: f32,
}

impl Palette {
    pub(super) fn of(source: &HeadSource, draw: &HeadDraw) -> Self {
        let contrast = &draw.contrast;
        let white = level(contrast, Tissue::White, [1.0; 3]);
        let paint = |tissue: Tissue| {
            let natural = level(contrast, tissue, [1.0; 3]);
            let outside = contrast.outside.get(&format!("{tissue:?}"));
            let value = match (contrast.fluid, outside) {
                (Some(fluid), _) if tissue.is_fluid() => fluid * white,
                (_, Some(factor)) => factor * natural,
                _ => natural,
            };
            const OUTSIDE_TEXTURE: f64 = 0.12;
            Paint {
                level: value as f32,
                texture: if tissue.is_parenchyma() {
                    contrast.tissue.texture as f32
                } else if tissue.is_fluid() {
                    0.0
                } else {
                    OUTSIDE_TEXTURE as f32
                },
            }
        };
        let lesion = match contrast.signal {
            Signal::Painted(_) => {
                white * Stream::new(draw.form.seed, "lesion", 0).uniform(0.5, 1.8)
            }
            // As the simulator has leukoaraiosis.
            _ => level(contrast, Tissue::White, [1.15, 1.3, 0.6]),
        };
        Self {
            paints: source.materials.iter().map(|m| paint(m.tissue)).collect(),
            fluid: paint(Tissue::Csf),
            cortex: paint(Tissue::Cortex),
            lesion: lesion as f32,
        }
    }
}

/// Of a tissue whose density, T1 and R2* are multiplied by these.
fn level(contrast: &Contrast, tissue: Tissue, [density, t1, r2star]: [f64; 3]) -> f64 {
    if tissue == Tissue::Air {
        return 0.0;
    }
    let constants = contrast.tissue.constants(tissue);
    contrast.signal.of(
        contrast.signal.factor(tissue),
        constants.proton_density * density,
        constants.t1_ms * t1,
        constants.r2star_per_s * r2star * contrast.r2star,
    )
}
