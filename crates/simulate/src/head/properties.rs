//! Susceptibility, relaxation and density of every voxel of a head.

use super::labels::Head;
use super::tissue::{Constants, Tissue, tissue_of};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siderin_image::preprocess::{SmoothError, distance_to_mm, gaussian_smooth};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};
use std::collections::BTreeMap;

/// How the tissues of one person differ from the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TissueDraw {
    /// Factors of (proton density, T1, R2*) by tissue; those not named are 1.
    pub factors: BTreeMap<String, [f64; 3]>,
    /// Factor of the iron in the deep nuclei: of their susceptibility, and of their R2* above
    /// that of water in tissue.
    pub iron: f64,
    /// Susceptibility of venous blood in ppm.
    pub venous_chi_ppm: f64,
    /// Signal of arteries, from 0 (flow void) to 1 (as blood at rest).
    pub arterial_signal: f64,
    /// Relative standard deviation of the tissue's texture (at 2 and 7 mm).
    pub texture: f64,
    /// Share of the white matter around the ventricles that is diseased (bright), 0 to 1.
    pub leukoaraiosis: f64,
    /// Seed of texture and patches.
    pub seed: u64,
}

impl TissueDraw {
    /// The table as it is.
    #[must_use]
    pub fn as_given() -> Self {
        Self {
            factors: BTreeMap::new(),
            iron: 1.0,
            venous_chi_ppm: 0.35,
            arterial_signal: 0.5,
            texture: 0.0,
            leukoaraiosis: 0.0,
            seed: 0,
        }
    }

    /// Draws: density ±4 %, T1 ±8 %, R2* ±12 %; iron 0.6 to 1.9; venous blood 0.28 to 0.46 ppm
    /// (haematocrit 0.4, oxygenation 70 to 55 %); arteries 0.05 to 1; texture 1 to 4 %;
    /// leukoaraiosis in half of the heads, up to 0.5.
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        let factors = Tissue::ALL
            .iter()
            .map(|tissue| {
                let factor = [
                    stream.uniform(0.96, 1.04),
                    stream.uniform(0.92, 1.08),
                    stream.uniform(0.88, 1.12),
                ];
                (format!("{tissue:?}"), factor)
            })
            .collect();
        Self {
            factors,
            iron: stream.uniform(0.6, 1.9),
            venous_chi_ppm: stream.uniform(0.28, 0.46),
            arterial_signal: stream.uniform(0.05, 1.0),
            texture: stream.uniform(0.01, 0.04),
            leukoaraiosis: if stream.chance(0.5) {
                stream.uniform(0.05, 0.5)
            } else {
                0.0
            },
            seed: stream.seed(),
        }
    }

    /// The tissue's constants in this person.
    pub(crate) fn constants(&self, tissue: Tissue) -> Constants {
        let mut c = tissue.constants();
        let [density, t1, r2star] = self
            .factors
            .get(&format!("{tissue:?}"))
            .copied()
            .unwrap_or([1.0; 3]);
        c.proton_density *= density;
        c.t1_ms *= t1;
        c.r2star_per_s *= r2star;
        match tissue {
            Tissue::Caudate
            | Tissue::Putamen
            | Tissue::Pallidum
            | Tissue::Accumbens
            | Tissue::VentralDc
            | Tissue::Dentate
            | Tissue::Thalamus => {
                // R2* of iron-free grey matter, about that of cortex.
                const FREE: f64 = 16.0;
                c.chi_ppm *= self.iron;
                c.r2star_per_s = FREE + (c.r2star_per_s - FREE).max(0.0) * self.iron;
            }
            Tissue::Vein => c.chi_ppm = self.venous_chi_ppm,
            Tissue::Artery => c.proton_density *= self.arterial_signal,
            _ => {}
        }
        c
    }
}

/// The properties of every voxel of a head, on its grid. R2* is that at 3 T.
#[derive(Debug, Clone)]
pub struct TissueMaps {
    /// Susceptibility in ppm.
    pub chi_ppm: Volume<f32>,
    /// Proton density, relative to water.
    pub proton_density: Volume<f32>,
    /// T1 at 3 T in ms.
    pub t1_ms: Volume<f32>,
    /// R2* at 3 T in 1/s.
    pub r2star_per_s: Volume<f32>,
}

/// Gives every voxel its properties.
///
/// # Errors
/// None in practice: the widths of the texture are constants.
pub(crate) fn tissue_maps(head: &Head, draw: &TissueDraw) -> Result<TissueMaps, SmoothError> {
    let labels = &head.labels;
    let grid = labels.grid();
    let constants: Vec<Constants> = Tissue::ALL.iter().map(|&t| draw.constants(t)).collect();
    let tissues = labels.map(|code| tissue_of(code) as u8);
    let tissues = with_dentate(head, tissues);
    let of = |value: fn(&Constants) -> f64| {
        let table: Vec<f32> = constants.iter().map(|c| value(c) as f32).collect();
        tissues.map(|t| table[usize::from(t)])
    };
    let mut maps = TissueMaps {
        chi_ppm: of(|c| c.chi_ppm),
        proton_density: of(|c| c.proton_density),
        t1_ms: of(|c| c.t1_ms),
        r2star_per_s: of(|c| c.r2star_per_s),
    };
    if draw.texture > 0.0 {
        let texture = texture(grid, draw)?;
        for (at, &t) in texture.voxels().iter().enumerate() {
            let factor = 1.0 + draw.texture as f32 * t;
            maps.proton_density.voxels_mut()[at] *= factor;
            // Where density falls, iron or myelin rises: R2* goes the other way.
            maps.r2star_per_s.voxels_mut()[at] *= 2.0 - factor;
        }
    }
    if draw.leukoaraiosis > 0.0 {
        add_leukoaraiosis(head, draw, &mut maps)?;
    }
    Ok(maps)
}

