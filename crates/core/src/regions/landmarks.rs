//! The frame of one head: its midline plane and how far its cerebrum reaches.

use nalgebra::{Matrix3, Vector3};
use siderin_image::volume::{Volume, VoxelPoint, WorldPoint};

/// A frame after Talairach's proportional grid (Talairach and Tournoux 1988): the origin near
/// the anterior commissure, each direction stretched to the extents of the MNI brain, so that
/// planes can be given in its mm.
#[derive(Debug, Clone)]
pub(super) struct Landmarks {
    /// Midline plane x = m\[0\] + m\[1\]·y + m\[2\]·z in world mm.
    midline: Vector3<f64>,
    commissure: Vector3<f64>,
    /// Reach of the cerebrum from the commissure: side, front, back, up, down; in mm.
    reach: [f64; 5],
}

/// The same reaches in the MNI152 brain (Fonov 2009), about.
const MNI_REACH: [f64; 5] = [70.0, 70.0, 104.0, 78.0, 45.0];
/// The middle of the pallida is behind the anterior commissure and below it by this much (mm)
/// in MNI152.
const COMMISSURE_FROM_PALLIDUM: Vector3<f64> = Vector3::new(0.0, 4.0, 1.0);

/// A place in the frame: distance from the midline, front, up; in mm of MNI size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proportional {
    pub(super) lateral: f64,
    pub(super) front: f64,
    pub(super) up: f64,
}

const LEFT_CEREBRUM: [u16; 2] = [2, 3];
const RIGHT_CEREBRUM: [u16; 2] = [41, 42];

impl Landmarks {
    /// Finds them in labels of which white matter, cortex and pallida follow aseg; none where
    /// one of these is missing.
    pub(super) fn find(labels: &Volume<u16>) -> Option<Self> {
        let grid = labels.grid();
        let place = |o: usize| grid.to_world(VoxelPoint::center_of(grid.index(o))).0.coords;
        let mut pallidum = (Vector3::zeros(), 0usize);
        let mut low = Vector3::repeat(f64::INFINITY);
        let mut high = Vector3::repeat(f64::NEG_INFINITY);
        for (offset, &code) in labels.voxels().iter().enumerate() {
            if matches!(code, 13 | 52) {
                pallidum = (pallidum.0 + place(offset), pallidum.1 + 1);
            } else if LEFT_CEREBRUM.contains(&code) || RIGHT_CEREBRUM.contains(&code) {
                let at = place(offset);
                low = low.inf(&at);
                high = high.sup(&at);
            }
        }
        if pallidum.1 == 0 || !low.x.is_finite() {
            return None;
        }
        let middle = pallidum.0 / pallidum.1 as f64 + COMMISSURE_FROM_PALLIDUM;
        let midline = midline(labels)?;
        let half = 0.5 * (high.x - low.x);
        let reach = [
            half,
            high.y - middle.y,
            middle.y - low.y,
            high.z - middle.z,
            middle.z - low.z,
        ];
        reach.iter().all(|r| *r > 10.0).then_some(Self {
            midline,
            commissure: middle,
            reach,
        })
    }

    /// Distance to the right of the midline plane in mm.
    pub(super) fn right_of_midline_mm(&self, at: WorldPoint) -> f64 {
        at.0.x - self.midline.dot(&Vector3::new(1.0, at.0.y, at.0.z))
    }

    /// The place in the proportional frame.
    pub(super) fn proportional(&self, at: WorldPoint) -> Proportional {
        let stretch = |value: f64, towards: usize, against: usize| {
            let side = if value >= 0.0 { towards } else { against };
            value / self.reach[side] * MNI_REACH[side]
        };
        Proportional {
            lateral: stretch(self.right_of_midline_mm(at).abs(), 0, 0),
            front: stretch(at.0.y - self.commissure.y, 1, 2),
            up: stretch(at.0.z - self.commissure.z, 3, 4),
        }
    }
}

/// Least squares through the middles of the gaps between left and right cerebrum.
fn midline(labels: &Volume<u16>) -> Option<Vector3<f64>> {
    const WIDEST_GAP: usize = 8;
    let grid = labels.grid();
    let [nx, ny, nz] = labels.shape();
    let mut normal = Matrix3::zeros();
    let mut right_side = Vector3::zeros();
    for k in 0..nz {
        for j in 0..ny {
            let start = grid.offset([0, j, k]);
            let row = &labels.voxels()[start..start + nx];
            let last_left = row.iter().rposition(|c| LEFT_CEREBRUM.contains(c));
            let first_right = row.iter().position(|c| RIGHT_CEREBRUM.contains(c));
            // Left has the smaller x in RAS.
            let (Some(left), Some(right)) = (last_left, first_right) else {
                continue;
            };
            if right > left && right - left <= WIDEST_GAP {
                let middle = (left + right) as f64 / 2.0;
                let at = grid.to_world(VoxelPoint::new(middle, j as f64, k as f64)).0;
                let basis = Vector3::new(1.0, at.y, at.z);
                normal += basis * basis.transpose();
                right_side += basis * at.x;
            }
        }
    }
    normal.try_inverse().map(|inverse| inverse * right_side)
}
