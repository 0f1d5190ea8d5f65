//! Where a network looked: Grad-CAM (Selvaraju 2017, arXiv 1610.02391) of what goes into its last block.
//!
//! What comes out of that block is one 1×1 convolution away from the logits, so that its Grad-CAM would be the map
//! of logits again, the same for every lesion.

use super::{Cut, Pass, RegionCut, Window, cut_region, floats};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

/// The voxels of one lesion, and the map that is raised to where the network looked for it; both on the grid of
/// the prepared images.
pub struct Heat<'a> {
    /// Offsets of the lesion's voxels, ascending.
    pub marked: &'a [usize],
    /// One for each voxel.
    pub values: &'a mut [f32],
}

/// Looks at the part of each marked slice that the network does: `channels` are the slices that it takes for one,
/// `multiple` is what rows and columns are multiples of.
pub(crate) fn look_in_slices(
    pass: &Pass,
    heat: Heat,
    multiple: usize,
    channels: impl Fn(usize) -> Vec<usize>,
    features: impl Fn(Tensor<4>) -> Tensor<4>,
    head: impl Fn(Tensor<4>) -> Tensor<4>,
) {
    let [nx, ny, _] = pass.stack.shape;
    for (slice, pixels) in by_slice(heat.marked, nx * ny) {
        let Some(window) = Window::around_brain(&pass.stack, slice, multiple) else {
            continue;
        };
        let [w, h] = window.size();
        let at: Vec<usize> = pixels
            .iter()
            .filter_map(|p| window.position(p % nx, p / nx))
            .collect();
        let x = window.take(&pass.stack, &channels(slice), pass.device);
        let marks = marks([1, 1, h, w], &at, pass.device);
        let cam = grad_cam_of_marked(features(x), marks, &head);
        let mut whole = vec![0.0; nx * ny];
        window.keep(cam, &mut whole, [nx, ny]);
        raise(&mut heat.values[slice * nx * ny..][..nx * ny], &whole);
    }
}

/// Looks at a region of `edge` pixels around what is marked in each slice.
pub(crate) fn look_in_region(
    pass: &Pass,
    heat: Heat,
    edge: usize,
    features: impl Fn(Tensor<4>) -> Tensor<4>,
    head: impl Fn(Tensor<4>) -> Tensor<4>,
) {
    let [nx, ny, _] = pass.stack.shape;
    for (slice, pixels) in by_slice(heat.marked, nx * ny) {
        let image = &pass.stack.images[0][slice * nx * ny..][..nx * ny];
        let cut = around(&pixels, nx, edge);
        let x = cut_region(image, [nx, ny], cut, edge);
        let x = Tensor::from_data(TensorData::new(x, [1, 1, edge, edge]), pass.device);
        let inside: Vec<usize> = pixels
            .iter()
            .filter_map(|p| cut.position(p % nx, p / nx, edge))
            .collect();
        let marks = marks([1, 1, edge, edge], &inside, pass.device);
        let cam = grad_cam_of_marked(features(x), marks, &head);
        let slice = &mut heat.values[slice * nx * ny..][..nx * ny];
        cut.put_highest(&floats(cam), slice, [nx, ny], edge);
    }
}

/// Looks at a tile with the lesion in its middle, as far as the volume goes; sizes are multiples of `stride`.
pub(crate) fn look_in_tile(
    pass: &Pass,
    heat: Heat,
    stride: [usize; 3],
    features: impl Fn(Tensor<5>) -> Tensor<5>,
    head: impl Fn(Tensor<5>) -> Tensor<5>,
) {
    let [nx, ny, nz] = pass.stack.shape;
    let volume = [nz, ny, nx];
    let tile = pass.tiling(stride).tile(volume);
    let index = |offset: usize| [offset / (nx * ny), offset / nx % ny, offset % nx];
    let mut sum = [0usize; 3];
    let marked = heat.marked;
    for &offset in marked {
        for (total, at) in sum.iter_mut().zip(index(offset)) {
            *total += at;
        }
    }
    let cut = Cut {
        start: std::array::from_fn(|axis| {
            let middle = sum[axis] / marked.len();
            let last = volume[axis].saturating_sub(tile[axis]);
            middle.saturating_sub(tile[axis] / 2).min(last)
        }),
        tile,
        volume,
    };
    let inside: Vec<usize> = marked
        .iter()
        .filter_map(|&offset| {
            let at = index(offset);
            let local: [usize; 3] =
                std::array::from_fn(|axis| at[axis].wrapping_sub(cut.start[axis]));
            let within = (0..3).all(|axis| local[axis] < tile[axis]);
            within.then(|| (local[0] * tile[1] + local[1]) * tile[2] + local[2])
        })
        .collect();
    let [d, h, w] = tile;
    let x = cut.take(pass.stack.images, pass.device);
    let marks = marks([1, 1, d, h, w], &inside, pass.device);
    let cam = floats(grad_cam_of_marked(features(x), marks, head));
    for (at, inside, n) in cut.rows() {
        raise(&mut heat.values[at..at + n], &cam[inside..inside + n]);
    }
}

