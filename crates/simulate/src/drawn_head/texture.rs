//! Smooth noise that repeats, so that a look-up takes no more than a few bits of three numbers.

use siderin_image::random::Stream;

/// Voxels along an edge.
const EDGE: usize = 64;

/// Noise of mean 0 and deviation 1 on a cube that repeats.
#[derive(Debug, Clone)]
pub(super) struct Texture {
    /// In steps of 1/32.
    values: Vec<i8>,
}

impl Texture {
    /// White noise, smoothed to a Gaussian of a deviation in voxels.
    pub(super) fn new(sigma: f64, seed: u64) -> Self {
        let mut stream = Stream::new(seed, "texture", 0);
        let mut values: Vec<f64> = (0..EDGE.pow(3)).map(|_| stream.normal()).collect();
        let reach = (3.0 * sigma).ceil() as usize;
        let weights: Vec<f64> = (0..=2 * reach)
            .map(|at| (-0.5 * ((at as f64 - reach as f64) / sigma).powi(2)).exp())
            .collect();
        for stride in [1, EDGE, EDGE * EDGE] {
            let before = values.clone();
            for (at, value) in values.iter_mut().enumerate() {
                let place = at / stride % EDGE;
                let line = at - place * stride;
                *value = weights
                    .iter()
                    .enumerate()
                    .map(|(step, weight)| {
                        let other = (place + step + EDGE * 4 - reach) % EDGE;
                        weight * before[line + other * stride]
                    })
                    .sum();
            }
        }
        let square: f64 = values.iter().map(|v| v * v).sum();
        let deviation = (square / values.len() as f64).sqrt();
        let steps = |v: &f64| (v / deviation * 32.0).round().clamp(-127.0, 127.0) as i8;
        Self {
            values: values.iter().map(steps).collect(),
        }
    }

    /// At a voxel, wherever it lies.
    pub(super) fn at(&self, [x, y, z]: [usize; 3]) -> f32 {
        let inside = |v: usize| v % EDGE;
        let at = inside(x) + EDGE * (inside(y) + EDGE * inside(z));
        f32::from(self.values[at]) / 32.0
    }
}
