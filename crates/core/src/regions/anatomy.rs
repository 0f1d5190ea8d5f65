//! What a map of structures says of a head on the whole, and how far it can be trusted.

use super::{MNI_SPACE, MniFrame, Side, Structure, StructureMiddle, structure_middles};
use nalgebra::Matrix4;
use serde::Serialize;
use siderin_image::volume::{Grid, Volume, VoxelPoint, WorldPoint};

/// A head by its structures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Anatomy {
    /// How finely places can be told.
    pub detail: MapDetail,
    /// Why no finer; empty for regions.
    pub reasons: Vec<DoubtfulMap>,
    /// Volumes of what is seen.
    pub volumes: Volumes,
    /// Share of the brain that the field of view holds, the MNI brain taken as an ellipsoid; none without a frame.
    pub seen: Option<f64>,
    /// Mean distance in mm between two independent places in MNI space, one by the middles of structures, the other
    /// by the network's coordinates; none where one of them is missing.
    pub frames_apart_mm: Option<f64>,
    /// Median distance in mm of the network's coordinates from the one affine map that fits them best.
    pub coordinates_spread_mm: Option<f64>,
    /// The larger of a pair over the smaller, of the large structures that are seen whole the worst.
    pub side_ratio: Option<f64>,
    /// The space of the coordinates, by its TemplateFlow name.
    pub mni_space: &'static str,
    /// Rows of the affine map from the scan's world (RAS+ mm) to MNI space.
    pub mni_from_world: Option<[[f64; 4]; 3]>,
}

/// How finely a map tells where something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MapDetail {
    /// Not at all.
    None,
    /// Lobar, deep or infratentorial.
    Groups,
    /// The 13 regions.
    Regions,
}

/// Why a map is not trusted with regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtfulMap {
    /// The head has no place in MNI space.
    NoFrame,
    /// Too few structures are seen whole; the head's place rests on the network's coordinates alone.
    CoordinatesAlone,
    /// The two ways to place it contradict each other.
    FramesApart,
    /// The coordinates fit no one head.
    CoordinatesSpread,
    /// The head would be much larger or smaller than heads are.
    Stretched,
    /// A structure is much larger on one side.
    SidesDiffer,
}

impl DoubtfulMap {
    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NoFrame => "too few structures are seen to place the head",
            Self::CoordinatesAlone => "few structures are seen whole",
            Self::FramesApart => "two ways of placing the head disagree",
            Self::CoordinatesSpread => "the network is not sure where the slices lie",
            Self::Stretched => "the head would have an unusual size or shape",
            Self::SidesDiffer => "left and right structures differ in size",
        }
    }
}

/// Volumes in ml.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Volumes {
    /// Cortex, white matter, nuclei, brainstem and cerebellum.
    pub tissue_ml: f64,
    /// Lateral ventricles, with their plexus.
    pub lateral_ventricles_ml: f64,
    /// Third and fourth ventricle.
    pub other_ventricles_ml: f64,
    /// Fluid around the brain.
    pub outer_fluid_ml: f64,
}

/// Two ways to place a head, as far as each works.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frames {
    /// By the middles of structures.
    pub of_middles: Option<MniFrame>,
    /// By the coordinates that a network gave of each place.
    pub of_coordinates: Option<MniFrame>,
    /// Median distance of those from the frame in mm.
    pub spread_mm: Option<f64>,
}

impl Frames {
    /// The better one: structures are outlined to a few voxels, coordinates are smooth and hold in slabs.
    #[must_use]
    pub fn best(&self) -> Option<MniFrame> {
        self.of_middles.or(self.of_coordinates)
    }
}

/// Half axes in mm and middle in MNI mm of the ellipsoid that stands for the brain.
const BRAIN_MM: [[f64; 3]; 2] = [[68.0, 86.0, 68.0], [0.0, -17.0, 8.0]];

impl Anatomy {
    /// From the brain's [`Structure::code`]s, 0 elsewhere, and the ways to place it in MNI space.
    #[must_use]
    pub fn of(codes: &Volume<u8>, frames: &Frames) -> Self {
        let frame = frames.best();
        let middles = structure_middles(&without_cut(codes));
        let mut anatomy = Self {
            detail: MapDetail::Regions,
            reasons: Vec::new(),
            volumes: Volumes::of(codes),
            seen: frame.map(|frame| seen(codes.grid(), &frame)),
            frames_apart_mm: frames
                .of_middles
                .zip(frames.of_coordinates)
                .map(|(a, b)| apart_mm(codes, &a, &b)),
            coordinates_spread_mm: frames.spread_mm,
            side_ratio: side_ratio(&middles),
            mni_space: MNI_SPACE,
            mni_from_world: frame.map(|frame| rows(&frame)),
        };
        anatomy.judge(frames);
        anatomy
    }

