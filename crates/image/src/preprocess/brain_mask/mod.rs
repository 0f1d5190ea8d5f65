//! A brain mask without weights, for T2*-GRE, SWI, T1w and FLAIR alike.
//!
//! A closed surface grows from inside the head until it meets what is dark beyond the
//! brain (Smith 2002, doi 10.1002/hbm.10062). It needs only that the brain is brighter
//! than what surrounds it, skull or fluid, which holds on all four contrasts; and being
//! closed, the mask keeps dark spots inside it.

mod deform;
mod fill;
mod head;
mod surface;

use crate::preprocess::{Connectivity, SmoothError, gaussian_smooth, largest_component};
use crate::volume::{Grid, GridError, Interpolation, ResampleError, Volume, block_mean, resample};
use nalgebra::Matrix4;

/// Settings of the brain mask.
#[derive(Debug, Clone, PartialEq)]
pub struct BrainMaskConfig {
    /// Where between the darkest and the local brightest value the border lies, 0 to 1:
    /// smaller keeps more. Smith 2002 calls it b_t.
    pub fraction: f64,
    /// Edge of the voxels on which the surface moves, in mm.
    pub working_spacing_mm: f64,
    /// Steps the surface takes at most.
    pub steps: usize,
}

impl Default for BrainMaskConfig {
    fn default() -> Self {
        Self {
            fraction: 0.65,
            working_spacing_mm: 2.0,
            steps: 1000,
        }
    }
}

/// Why there is no brain mask.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum BrainMaskError {
    #[error(
        "finding the brain: the image has no contrast between head and background; check that this is a whole-head scan"
    )]
    NoHead,
    #[error(
        "finding the brain: the surface enclosed {volume_ml:.0} ml, expected {least_ml:.0} ml or more; check that this is a brain scan"
    )]
    TooSmall { volume_ml: f64, least_ml: f64 },
    #[error(transparent)]
    Smooth(#[from] SmoothError),
    #[error(transparent)]
    Resample(#[from] ResampleError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// Below this the surface has collapsed; a slab of a few slices still holds more.
const LEAST_BRAIN_ML: f64 = 50.0;

/// The brain (parenchyma with the fluid inside it) on the scan's own grid.
///
/// # Errors
/// When no head stands out from the background, or no plausible brain is found.
pub fn brain_mask(
    scan: &Volume<f32>,
    config: &BrainMaskConfig,
) -> Result<Volume<bool>, BrainMaskError> {
    let spacing = scan.grid().spacing_mm();
    let factor = spacing.map(|mm| (config.working_spacing_mm / mm).round().max(1.0) as usize);
    let coarse = block_mean(scan, factor)?;
    let smooth = gaussian_smooth(coarse, 1.0)?;
    let head = head::Head::measure(&smooth).ok_or(BrainMaskError::NoHead)?;
    let surface = deform::grow(&smooth, &head, config);
    let inside = fill::inside(&surface, smooth.grid());
    let inside = largest_component(&inside, Connectivity::Six);
    let voxels = inside.voxels().iter().filter(|&&m| m).count();
    let volume_ml = voxels as f64 * smooth.grid().voxel_volume_mm3() / 1000.0;
    if volume_ml < LEAST_BRAIN_ML {
        return Err(BrainMaskError::TooSmall {
            volume_ml,
            least_ml: LEAST_BRAIN_ML,
        });
    }
    Ok(refine(&inside, scan.grid())?)
}

/// The coarse mask on the scan's grid, its border interpolated between coarse voxels.
fn refine(coarse: &Volume<bool>, grid: &Grid) -> Result<Volume<bool>, ResampleError> {
    let soft = coarse.map(|m| f32::from(u8::from(m)));
    let fine = resample(
        &soft,
        grid,
        &Matrix4::identity(),
        Interpolation::Linear,
        0.0,
    )?;
    Ok(fine.map(|share| share > 0.5))
}