/// Tissues with the dentate nuclei, which the maps do not name: in each cerebellar
/// hemisphere's white matter the folded sheet within 3.5 mm of an ellipsoid's surface around
/// its middle.
fn with_dentate(head: &Head, mut tissues: Volume<u8>) -> Volume<u8> {
    let labels = &head.labels;
    let grid = labels.grid().clone();
    for code in [7u16, 46] {
        let members: Vec<usize> = (0..labels.voxels().len())
            .filter(|&o| labels.voxels()[o] == code)
            .collect();
        if members.is_empty() {
            continue;
        }
        let place = |o: usize| {
            grid.to_world(siderin_image::volume::VoxelPoint::center_of(grid.index(o)))
                .0
        };
        let middle = members
            .iter()
            .fold(nalgebra::Vector3::zeros(), |sum, &o| sum + place(o).coords)
            / members.len() as f64;
        for &o in &members {
            let from = place(o).coords - middle;
            // Half axes of about 7 × 9 × 6 mm (Diedrichsen 2011, doi
            // 10.1016/j.neuroimage.2010.10.035).
            let r = nalgebra::Vector3::new(from.x / 7.0, from.y / 9.0, from.z / 6.0).norm();
            if (0.6..1.0).contains(&r) {
                tissues.voxels_mut()[o] = Tissue::Dentate as u8;
            }
        }
    }
    tissues
}

/// Smooth noise of unit deviation at two scales, about.
fn texture(grid: &Grid, draw: &TissueDraw) -> Result<Volume<f32>, SmoothError> {
    let fine = smooth_noise(grid, draw.seed, "texture", 1.0)?;
    let coarse = smooth_noise(grid, draw.seed, "texture-coarse", 3.0)?;
    Ok(Volume::new(
        grid.clone(),
        fine.voxels()
            .par_iter()
            .zip(coarse.voxels())
            .map(|(f, c)| (0.7 * f + 0.7 * c).clamp(-3.0, 3.0))
            .collect(),
    )
    .unwrap_or(fine))
}

/// White noise smoothed to a Gaussian of `sigma_mm`, scaled to unit deviation.
pub(crate) fn smooth_noise(
    grid: &Grid,
    seed: u64,
    purpose: &str,
    sigma_mm: f64,
) -> Result<Volume<f32>, SmoothError> {
    let mut noise = Volume::filled(grid, 0.0f32);
    let plane = grid.shape()[0] * grid.shape()[1];
    noise
        .voxels_mut()
        .par_chunks_mut(plane)
        .enumerate()
        .for_each(|(k, slice)| {
            let mut stream = Stream::new(seed, purpose, k as u64);
            for value in slice {
                // Uniform will do: smoothing makes it normal.
                *value = stream.uniform(-1.0, 1.0) as f32;
            }
        });
    let mut smooth = gaussian_smooth(noise, sigma_mm)?;
    let sum: f64 = smooth.voxels().iter().map(|v| f64::from(v * v)).sum();
    let scale = (smooth.voxels().len() as f64 / sum.max(1e-12)).sqrt() as f32;
    for value in smooth.voxels_mut() {
        *value *= scale;
    }
    Ok(smooth)
}

/// Patches of diseased white matter: brighter on T2*, most of them near the ventricles.
fn add_leukoaraiosis(
    head: &Head,
    draw: &TissueDraw,
    maps: &mut TissueMaps,
) -> Result<(), SmoothError> {
    let range = head.brain_box(0);
    let brain = match head.labels.crop(range.clone()) {
        Ok(brain) => brain,
        // A box within the labels is never empty.
        Err(_) => return Ok(()),
    };
    let distance = distance_to_mm(&brain.map(|code| tissue_of(code) == Tissue::Ventricle));
    let noise = smooth_noise(brain.grid(), draw.seed, "leukoaraiosis", 3.0)?;
    for (at, &code) in brain.voxels().iter().enumerate() {
        if tissue_of(code) != Tissue::White {
            continue;
        }
        let near = (-distance.voxels()[at] / 8.0).exp();
        let level = noise.voxels()[at] - 2.2 + 2.2 * near + 2.0 * draw.leukoaraiosis as f32;
        let share = level.clamp(0.0, 1.0);
        let index = brain.grid().index(at);
        let whole = head
            .labels
            .grid()
            .offset(std::array::from_fn(|a| index[a] + range[a].start));
        maps.r2star_per_s.voxels_mut()[whole] *= 1.0 - 0.4 * share;
        maps.proton_density.voxels_mut()[whole] *= 1.0 + 0.15 * share;
        maps.t1_ms.voxels_mut()[whole] *= 1.0 + 0.3 * share;
    }
    Ok(())
}