    /// The limits are judgement, set after a look at results/anatomy: regions up to the first, groups up to the second.
    fn judge(&mut self, frames: &Frames) {
        const APART_MM: [f64; 2] = [8.0, 16.0];
        const SPREAD_MM: [f64; 2] = [7.5, 9.0];
        const STRETCH: [f64; 2] = [1.35, 1.6];
        const SIDES: [f64; 2] = [1.6, f64::INFINITY];
        let frame = frames.best();
        let stretch = frame.map_or(f64::INFINITY, |frame| stretch(&frame));
        let limits = [
            (
                self.frames_apart_mm.unwrap_or(0.0),
                APART_MM,
                DoubtfulMap::FramesApart,
            ),
            (
                self.coordinates_spread_mm.unwrap_or(0.0),
                SPREAD_MM,
                DoubtfulMap::CoordinatesSpread,
            ),
            (stretch, STRETCH, DoubtfulMap::Stretched),
            (
                self.side_ratio.unwrap_or(1.0),
                SIDES,
                DoubtfulMap::SidesDiffer,
            ),
        ];
        if frame.is_none() {
            self.detail = MapDetail::None;
            self.reasons = vec![DoubtfulMap::NoFrame];
            return;
        }
        if frames.of_middles.is_none() {
            self.detail = MapDetail::Groups;
            self.reasons.push(DoubtfulMap::CoordinatesAlone);
        }
        for (value, [regions, groups], reason) in limits {
            let detail = match () {
                () if value > groups => MapDetail::None,
                () if value > regions => MapDetail::Groups,
                () => continue,
            };
            self.detail = self.detail.min(detail);
            self.reasons.push(reason);
        }
    }

    /// The same head in another image: `codes` are its structures there, `moved_from_world` maps the old world to the new.
    #[must_use]
    pub fn carried(&self, codes: &Volume<u8>, moved_from_world: &Matrix4<f64>) -> Self {
        let carried = |rows: [[f64; 4]; 3]| {
            let mut affine = Matrix4::identity();
            for (row, values) in rows.iter().enumerate() {
                affine.row_mut(row).copy_from_slice(values);
            }
            let back = moved_from_world.try_inverse()?;
            Some(MniFrame::new(affine * back))
        };
        let frame = self.mni_from_world.and_then(carried);
        Self {
            volumes: Volumes::of(codes),
            seen: frame.map(|frame| seen(codes.grid(), &frame)),
            mni_from_world: frame.map(|frame| rows(&frame)),
            ..self.clone()
        }
    }

    /// A place in MNI mm: right, front, up; `None` where the head has none that can be trusted.
    #[must_use]
    pub fn mni_mm(&self, at: WorldPoint) -> Option<[f64; 3]> {
        let rows = self
            .mni_from_world
            .filter(|_| self.detail > MapDetail::None)?;
        let [x, y, z] = at.to_array();
        Some(rows.map(|[a, b, c, d]| a * x + b * y + c * z + d))
    }
}

impl Volumes {
    /// Each of them by `of`.
    #[must_use]
    pub fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self {
            tissue_ml: of(self.tissue_ml),
            lateral_ventricles_ml: of(self.lateral_ventricles_ml),
            other_ventricles_ml: of(self.other_ventricles_ml),
            outer_fluid_ml: of(self.outer_fluid_ml),
        }
    }

    fn of(codes: &Volume<u8>) -> Self {
        let ml = codes.grid().voxel_volume_mm3() / 1000.0;
        let volume = |is: &dyn Fn(Structure) -> bool| {
            let voxels = codes.voxels().iter();
            let inside =
                voxels.filter(|code| Structure::of_code(**code).is_some_and(|(s, _)| is(s)));
            inside.count() as f64 * ml
        };
        Self {
            tissue_ml: volume(&|structure| !structure.is_fluid()),
            lateral_ventricles_ml: volume(&|structure| structure == Structure::LateralVentricle),
            other_ventricles_ml: volume(&|structure| structure == Structure::OtherVentricle),
            outer_fluid_ml: volume(&|structure| structure == Structure::OuterFluid),
        }
    }
}

/// Codes without the structures that the field of view cuts.
#[must_use]
pub fn without_cut(codes: &Volume<u8>) -> Volume<u8> {
    let shape = codes.shape();
    let mut cut = [false; 256];
    let edge = |index: [usize; 3]| (0..3).any(|a| index[a] == 0 || index[a] + 1 == shape[a]);
    for (offset, code) in codes.voxels().iter().enumerate() {
        cut[usize::from(*code)] |= edge(codes.grid().index(offset));
    }
    codes.map(|code| if cut[usize::from(code)] { 0 } else { code })
}

