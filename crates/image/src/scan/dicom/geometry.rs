//! Placing a group of frames in the patient, and refusing groups that are no volume.

use super::frame::Frame;
use super::grouping::{FrameGroup, SAME_POSITION_MM};
use crate::volume::{Grid, GridError};
use nalgebra::{Matrix4, Vector3};

/// Frames that do not make one volume. Positions are along the slice normal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum GeometryError {
    #[error(
        "placing slices: the series mixes slice orientations ({angle_deg:.1}° apart at {position_mm:.2} mm); it is a localizer or several scans in one, give one orientation only"
    )]
    MixedOrientation { angle_deg: f64, position_mm: f64 },
    #[error(
        "placing slices: the slice at {position_mm:.2} mm is there {times} times, others once or differently often; remove the repeated or incomplete slices and keep one complete set"
    )]
    RepeatedPosition { position_mm: f64, times: usize },
    #[error(
        "placing slices: a slice is missing between {from_mm:.2} mm and {to_mm:.2} mm (a gap of {gap_mm:.2} mm where {expected_mm:.2} mm is regular); export the complete series again"
    )]
    MissingSlice {
        from_mm: f64,
        to_mm: f64,
        gap_mm: f64,
        expected_mm: f64,
    },
    #[error(
        "placing slices: slices are unevenly spaced ({gap_mm:.2} mm between {from_mm:.2} mm and {to_mm:.2} mm, {expected_mm:.2} mm elsewhere); slices may be missing or from another scan, export the complete series again"
    )]
    UnequalSpacing {
        from_mm: f64,
        to_mm: f64,
        gap_mm: f64,
        expected_mm: f64,
    },
    #[error(
        "placing slices: slices lie {found_mm:.2} mm apart from {from_mm:.2} mm on, the scanner declares {declared_mm:.2} mm; slices seem to be left out evenly, export the complete series again"
    )]
    SlicesSkipped {
        from_mm: f64,
        found_mm: f64,
        declared_mm: f64,
    },
    #[error(
        "placing slices: pixel sizes differ within the series ({found:?} mm at {position_mm:.2} mm, {expected:?} mm elsewhere); give one scan only"
    )]
    MixedPixelSpacing {
        found: [f64; 2],
        expected: [f64; 2],
        position_mm: f64,
    },
    #[error(
        "placing slices: the slice at {position_mm:.2} mm lies {off_mm:.2} mm beside its place in the stack; it is of another scan or was moved, give one scan only"
    )]
    Displaced { position_mm: f64, off_mm: f64 },
    #[error("placing slices: {0}")]
    Grid(#[from] GridError),
}

/// Frames in the order of their slices, and the grid they make.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub frames: Vec<Frame>,
    /// Frames that claim to be one of these; [`super::load_voxels`] checks that they are.
    pub copies: Vec<Frame>,
    pub grid: Grid,
    /// Slice spacing minus slice thickness in mm, where slices leave a gap.
    pub gap_mm: Option<f64>,
}

/// Cosine of the angle at which two slices count as differently oriented (0.57°).
const SAME_ORIENTATION: f64 = 0.99995;
/// A slice this far from its place in the stack is not of it.
const DISPLACED_MM: f64 = 0.2;
/// Positions are written with few digits: gaps may differ by this share, or by 0.05 mm.
const SPACING_TOLERANCE: f64 = 0.02;

/// Orders the frames by position along their normal and builds the voxel-to-world affine
/// (RAS+) from the positions themselves, never from declared spacing:
/// first axis along columns, second along rows, third along the normal.
pub(crate) fn place(group: &FrameGroup) -> Result<Placed, GeometryError> {
    let mut frames = group.frames.clone();
    let reference = frames[0].clone();
    let normal = reference.normal();
    let along = |frame: &Frame| frame.position_lps.coords.dot(&normal);
    for frame in &frames {
        let cosine = frame
            .normal()
            .dot(&normal)
            .min(frame.row_direction.dot(&reference.row_direction));
        if cosine < SAME_ORIENTATION {
            return Err(GeometryError::MixedOrientation {
                angle_deg: cosine.clamp(-1.0, 1.0).acos().to_degrees(),
                position_mm: frame.position_along_normal_mm(),
            });
        }
        let differs = (0..2).any(|i| {
            (frame.pixel_spacing_mm[i] / reference.pixel_spacing_mm[i] - 1.0).abs() > 1e-3
        });
        if differs {
            return Err(GeometryError::MixedPixelSpacing {
                found: frame.pixel_spacing_mm,
                expected: reference.pixel_spacing_mm,
                position_mm: along(frame),
            });
        }
    }
    frames.sort_by(|a, b| along(a).total_cmp(&along(b)));
    let positions: Vec<f64> = frames.iter().map(along).collect();
    let spacing_mm = check_spacing(&positions, &frames)?;

    let last = frames.len() - 1;
    let step = if last == 0 {
        normal * spacing_mm
    } else {
        (frames[last].position_lps - frames[0].position_lps) / last as f64
    };
    check_stacked(&frames, step, spacing_mm)?;
    let grid = grid_of(&frames[0], step, frames.len())?;
    let thickness = reference
        .acquisition
        .slice_thickness_mm
        .as_ref()
        .map(|known| known.value);
    let gap_mm = thickness
        .filter(|_| last > 0)
        .map(|thickness| spacing_mm - thickness)
        .filter(|&gap| gap > 0.01);
    Ok(Placed {
        frames,
        copies: group.copies.clone(),
        grid,
        gap_mm,
    })
}