/// ReLU(Σ αc Fc), where αc is the mean over space of the slope of the marked logits' sum along
/// feature c: `[1, c, …]` to `[1, 1, …]`.
fn grad_cam_of_marked<const D: usize>(
    features: Tensor<D>,
    marks: Tensor<D>,
    head: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let marks = marks.autodiff();
    grad_cam(features, |features| (head(features) * marks).sum())
}

/// The same of any score: αc is the mean over space of the score's slope along feature c.
pub(crate) fn grad_cam<const D: usize>(
    features: Tensor<D>,
    score: impl FnOnce(Tensor<D>) -> Tensor<1>,
) -> Tensor<D> {
    let tracked = features.clone().autodiff().require_grad();
    let gradients = score(tracked.clone()).backward();
    let Some(slope) = tracked.grad(&gradients) else {
        return features.narrow(1, 0, 1).zeros_like();
    };
    let space: Vec<usize> = (2..D).collect();
    let weights = slope.mean_dims(&space);
    relu((features * weights).sum_dim(1))
}

/// 1 at the given offsets.
fn marks<const D: usize>(shape: [usize; D], at: &[usize], device: &Device) -> Tensor<D> {
    let mut values = vec![0f32; shape.iter().product()];
    for &offset in at {
        values[offset] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Offsets within each slice that has any.
fn by_slice(offsets: &[usize], pixels: usize) -> Vec<(usize, Vec<usize>)> {
    let mut slices: Vec<(usize, Vec<usize>)> = Vec::new();
    for &offset in offsets {
        let (slice, pixel) = (offset / pixels, offset % pixels);
        match slices.last_mut() {
            Some((last, kept)) if *last == slice => kept.push(pixel),
            _ => slices.push((slice, vec![pixel])),
        }
    }
    slices
}

/// A region with the pixels' centre of gravity in its middle.
fn around(pixels: &[usize], nx: usize, region: usize) -> RegionCut {
    let count = pixels.len().max(1);
    let middle = [
        pixels.iter().map(|p| p % nx).sum::<usize>() / count,
        pixels.iter().map(|p| p / nx).sum::<usize>() / count,
    ];
    RegionCut {
        start: middle.map(|at| at as isize - region as isize / 2),
    }
}

fn raise(values: &mut [f32], to: &[f32]) {
    for (value, &other) in values.iter_mut().zip(to) {
        *value = value.max(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::nn::conv::{Conv2d, Conv2dConfig};

    /// A 1×1 convolution of two features without bias.
    fn pointwise(weights: [f32; 2], device: &Device) -> Conv2d {
        let mut conv = Conv2dConfig::new([2, 1], [1, 1])
            .with_bias(false)
            .init(device);
        let weight = TensorData::new(weights.to_vec(), [1, 2, 1, 1]);
        conv.weight = burn::module::Param::from_tensor(Tensor::from_data(weight, device));
        conv.freeze().fork(&device.clone().autodiff())
    }

    /// Two features of four pixels each.
    fn features(values: [f32; 8], device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, 2, 2, 2]), device)
    }

    #[test]
    fn features_that_raise_the_logit_shine_and_others_do_not() {
        // The head adds the first feature and takes the second away. The marked pixel is the first
        // of four, so each weight is the head's over the four pixels: ¼ and −¼.
        let device = Device::flex();
        let head = pointwise([1.0, -1.0], &device);
        let features = features([1.0, 4.0, 0.0, 2.0, 0.0, 1.0, 3.0, 2.0], &device);
        let marks = marks([1, 1, 2, 2], &[0], &device);
        let cam = floats(grad_cam_of_marked(features, marks, |f| head.forward(f)));
        assert_eq!(cam, [0.25, 0.75, 0.0, 0.0]);
    }

    #[test]
    fn two_lesions_of_one_slice_have_maps_of_their_own() {
        // The head is the square of each feature, added: the slope at the first pixel is (2, 0), at
        // the second (0, 4), over four pixels.
        let device = Device::flex();
        let head = pointwise([1.0, 1.0], &device);
        let features = features([1.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 2.0], &device);
        let of = |pixel: usize| {
            let marks = marks([1, 1, 2, 2], &[pixel], &device);
            let square = |f: Tensor<4>| head.forward(f.clone() * f);
            floats(grad_cam_of_marked(features.clone(), marks, square))
        };
        assert_eq!(of(0), [0.5, 0.0, 0.5, 0.0]);
        assert_eq!(of(1), [0.0, 2.0, 0.0, 2.0]);
    }

    #[test]
    fn offsets_go_to_their_slices() {
        assert_eq!(
            by_slice(&[1, 3, 8, 9, 17], 8),
            [(0, vec![1, 3]), (1, vec![0, 1]), (2, vec![1])]
        );
    }
}
