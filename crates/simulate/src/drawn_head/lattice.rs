//! Where in its label map each place of a scan lies.

use super::draw::{Field, Form};
use super::source::HeadSource;
use nalgebra::{Matrix3, Rotation3, Vector3};
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, GridError, VoxelPoint, WorldPoint};

/// The scanned box in head mm.
pub(super) struct ScanBox {
    axes: Rotation3<f64>,
    /// A corner.
    first: Vector3<f64>,
    size_mm: [f64; 3],
}

/// A box is no smaller, whatever is cut.
const LEAST_BOX_MM: f64 = 10.0;

impl ScanBox {
    pub(super) fn of(source: &HeadSource, form: &Form, field: &Field) -> Self {
        let [low, high] = source.brain;
        let middle = 0.5 * (low + high);
        let half = (0.5 * (high - low)).component_mul(&Vector3::from(form.scale));
        let [x, y, z] = field.rotation_deg.map(f64::to_radians);
        let axes = Rotation3::from_axis_angle(&Vector3::z_axis(), z)
            * Rotation3::from_axis_angle(&Vector3::y_axis(), y)
            * Rotation3::from_axis_angle(&Vector3::x_axis(), x);
        let start = Vector3::from_fn(|a, _| field.cut_mm[a][0] - half[a]);
        Self {
            axes,
            first: middle + axes * start,
            size_mm: std::array::from_fn(|a| {
                let [before, behind] = field.cut_mm[a];
                (2.0 * half[a] - before - behind).max(LEAST_BOX_MM)
            }),
        }
    }

    /// Its voxels.
    pub(super) fn grid(&self, voxel_mm: [f64; 3]) -> Result<Grid, GridError> {
        let shape = std::array::from_fn(|a| (self.size_mm[a] / voxel_mm[a]) as usize + 1);
        let mut affine = self.axes.to_homogeneous();
        for (a, mm) in voxel_mm.iter().enumerate() {
            affine.column_mut(a).scale_mut(*mm);
        }
        affine.fixed_view_mut::<3, 1>(0, 3).copy_from(&self.first);
        Grid::new(shape, affine)
    }

    /// A place in mm along the box's axes from its corner.
    fn along(&self, at: WorldPoint) -> Vector3<f64> {
        self.axes.inverse() * (at.0.coords - self.first)
    }
}

/// Voxels of the label map on a coarse lattice along the box's axes; in between, by lines.
pub(super) struct Lattice {
    shape: [usize; 3],
    /// x fastest.
    nodes: Vec<[f32; 3]>,
}

const STEP_MM: f64 = 4.0;
/// Nodes around the box.
const MARGIN: usize = 2;

impl Lattice {
    pub(super) fn of(source: &HeadSource, form: &Form, scan: &ScanBox) -> Self {
        let shape = scan
            .size_mm
            .map(|mm| (mm / STEP_MM).ceil() as usize + 1 + 2 * MARGIN);
        let [low, high] = source.brain;
        let middle = 0.5 * (low + high);
        let [xy, xz, yz] = form.shear;
        let shear = Matrix3::new(1.0, xy, xz, 0.0, 1.0, yz, 0.0, 0.0, 1.0);
        let backward = (shear * Matrix3::from_diagonal(&Vector3::from(form.scale)))
            .try_inverse()
            .unwrap_or_else(Matrix3::identity);
        let growth = source.growth(form.ventricles_ml);
        let bend = Bending::of(form, shape);
        let mut nodes = Vec::with_capacity(shape.iter().product());
        for k in 0..shape[2] {
            for j in 0..shape[1] {
                for i in 0..shape[0] {
                    let along = Vector3::new(i as f64, j as f64, k as f64)
                        .add_scalar(-(MARGIN as f64))
                        * STEP_MM;
                    let here = scan.first + scan.axes * along;
                    let mut from = middle + backward * (here - middle) + bend.at([i, j, k]);
                    if form.mirrored {
                        from.x = 2.0 * middle.x - from.x;
                    }
                    from -= growth.shift(from);
                    let voxel = source.grid.to_voxel(WorldPoint(from.into())).to_array();
                    nodes.push(voxel.map(|v| v as f32));
                }
            }
        }
        Self { shape, nodes }
    }
}

/// Displacements on the lattice's nodes: a cubic B-spline through normal ones.
struct Bending {
    control: Vec<Vector3<f64>>,
    shape: [usize; 3],
    /// Nodes between two control points.
    spacing: f64,
    scale: f64,
}

