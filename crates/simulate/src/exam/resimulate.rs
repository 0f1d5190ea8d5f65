//! Microbleeds put into a scan that is there already, by simulating their surroundings only.
//!
//! The field is linear. From some distance on, a microbleed only turns the phase, and smoothly:
//! there each voxel is turned as its centre is. Closer, where the phase is steep or signal is
//! missing, the cells are simulated with the microbleed, and the same cells with what it looks
//! like from afar are taken off.

use super::Exam;
use crate::acquire::{Form, Source, render_cells};
use nalgebra::Vector3;
use rustfft::num_complex::Complex32;
use siderin_image::volume::Volume;
use std::ops::Range;

/// Beyond the place where the phase runs by this many rad per voxel, divided by the SNR, a
/// voxel turns as its centre does, even where signal on one of its sides is much stronger than
/// on the other. Found by making it smaller until no voxel differed by a tenth of the noise.
const STEEP_RAD_PER_VOXEL_AND_SNR: f64 = 0.24;

/// Cells along each axis.
type CellBox = [Range<isize>; 3];
/// Voxels along each axis.
type VoxelBox = [Range<usize>; 3];

/// An interpolated image needs this much more care: its voxels see rims that others do not
/// sample.
const INTERPOLATED: f64 = 1.3;

impl Exam {
    /// The voxels of `region` (x fastest) with microbleeds added to a scan `without`.
    pub(crate) fn resimulate(
        &self,
        lesions: &[Source],
        without: &Volume<Complex32>,
        region: &[Range<usize>; 3],
    ) -> Vec<Complex32> {
        let mut voxels: Vec<Complex32> = part_rows(without, region).flatten().copied().collect();
        let far: Vec<Source> = lesions
            .iter()
            .map(|l| l.seen_from_afar(self.near_mm(l)))
            .collect();
        self.turn(&mut voxels, &far, region);
        for (window, reach) in self.windows(lesions, region) {
            // Only voxels that see the window's cells can change.
            let rendered = self.render_near(lesions, &far, &reach, &window);
            add_part(&mut voxels, region, &rendered, &reach);
        }
        voxels
    }

    fn near_mm(&self, lesion: &Source) -> f32 {
        // What a voxel sees is as wide as it was acquired.
        let acquired = self.visit.protocol.acquired_mm();
        let mut coarsest = acquired.into_iter().fold(0.0, f64::max);
        if self.visit.protocol.acquired_mm.is_some() {
            coarsest *= INTERPOLATED;
        }
        let steep = STEEP_RAD_PER_VOXEL_AND_SNR / self.visit.imperfections.snr;
        lesion.steep_within((steep / coarsest) as f32)
    }

    /// Turns each voxel by the phase of the microbleeds from afar at its centre.
    fn turn(&self, voxels: &mut [Complex32], far: &[Source], region: &[Range<usize>; 3]) {
        let spacing = self.grid().spacing_mm().map(|s| s as f32);
        let [wide, high, _] = [0, 1, 2].map(|a| region[a].len());
        for source in far {
            let Form::Far { center, .. } = source.form else {
                continue;
            };
            // The part of the region in which it is felt.
            let felt: [Range<usize>; 3] = std::array::from_fn(|a| {
                let low = ((center[a] - source.reach) / spacing[a]).ceil().max(0.0) as usize;
                let high = ((center[a] + source.reach) / spacing[a]).floor() + 1.0;
                let start = low.clamp(region[a].start, region[a].end);
                start..(high.max(0.0) as usize).clamp(start, region[a].end)
            });
            for k in felt[2].clone() {
                for j in felt[1].clone() {
                    let row = wide * ((j - region[1].start) + high * (k - region[2].start));
                    for i in felt[0].clone() {
                        let at = Vector3::new(
                            i as f32 * spacing[0],
                            j as f32 * spacing[1],
                            k as f32 * spacing[2],
                        );
                        let phase = source.far_phase(at - center, self.b0);
                        voxels[row + i - region[0].start] *= Complex32::cis(phase);
                    }
                }
            }
        }
    }

    /// Boxes of cells in which some microbleed is steep, joined where they overlap, with the
    /// voxels of the region that see them.
    fn windows(&self, lesions: &[Source], region: &[Range<usize>; 3]) -> Vec<(CellBox, VoxelBox)> {
        let cell = self.sampling.cell_mm();
        let spacing = self.grid().spacing_mm();
        let mut windows: Vec<[Range<isize>; 3]> = Vec::new();
        for lesion in lesions {
            let Form::Ball { center, .. } = lesion.form else {
                continue;
            };
            let near = f64::from(self.near_mm(lesion));
            let mut window: [Range<isize>; 3] = std::array::from_fn(|a| {
                // Cells begin half a voxel before the first voxel's centre.
                let from_edge = f64::from(center[a]) + 0.5 * spacing[a];
                let low = ((from_edge - near) / cell[a]).floor() as isize;
                low..((from_edge + near) / cell[a]).ceil() as isize
            });
            while let Some(at) = windows.iter().position(|other| overlap(other, &window)) {
                let other = windows.swap_remove(at);
                window = std::array::from_fn(|a| {
                    window[a].start.min(other[a].start)..window[a].end.max(other[a].end)
                });
            }
            windows.push(window);
        }
        windows
            .into_iter()
            .map(|window| {
                let reach: [Range<usize>; 3] = std::array::from_fn(|a| {
                    self.sampling.spread[a].voxels_seeing(&window[a], &region[a])
                });
                (window, reach)
            })
            .filter(|(_, reach)| reach.iter().all(|r| !r.is_empty()))
            .collect()
    }

    /// With the microbleeds less with what they are from afar, from a window's cells.
    fn render_near(
        &self,
        lesions: &[Source],
        far: &[Source],
        region: &[Range<usize>; 3],
        window: &[Range<isize>; 3],
    ) -> Vec<Complex32> {
        let world = self.world(lesions, far);
        let rendered = render_cells(&self.sampling, &world, region, window);
        let both = rendered.with.iter().zip(&rendered.without);
        both.map(|(with, without)| with - without).collect()
    }
}

fn overlap(a: &[Range<isize>; 3], b: &[Range<isize>; 3]) -> bool {
    (0..3).all(|axis| a[axis].start < b[axis].end && b[axis].start < a[axis].end)
}

/// The rows of a part of a volume.
pub(super) fn part_rows<'a, T: Copy>(
    volume: &'a Volume<T>,
    region: &'a [Range<usize>; 3],
) -> impl Iterator<Item = &'a [T]> {
    region[2].clone().flat_map(move |k| {
        region[1].clone().map(move |j| {
            let start = volume.grid().offset([region[0].start, j, k]);
            &volume.voxels()[start..start + region[0].len()]
        })
    })
}

/// Adds the values of a part to those of a region that holds it.
fn add_part(
    voxels: &mut [Complex32],
    region: &[Range<usize>; 3],
    part: &[Complex32],
    place: &[Range<usize>; 3],
) {
    let [wide, high, _] = [0, 1, 2].map(|a| region[a].len());
    let mut rows = part.chunks(place[0].len());
    for k in place[2].clone() {
        for j in place[1].clone() {
            let row = wide * ((j - region[1].start) + high * (k - region[2].start));
            let start = row + place[0].start - region[0].start;
            let Some(values) = rows.next() else {
                return;
            };
            for (to, from) in voxels[start..start + values.len()].iter_mut().zip(values) {
                *to += from;
            }
        }
    }
}