/// Share of the ellipsoid's points that lie in the grid.
fn seen(grid: &Grid, frame: &MniFrame) -> f64 {
    const STEP_MM: f64 = 4.0;
    let [half, middle] = BRAIN_MM;
    let Some(world_from_mni) = frame.mni_from_world().try_inverse() else {
        return 0.0;
    };
    let (mut all, mut inside) = (0usize, 0usize);
    let steps = half.map(|mm| (mm / STEP_MM) as i32);
    for x in -steps[0]..=steps[0] {
        for y in -steps[1]..=steps[1] {
            for z in -steps[2]..=steps[2] {
                let off = [x, y, z].map(|n| f64::from(n) * STEP_MM);
                let far: f64 = (0..3).map(|a| (off[a] / half[a]).powi(2)).sum();
                if far <= 1.0 {
                    let mni: [f64; 3] = std::array::from_fn(|a| middle[a] + off[a]);
                    let world = world_from_mni.transform_point(&mni.into());
                    all += 1;
                    inside += usize::from(grid.nearest(WorldPoint(world)).is_some());
                }
            }
        }
    }
    inside as f64 / all.max(1) as f64
}

/// Mean distance of two frames over the brain in MNI mm.
fn apart_mm(codes: &Volume<u8>, a: &MniFrame, b: &MniFrame) -> f64 {
    const EVERY: usize = 37;
    let grid = codes.grid();
    let inside = codes
        .voxels()
        .iter()
        .enumerate()
        .filter(|(_, code)| **code > 0);
    let (mut sum, mut count) = (0.0, 0usize);
    for (offset, _) in inside.step_by(EVERY) {
        let at = grid.to_world(VoxelPoint::center_of(grid.index(offset)));
        sum += (a.place(at) - b.place(at)).norm();
        count += 1;
    }
    sum / count.max(1) as f64
}

/// How many times larger or smaller than the MNI brain, along the axis where it is most.
fn stretch(frame: &MniFrame) -> f64 {
    let linear = frame.mni_from_world().fixed_view::<3, 3>(0, 0).into_owned();
    let sizes = linear.singular_values();
    sizes
        .iter()
        .map(|s| s.max(1.0 / s.max(1e-9)))
        .fold(1.0, f64::max)
}

fn side_ratio(middles: &[StructureMiddle]) -> Option<f64> {
    const LARGE: [Structure; 4] = [
        Structure::Thalamus,
        Structure::Putamen,
        Structure::WhiteMatter,
        Structure::Cerebellum,
    ];
    let volume = |structure: Structure, side: Side| {
        let found = middles
            .iter()
            .find(|m| m.structure == structure && m.side == side);
        found.map(|m| m.volume_mm3)
    };
    let ratios = LARGE.into_iter().filter_map(|structure| {
        let (left, right) = (
            volume(structure, Side::Left)?,
            volume(structure, Side::Right)?,
        );
        Some(left.max(right) / left.min(right))
    });
    ratios.reduce(f64::max)
}