/// Refuses slices that do not lie on one line: first those that jump away from the slice
/// before, then those that drift.
fn check_stacked(
    frames: &[Frame],
    step: Vector3<f64>,
    spacing_mm: f64,
) -> Result<(), GeometryError> {
    let tolerance_mm = (spacing_mm * SPACING_TOLERANCE).max(DISPLACED_MM);
    let steps: Vec<Vector3<f64>> = frames
        .windows(2)
        .map(|pair| pair[1].position_lps - pair[0].position_lps)
        .collect();
    let usual = Vector3::from_fn(|axis, _| {
        let mut along: Vec<f64> = steps.iter().map(|step| step[axis]).collect();
        along.sort_by(f64::total_cmp);
        along.get(along.len() / 2).copied().unwrap_or(0.0)
    });
    let jumps = steps
        .iter()
        .map(|step| (step - usual).norm())
        .zip(&frames[1..]);
    let drifts = frames.iter().enumerate().map(|(k, frame)| {
        let expected = frames[0].position_lps + step * k as f64;
        ((frame.position_lps - expected).norm(), frame)
    });
    match jumps
        .chain(drifts)
        .find(|(off_mm, _)| *off_mm > tolerance_mm)
    {
        Some((off_mm, frame)) => Err(GeometryError::Displaced {
            position_mm: frame.position_along_normal_mm(),
            off_mm,
        }),
        None => Ok(()),
    }
}

/// The one spacing between slices, in mm.
fn check_spacing(positions: &[f64], frames: &[Frame]) -> Result<f64, GeometryError> {
    let reference = &frames[0];
    let thickness = reference
        .acquisition
        .slice_thickness_mm
        .as_ref()
        .map(|known| known.value);
    let declared = reference.declared_spacing_mm;
    let mut gaps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.is_empty() {
        return Ok(declared.or(thickness).unwrap_or(1.0));
    }
    if let Some(at) = gaps.iter().position(|&gap| gap < SAME_POSITION_MM) {
        let position_mm = positions[at];
        let times = positions
            .iter()
            .filter(|&&p| (p - position_mm).abs() < SAME_POSITION_MM)
            .count();
        return Err(GeometryError::RepeatedPosition { position_mm, times });
    }
    gaps.sort_by(f64::total_cmp);
    // The lower median: with three slices and one missing between, the smaller gap is
    // the regular one.
    let expected_mm = gaps[(gaps.len() - 1) / 2];
    let tolerance = (expected_mm * SPACING_TOLERANCE).max(0.05);
    for pair in positions.windows(2) {
        let (from_mm, to_mm, gap_mm) = (pair[0], pair[1], pair[1] - pair[0]);
        if (gap_mm - expected_mm).abs() <= tolerance {
            continue;
        }
        let multiple = gap_mm / expected_mm;
        return Err(
            if multiple > 1.5 && (multiple - multiple.round()).abs() < 0.1 {
                GeometryError::MissingSlice {
                    from_mm,
                    to_mm,
                    gap_mm,
                    expected_mm,
                }
            } else {
                GeometryError::UnequalSpacing {
                    from_mm,
                    to_mm,
                    gap_mm,
                    expected_mm,
                }
            },
        );
    }
    let mean = (positions[positions.len() - 1] - positions[0]) / (positions.len() - 1) as f64;
    check_declared(
        mean,
        positions[0],
        declared,
        thickness,
        numbered_without_gaps(frames),
    )?;
    Ok(mean)
}

/// Refuses a spacing that is a multiple of the declared one: slices were left out evenly.
/// Where "spacing between slices" holds the gap alone, as some scanners write it, its sum
/// with the thickness fits, the slices are numbered without gaps, and nothing is wrong; nor is it where the thickness
/// itself fits: GDCM writes a spacing of 1 mm into every slice that it converts.
fn check_declared(
    found_mm: f64,
    from_mm: f64,
    declared: Option<f64>,
    thickness: Option<f64>,
    numbered_without_gaps: bool,
) -> Result<(), GeometryError> {
    let Some(declared_mm) = declared else {
        return Ok(());
    };
    let close = |a: f64, b: f64| (a - b).abs() <= (b * SPACING_TOLERANCE).max(0.05);
    let declared_wrong = numbered_without_gaps
        && thickness
            .is_some_and(|thick| close(found_mm, declared_mm + thick) || close(found_mm, thick));
    let multiple = (found_mm / declared_mm).round();
    if !declared_wrong && multiple >= 2.0 && close(found_mm, multiple * declared_mm) {
        return Err(GeometryError::SlicesSkipped {
            from_mm,
            found_mm,
            declared_mm,
        });
    }
    Ok(())
}

/// Whether neighbouring slices are numbered one apart, by instance or by frame.
fn numbered_without_gaps(frames: &[Frame]) -> bool {
    let number = |frame: &Frame| frame.instance_number + i64::from(frame.frame_index);
    frames
        .windows(2)
        .all(|pair| (number(&pair[1]) - number(&pair[0])).abs() == 1)
}

/// PS3.3 C.7.6.2.1.1: PixelSpacing is (between rows, between columns); LPS becomes RAS by
/// turning the first two world axes.
fn grid_of(first: &Frame, step: Vector3<f64>, slices: usize) -> Result<Grid, GridError> {
    let [between_rows, between_columns] = first.pixel_spacing_mm;
    let columns = [
        first.row_direction * between_columns,
        first.column_direction * between_rows,
        step,
        first.position_lps.coords,
    ];
    let mut affine = Matrix4::identity();
    for (column, vector) in columns.iter().enumerate() {
        affine[(0, column)] = -vector.x;
        affine[(1, column)] = -vector.y;
        affine[(2, column)] = vector.z;
    }
    Grid::new(
        [first.columns as usize, first.rows as usize, slices],
        affine,
    )
}