impl Bending {
    fn of(form: &Form, nodes: [usize; 3]) -> Self {
        let spacing = form.bend.spacing_mm / STEP_MM;
        let shape = nodes.map(|n| (n as f64 / spacing).ceil() as usize + 4);
        let mut stream = Stream::new(form.bend.seed, "bend", 0);
        let control = (0..shape.iter().product::<usize>())
            .map(|_| Vector3::from_fn(|_, _| stream.normal()))
            .collect();
        // Squares of the weights sum to about .48 along each axis.
        const SPREAD: f64 = 0.333;
        Self {
            control,
            shape,
            spacing,
            scale: form.bend.sd_mm / SPREAD,
        }
    }

    fn at(&self, node: [usize; 3]) -> Vector3<f64> {
        let mut first = [0; 3];
        let mut weights = [[0.0; 4]; 3];
        for axis in 0..3 {
            let place = node[axis] as f64 / self.spacing;
            first[axis] = place as usize;
            weights[axis] = spline_weights(place - place.floor());
        }
        let [nx, ny, _] = self.shape;
        let mut sum = Vector3::zeros();
        for (c, wz) in weights[2].iter().enumerate() {
            for (b, wy) in weights[1].iter().enumerate() {
                let row = first[0] + nx * (first[1] + b + ny * (first[2] + c));
                for (a, wx) in weights[0].iter().enumerate() {
                    sum += self.control[row + a] * (wx * wy * wz);
                }
            }
        }
        sum * self.scale
    }
}

/// Of the uniform cubic B-spline.
fn spline_weights(t: f64) -> [f64; 4] {
    let u = 1.0 - t;
    [
        u * u * u / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0,
        t * t * t / 6.0,
    ]
}

/// Points in rows along the lattice's first axis, the place of point i, j, k being `first + [i, j, k] · step` in
/// steps of the lattice.
pub(super) struct Rows<'a> {
    lattice: &'a Lattice,
    first: [f64; 3],
    step: [f64; 3],
    /// Nodes of one row, between the lattice's rows.
    between: Vec<[f32; 3]>,
}

impl<'a> Rows<'a> {
    /// The voxels of a grid whose axes are the box's, each divided into `parts` along each axis over a `share` of
    /// its size.
    pub(super) fn of(
        lattice: &'a Lattice,
        scan: &ScanBox,
        grid: &Grid,
        (parts, share): ([usize; 3], [f64; 3]),
    ) -> Self {
        let spacing = grid.spacing_mm();
        let corner = scan.along(grid.to_world(VoxelPoint::new(0.0, 0.0, 0.0)));
        let step = [0, 1, 2].map(|a| spacing[a] / STEP_MM * share[a] / parts[a] as f64);
        let first = [0, 1, 2].map(|a| {
            let back = (parts[a] as f64 - 1.0) / 2.0;
            corner[a] / STEP_MM + MARGIN as f64 - back * step[a]
        });
        Self {
            lattice,
            first,
            step,
            between: vec![[0.0; 3]; lattice.shape[0]],
        }
    }

    /// Points of a row: voxel (·, j, k) and the part of it along y and z; along x, `points(i, place in the map)` is
    /// called for `n` voxels of `whole` steps and their `parts`.
    pub(super) fn row(
        &mut self,
        [y, z]: [f64; 2],
        x: impl Iterator<Item = f64>,
        mut point: impl FnMut([f32; 3]),
    ) {
        let [nx, ny, nz] = self.lattice.shape;
        let clamp = |at: f64, n: usize| at.clamp(0.0, n as f64 - 1.001);
        let (y, z) = (
            clamp(self.first[1] + y * self.step[1], ny),
            clamp(self.first[2] + z * self.step[2], nz),
        );
        let (j, k) = (y as usize, z as usize);
        let (v, w) = ((y - j as f64) as f32, (z - k as f64) as f32);
        let start = |j: usize, k: usize| nx * (j + ny * k);
        let nodes = &self.lattice.nodes;
        let rows = [
            start(j, k),
            start(j + 1, k),
            start(j, k + 1),
            start(j + 1, k + 1),
        ]
        .map(|at| &nodes[at..at + nx]);
        let weights = [(1.0 - v) * (1.0 - w), v * (1.0 - w), (1.0 - v) * w, v * w];
        for (i, node) in self.between.iter_mut().enumerate() {
            for a in 0..3 {
                node[a] = rows[0][i][a] * weights[0]
                    + rows[1][i][a] * weights[1]
                    + rows[2][i][a] * weights[2]
                    + rows[3][i][a] * weights[3];
            }
        }
        for at in x {
            let at = clamp(self.first[0] + at * self.step[0], nx);
            let i = at as usize;
            let t = (at - i as f64) as f32;
            let (low, high) = (self.between[i], self.between[i + 1]);
            point([0, 1, 2].map(|a| low[a] + t * (high[a] - low[a])));
        }
    }
}
