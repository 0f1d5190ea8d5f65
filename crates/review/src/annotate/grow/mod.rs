//! A mask grown from a click or a scribble (del Pozo Lérida 2023, algorithm 1 and section IV-C).

mod flood;
mod tidy;
mod tolerance;

pub use tolerance::SizeAt;

use flood::Surroundings;
use siderin_core::lesion::LARGEST_MICROBLEED_MM;
use siderin_image::volume::{Grid, Volume};
use std::f64::consts::PI;

/// What a neighbour's intensity is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// That of the voxel it is reached from ("parent-son").
    Parent,
    /// The mean of the seeds ("seed average").
    SeedAverage,
    /// The mean of all that belongs to the region so far ("running average").
    RunningAverage,
}

/// How a mask is grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowConfig {
    /// What intensities are compared with.
    pub reference: Reference,
    /// Diameter in mm of the sphere that the region must not outgrow, and its reach from the seeds.
    pub largest_mm: f64,
    /// Largest difference as a share of the range of intensities within reach, 0 to 1; none: found by
    /// itself.
    pub tolerance: Option<f32>,
}

impl Default for GrowConfig {
    fn default() -> Self {
        Self {
            reference: Reference::RunningAverage,
            largest_mm: LARGEST_MICROBLEED_MM,
            tolerance: None,
        }
    }
}

/// A mask and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    /// Offsets of its voxels in the scan, ascending; one component that holds a seed.
    pub voxels: Vec<usize>,
    /// The tolerance it was grown with.
    pub tolerance: f32,
    /// Voxels by tolerance, as far as was looked: the elbow is at its end. One entry where the tolerance was
    /// given.
    pub sizes: Vec<SizeAt>,
}

/// Seeds that nothing grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrowError {
    /// No seed.
    #[error("growing a lesion: the scribble is empty; mark at least one voxel")]
    NoSeed,
    /// A seed beyond the scan.
    #[error(
        "growing a lesion: voxel {offset} was marked, and the scan has {voxels}; the scribble belongs to another scan"
    )]
    Outside {
        /// The seed's offset.
        offset: usize,
        /// Voxels of the scan.
        voxels: usize,
    },
    /// More than a lesion.
    #[error(
        "growing a lesion: the scribble alone is larger than the largest microbleed ({most} voxels); mark one lesion at a time"
    )]
    TooLarge {
        /// The most voxels there may be.
        most: usize,
    },
}

/// Volume of the sphere of a diameter: 524 mm³ for the 10 mm of the largest microbleed.
#[must_use]
pub fn largest_volume_mm3(largest_mm: f64) -> f64 {
    PI / 6.0 * largest_mm.powi(3)
}

/// The most voxels a region may have.
fn most_voxels(grid: &Grid, largest_mm: f64) -> usize {
    let most = largest_volume_mm3(largest_mm) / grid.voxel_volume_mm3();
    (most.round() as usize).max(1)
}

/// Grows a lesion from `seeds` (offsets in the scan): breadth-first over voxels that share a face, as long as
/// an intensity differs from its reference by less than the tolerance. Without a tolerance, growing is tried
/// from 0 to 100 % and the last size before the region outgrows `largest_mm` is kept. Then gaps are closed
/// (two dilations, two erosions), holes filled, and the component with the most seeds is kept. Voxels
/// farther than `largest_mm` from the seeds' box along an axis cannot belong to the lesion and are not
/// looked at.
///
/// # Errors
/// When there is no seed, one lies outside, or the seeds alone are too many for a microbleed.
pub fn grow(image: &Volume<f32>, seeds: &[usize], config: &GrowConfig) -> Result<Grown, GrowError> {
    let most = most_voxels(image.grid(), config.largest_mm);
    let part = Surroundings::of(image, seeds, config.largest_mm)?;
    if part.seeds.len() > most {
        return Err(GrowError::TooLarge { most });
    }
    let (tolerance, region, sizes) = match config.tolerance {
        Some(tolerance) => {
            let region = part.flood(config.reference, tolerance, most);
            let sizes = vec![SizeAt {
                tolerance,
                voxels: region.len(),
            }];
            (tolerance, region, sizes)
        }
        None => tolerance::before_the_elbow(&part, config.reference, most),
    };
    Ok(Grown {
        voxels: part.to_scan(&tidy::tidy(&part, &region)),
        tolerance,
        sizes,
    })
}

#[cfg(test)]
mod tests;