fn rows(frame: &MniFrame) -> [[f64; 4]; 3] {
    let affine = frame.mni_from_world();
    std::array::from_fn(|row| std::array::from_fn(|column| affine[(row, column)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector3;
    use siderin_image::volume::Grid;

    /// Voxels of 8 mm over the MNI brain, and beyond.
    fn grid() -> Grid {
        let mut affine = Matrix4::new_scaling(8.0);
        affine.set_column(3, &nalgebra::Vector4::new(-92.0, -128.0, -96.0, 1.0));
        Grid::new([25, 30, 27], affine).unwrap()
    }

    /// White matter left and right inside the ellipsoid, but for a ventricle of three voxels on either side.
    fn codes(grid: &Grid) -> Volume<u8> {
        Volume::from_fn(grid, |index| {
            let [x, y, z] = grid.to_world(VoxelPoint::center_of(index)).to_array();
            let [half, middle] = BRAIN_MM;
            let far: f64 = [x, y, z]
                .iter()
                .zip(half.iter().zip(middle))
                .map(|(v, (h, m))| ((v - m) / h).powi(2))
                .sum();
            let side = if x > 0.0 { Side::Right } else { Side::Left };
            match () {
                () if far > 1.0 => 0,
                () if x.abs() == 12.0 && y.abs() < 16.0 && z == 8.0 => {
                    Structure::LateralVentricle.code(side)
                }
                () => Structure::WhiteMatter.code(side),
            }
        })
    }

    fn moved(by: Vector3<f64>) -> MniFrame {
        MniFrame::new(Matrix4::new_translation(&by))
    }

    #[test]
    fn a_head_is_measured_and_placed() {
        let grid = grid();
        let codes = codes(&grid);
        let frames = Frames {
            of_middles: Some(moved(Vector3::zeros())),
            of_coordinates: Some(moved(Vector3::new(0.0, 3.0, 4.0))),
            spread_mm: Some(4.0),
        };
        let anatomy = Anatomy::of(&codes, &frames);
        assert_eq!(
            (anatomy.detail, anatomy.reasons.len()),
            (MapDetail::Regions, 0)
        );
        assert_eq!(anatomy.seen, Some(1.0));
        assert!((anatomy.frames_apart_mm.unwrap() - 5.0).abs() < 1e-9);
        // Rows y of -8, 0 and 8 on either side: six voxels of .512 ml.
        assert!((anatomy.volumes.lateral_ventricles_ml - 6.0 * 0.512).abs() < 1e-9);
        // An ellipsoid has 4/3 π of the product of its half axes: 1666 ml, to the coarse voxels' accuracy.
        assert!(
            (anatomy.volumes.tissue_ml - 1666.0).abs() < 50.0,
            "{}",
            anatomy.volumes.tissue_ml
        );
        let at = WorldPoint::new(1.0, 2.0, 3.0);
        assert_eq!(anatomy.mni_mm(at), Some([1.0, 2.0, 3.0]));
        let by = Matrix4::new_translation(&Vector3::new(10.0, 0.0, -5.0));
        let slab = codes.crop([0..25, 0..30, 12..14]).unwrap();
        let carried = anatomy.carried(&slab, &by);
        assert!(carried.seen.unwrap() < 0.2 && carried.volumes.tissue_ml < 300.0);
        let moved = WorldPoint::new(11.0, 2.0, -2.0);
        assert_eq!(carried.mni_mm(moved), Some([1.0, 2.0, 3.0]));
    }

    #[test]
    fn doubt_costs_detail() {
        let grid = grid();
        let codes = codes(&grid);
        let judged = |frames: Frames| {
            let anatomy = Anatomy::of(&codes, &frames);
            (anatomy.detail, anatomy.reasons)
        };
        let of_middles = Some(moved(Vector3::zeros()));
        let both = |apart: f64| Frames {
            of_middles,
            of_coordinates: Some(moved(Vector3::new(apart, 0.0, 0.0))),
            spread_mm: Some(4.0),
        };
        assert_eq!(
            judged(both(12.0)),
            (MapDetail::Groups, vec![DoubtfulMap::FramesApart])
        );
        assert_eq!(
            judged(both(20.0)),
            (MapDetail::None, vec![DoubtfulMap::FramesApart])
        );
        assert_eq!(
            judged(Frames::default()),
            (MapDetail::None, vec![DoubtfulMap::NoFrame])
        );
        let alone = Frames {
            of_middles: None,
            ..both(0.0)
        };
        assert_eq!(
            judged(alone),
            (MapDetail::Groups, vec![DoubtfulMap::CoordinatesAlone])
        );
        let spread = Frames {
            spread_mm: Some(8.0),
            ..both(0.0)
        };
        assert_eq!(
            judged(spread),
            (MapDetail::Groups, vec![DoubtfulMap::CoordinatesSpread])
        );
        let large = Matrix4::new_nonuniform_scaling(&Vector3::new(1.0, 0.5, 1.0));
        let stretched = Frames {
            of_middles: Some(MniFrame::new(large)),
            ..Frames::default()
        };
        assert_eq!(
            judged(stretched),
            (MapDetail::None, vec![DoubtfulMap::Stretched])
        );
    }

    #[test]
    fn sides_are_compared_where_they_are_whole() {
        let grid = grid();
        let mut codes = codes(&grid);
        let right = Structure::WhiteMatter.code(Side::Right);
        // Half of the right white matter is gone.
        for (offset, code) in codes.voxels_mut().iter_mut().enumerate() {
            if *code == right && grid.index(offset)[1].is_multiple_of(2) {
                *code = 0;
            }
        }
        let frames = Frames {
            of_middles: Some(moved(Vector3::zeros())),
            ..Frames::default()
        };
        let anatomy = Anatomy::of(&codes, &frames);
        assert!((1.8..2.2).contains(&anatomy.side_ratio.unwrap()));
        assert_eq!(anatomy.reasons, [DoubtfulMap::SidesDiffer]);
        // What the field of view cuts is not compared: here all of it.
        let slab = codes.crop([0..25, 0..30, 12..14]).unwrap();
        let anatomy = Anatomy::of(&slab, &frames);
        assert_eq!(
            (anatomy.side_ratio, anatomy.detail),
            (None, MapDetail::Regions)
        );
        assert!(anatomy.seen.unwrap() < 0.2);
    }
}
