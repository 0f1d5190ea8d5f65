//! Intensities of a sample, changed as drawn.

use super::augment::IntensityDraw;
use siderin_image::preprocess::gaussian_smooth;
use siderin_image::random::Stream;
use siderin_image::volume::{Grid, Volume};

/// Changes one image of `size` slices, rows and columns. Voxels that are exactly 0 are blank (outside
/// of the scan or far from the brain) and stay so.
pub(super) fn change_intensities(
    image: &mut [f32],
    size: [usize; 3],
    spacing_mm: [f64; 3],
    draw: &IntensityDraw,
) {
    let blank: Vec<bool> = image.iter().map(|value| *value == 0.0).collect();
    if draw.blur_mm > 0.0 {
        blur(image, size, spacing_mm, draw.blur_mm);
    }
    if let Some((points, share)) = draw.curve {
        bend(image, &blank, points, share);
    }
    if let Some(terms) = draw.bias {
        shade(image, size, &terms);
    }
    let [factor, summand] = draw.linear.map(|number| number as f32);
    let mut noise = draw
        .noise
        .map(|(deviation, seed)| (deviation, Stream::new(seed, "noise", 0)));
    for (value, blank) in image.iter_mut().zip(blank) {
        *value = *value * factor + summand;
        if let Some((deviation, stream)) = &mut noise {
            *value += (*deviation * stream.normal()) as f32;
        }
        if blank {
            *value = 0.0;
        }
    }
}

fn blur(image: &mut [f32], size: [usize; 3], spacing_mm: [f64; 3], sigma_mm: f64) {
    let [d, h, w] = size;
    let Ok(grid) = Grid::axis_aligned([w, h, d], spacing_mm) else {
        return;
    };
    if let Ok(volume) = Volume::new(grid, image.to_vec())
        && let Ok(smooth) = gaussian_smooth(volume, sigma_mm)
    {
        image.copy_from_slice(smooth.voxels());
    }
}

/// Steps of the table that holds a curve.
const STEPS: usize = 1024;

/// Maps the range of the voxels that are not blank onto itself by a cubic Bézier curve from its
/// lowest to its highest value.
fn bend(image: &mut [f32], blank: &[bool], points: [[f64; 2]; 2], share: f64) {
    let values = || {
        image
            .iter()
            .zip(blank)
            .filter(|(_, blank)| !**blank)
            .map(|(v, _)| *v)
    };
    let low = values().fold(f32::INFINITY, f32::min);
    let high = values().fold(f32::NEG_INFINITY, f32::max);
    // An image that is blank or even has no range.
    if high <= low || !high.is_finite() {
        return;
    }
    let table = bezier(points);
    for value in image.iter_mut() {
        let x = ((*value - low) / (high - low)).clamp(0.0, 1.0);
        let curved = low + (high - low) * table[(x * (STEPS - 1) as f32).round() as usize];
        *value += share as f32 * (curved - *value);
    }
}

/// Height of the curve from (0, 0) over two points to (1, 1) at even steps of its abscissa. With
/// points in the unit square both coordinates grow along the curve, so it is a monotone function.
fn bezier([p, q]: [[f64; 2]; 2]) -> Vec<f32> {
    let at = |t: f64, axis: usize| {
        let s = 1.0 - t;
        3.0 * s * s * t * p[axis] + 3.0 * s * t * t * q[axis] + t * t * t
    };
    let mut t = 0.0;
    (0..STEPS)
        .map(|step| {
            let x = step as f64 / (STEPS - 1) as f64;
            while at(t, 0) < x && t < 1.0 {
                t += 0.25 / STEPS as f64;
            }
            at(t.min(1.0), 1) as f32
        })
        .collect()
}

/// Multiplies the height above the lowest value by a smooth factor; `terms` are the linear and then
/// the square coefficients along columns, rows and slices, which run from −1 to 1.
fn shade(image: &mut [f32], size: [usize; 3], terms: &[f64; 6]) {
    let [d, h, w] = size;
    let low = image.iter().copied().fold(f32::INFINITY, f32::min);
    let along = |axis: usize, at: usize, length: usize| {
        let u = (2 * at + 1) as f64 / length as f64 - 1.0;
        terms[axis] * u + terms[axis + 3] * u * u
    };
    for (k, slice) in image.chunks_exact_mut(w * h).enumerate() {
        for (j, row) in slice.chunks_exact_mut(w).enumerate() {
            let outer = along(2, k, d) + along(1, j, h);
            for (i, value) in row.iter_mut().enumerate() {
                let factor = (outer + along(0, i, w)).exp() as f32;
                *value = low + (*value - low) * factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw() -> IntensityDraw {
        IntensityDraw::default()
    }

    fn changed(values: &[f32], draw: &IntensityDraw) -> Vec<f32> {
        let mut image = values.to_vec();
        change_intensities(&mut image, [1, 1, values.len()], [1.0; 3], draw);
        image
    }

    #[test]
    fn nothing_drawn_changes_nothing_and_blank_stays_blank() {
        let values = [0.0, -1.0, 2.0, 0.5];
        assert_eq!(changed(&values, &draw()), values);
        let lighter = IntensityDraw {
            linear: [2.0, 1.0],
            noise: Some((0.1, 3)),
            ..draw()
        };
        let lighter = changed(&values, &lighter);
        assert_eq!(lighter[0], 0.0);
        assert!((lighter[2] - 5.0).abs() < 1.0 && lighter[2] != 5.0);
    }

    #[test]
    fn a_curve_keeps_its_ends_and_the_order() {
        // Inner points on the diagonal at thirds: the straight line.
        let third = 1.0 / 3.0;
        let line = bezier([[third; 2], [2.0 * third; 2]]);
        for (step, value) in line.iter().enumerate() {
            assert!((value - step as f32 / 1023.0).abs() < 2e-3);
        }
        // Half of t at x(½) for points (0, 1) and (0, 1): x = t³, y = 1 − (1 − t)³; x = ⅛ at t = ½,
        // where y = ⅞.
        let steep = bezier([[0.0, 1.0], [0.0, 1.0]]);
        assert!((steep[128] - 0.875).abs() < 3e-3, "{}", steep[128]);
        assert!(steep.windows(2).all(|pair| pair[0] <= pair[1]));
        let bent = IntensityDraw {
            curve: Some(([[0.0, 1.0], [0.0, 1.0]], 1.0)),
            ..draw()
        };
        let out = changed(&[1.0, 2.0, 5.0], &bent);
        assert!((out[0] - 1.0).abs() < 1e-6 && (out[2] - 5.0).abs() < 1e-6);
        assert!(out[1] > 3.0);
    }

    #[test]
    fn shading_grows_from_one_side_to_the_other() {
        let shaded = IntensityDraw {
            bias: Some([0.5, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ..draw()
        };
        // u is −½ and ½ for two voxels; 1 above the lowest of three values.
        let out = changed(&[1.0, 2.0, 2.0, 2.0], &shaded);
        let above = |at: usize| f64::from(out[at]) - 1.0;
        assert!((above(3) / above(1) - (0.5f64 * (0.75 + 0.25)).exp()).abs() < 1e-4);
    }

    #[test]
    fn blurring_spreads_and_keeps_the_sum() {
        let blurred = IntensityDraw {
            blur_mm: 1.0,
            ..draw()
        };
        let mut values = [1e-9; 21];
        values[10] = 1.0;
        let out = changed(&values, &blurred);
        assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        assert!(out[10] < 0.5 && out[8] > 0.01);
    }
}
