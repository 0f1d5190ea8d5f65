//! Signal and phase of the head itself, before anything small is added.

use crate::head::TissueMaps;
use crate::physics::decay::{phase_per_ppm, r2star_scale, spoiled_echo, t1_scale};
use nalgebra::Matrix4;
use rayon::prelude::*;
use siderin_image::preprocess::{SmoothError, gaussian_smooth};
use siderin_image::volume::{Grid, GridError, Volume};

/// How signal is made: the numbers of a gradient echo.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo {
    pub(crate) b0_t: f64,
    pub(crate) te_ms: f64,
    pub(crate) tr_ms: f64,
    pub(crate) flip_angle_deg: f64,
}

impl Echo {
    /// Signal of constants given at 3 T.
    pub(crate) fn signal(&self, proton_density: f64, t1_ms: f64, r2star_per_s: f64) -> f64 {
        let t1 = t1_ms * t1_scale(self.b0_t);
        let decay = (-self.te_ms * 1e-3 * r2star_per_s * r2star_scale(self.b0_t)).exp();
        proton_density * spoiled_echo(t1, self.tr_ms, self.flip_angle_deg) * decay
    }

    pub(crate) fn phase_per_ppm(&self) -> f64 {
        phase_per_ppm(self.b0_t, self.te_ms)
    }
}

/// Signal (at least 0) and phase (rad) at the echo on the head's grid, side by side.
#[derive(Debug, Clone)]
pub(crate) struct SignalMaps {
    pub(crate) grid: Grid,
    pub(crate) values: Vec<[f32; 2]>,
}

impl SignalMaps {
    /// The same signal of 1 everywhere, without phase. [`SignalMaps::everywhere`] leads there.
    pub(crate) fn uniform() -> Result<Self, GridError> {
        const EDGE: usize = 4;
        Ok(Self {
            grid: Grid::axis_aligned([EDGE; 3], [1.0; 3])?,
            values: vec![[1.0, 0.0]; EDGE.pow(3)],
        })
    }

    /// From any place in mm to the middle of [`SignalMaps::uniform`].
    pub(crate) fn everywhere() -> Matrix4<f64> {
        const SMALL: f64 = 1e-6;
        let mut to_middle = Matrix4::new_scaling(SMALL);
        for axis in 0..3 {
            to_middle[(axis, 3)] = 1.5;
        }
        to_middle
    }
}

/// Blur of the tissues' borders in mm: labels are cubes, brains are not.
const BORDER_SIGMA_MM: f64 = 0.5;

impl SignalMaps {
    /// Signal from the tissues, phase from their field (ppm); without a field, phase is 0.
    pub(crate) fn new(
        maps: &TissueMaps,
        field_ppm: Option<&Volume<f32>>,
        echo: &Echo,
    ) -> Result<Self, SmoothError> {
        let mut signal = maps.proton_density.clone();
        signal
            .voxels_mut()
            .par_iter_mut()
            .zip(maps.t1_ms.voxels())
            .zip(maps.r2star_per_s.voxels())
            .for_each(|((value, &t1), &r2star)| {
                if *value > 0.0 {
                    let density = f64::from(*value);
                    *value = echo.signal(density, f64::from(t1), f64::from(r2star)) as f32;
                }
            });
        let signal = gaussian_smooth(signal, BORDER_SIGMA_MM)?;
        let scale = echo.phase_per_ppm() as f32;
        let values = signal
            .voxels()
            .par_iter()
            .enumerate()
            .map(|(at, &s)| [s, field_ppm.map_or(0.0, |field| scale * field.voxels()[at])])
            .collect();
        Ok(Self {
            grid: signal.grid().clone(),
            values,
        })
    }
}
