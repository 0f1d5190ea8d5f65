//! Where a network looked: Grad-CAM (Selvaraju 2017, arXiv 1610.02391) of what goes into its last
//! block.
//!
//! What comes out of that block is one 1×1 convolution away from the logits, so that its Grad-CAM
//! would be the map of logits again, the same for every lesion. A network of candidates has its own
//! ([`crate::CandidateDetector::heat`]), at half the pixels of its fine view.

use crate::detect::{Detection, Detector};
use crate::infer::{Cut, RegionCut, Stack, Window, cut_region, floats};
use crate::model::{COARSE_STRIDE, Network, RLK_STRIDE};
use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::Matrix4;
use siderin_core::lesion::{Lesion, label_volume};
use siderin_image::volume::{
    Grid, Interpolation, ResampleError, Volume, resample, resample_nearest,
};

/// Lesions that are explained; of more, the surest. The report shows no more pictures.
pub const EXPLAINED: usize = 300;

/// For each lesion, the features that go into the last block are weighed by how much the lesion's
/// logits grow with them, and added; what is above zero is scaled to 1 at its largest. The map holds
/// the highest of these over the first [`EXPLAINED`] lesions, on the scan's grid. None where no
/// network ran.
///
/// # Errors
/// When the scan's grid cannot be reached from the network's.
pub fn heat_map(
    detector: &Detector,
    detection: &Detection,
) -> Result<Option<Volume<f32>>, ResampleError> {
    let Some(maps) = &detection.maps else {
        return Ok(None);
    };
    let (native, same) = (detection.brain.grid(), Matrix4::identity());
    let working = maps.prepared.brain.grid();
    let labels = resample_nearest(&label_volume(native, &detection.lesions), working, &same, 0)?;
    let images: Vec<Vec<f32>> = maps
        .prepared
        .images
        .iter()
        .map(|image| image.voxels().to_vec())
        .collect();
    let predictor = detector.predictor();
    let explainer = Explainer {
        detector,
        stack: Stack::new(&images, maps.prepared.brain.voxels(), working.shape()),
        // Frozen, so that normalisation stays as it is in inference.
        head: predictor
            .network()
            .clone()
            .freeze()
            .fork(&predictor.device().clone().autodiff()),
    };
    let lesions = &detection.lesions[..detection.lesions.len().min(EXPLAINED)];
    let mut heat = Volume::filled(working, 0f32);
    for (lesion, marked) in lesions.iter().zip(marked_voxels(lesions, &labels)) {
        let marked = if marked.is_empty() {
            vec![nearest_voxel(lesion, working)]
        } else {
            marked
        };
        let mut own = vec![0f32; working.voxel_count()];
        explainer.look(&marked, &mut own);
        let most = own.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            for (all, own) in heat.voxels_mut().iter_mut().zip(own) {
                *all = all.max(own / most);
            }
        }
    }
    resample(&heat, native, &same, Interpolation::Linear, 0.0).map(Some)
}

/// The voxels of each lesion on the network's grid, by the lesions' order, which is their labels'.
fn marked_voxels(lesions: &[Lesion], labels: &Volume<u16>) -> Vec<Vec<usize>> {
    let mut marked = vec![Vec::new(); lesions.len()];
    for (offset, &label) in labels.voxels().iter().enumerate() {
        let lesion = usize::from(label).checked_sub(1);
        if let Some(voxels) = lesion.and_then(|at| marked.get_mut(at)) {
            voxels.push(offset);
        }
    }
    marked
}

/// The voxel of the network's grid closest to a lesion that is smaller than its voxels.
fn nearest_voxel(lesion: &Lesion, grid: &Grid) -> usize {
    let at = grid.to_voxel(lesion.center_world).to_array();
    let index = std::array::from_fn(|axis| {
        (at[axis].round().max(0.0) as usize).min(grid.shape()[axis] - 1)
    });
    grid.offset(index)
}

struct Explainer<'a> {
    detector: &'a Detector,
    stack: Stack<'a>,
    /// The network on a device with gradients.
    head: Network,
}

impl Explainer<'_> {
    /// Raises `heat` to the lesion's map; `marked` are its voxels on the network's grid.
    fn look(&self, marked: &[usize], heat: &mut [f32]) {
        let [nx, ny, _] = self.stack.shape;
        match (self.detector.predictor().network(), &self.head) {
            (Network::RlkUnet(network), Network::RlkUnet(head)) => {
                let last = self.stack.shape[2] - 1;
                self.look_in_slices(
                    (marked, RLK_STRIDE),
                    heat,
                    |k| [k.saturating_sub(1), k, (k + 1).min(last)].to_vec(),
                    |x, marks| grad_cam_of_marked(network.features(x), marks, |f| head.head(f)),
                );
            }
            (Network::MmocNet(network), Network::MmocNet(head)) => {
                match (&network.fine, &head.fine) {
                    (Some(fine), Some(head)) => {
                        let region = self.detector.predictor().region();
                        for (slice, pixels) in by_slice(marked, nx * ny) {
                            let image = &self.stack.images[0][slice * nx * ny..][..nx * ny];
                            let cut = around(&pixels, nx, region);
                            let x = cut_region(image, [nx, ny], cut, region);
                            let x = Tensor::from_data(
                                TensorData::new(x, [1, 1, region, region]),
                                self.device(),
                            );
                            let inside: Vec<usize> = pixels
                                .iter()
                                .filter_map(|p| cut.position(p % nx, p / nx, region))
                                .collect();
                            let marks = marks([1, 1, region, region], &inside, self.device());
                            let cam = grad_cam_of_marked(fine.features(x), marks, |f| head.head(f));
                            let slice = &mut heat[slice * nx * ny..][..nx * ny];
                            cut.put_highest(&floats(cam), slice, [nx, ny], region);
                        }
                    }
                    _ => self.look_in_slices(
                        (marked, COARSE_STRIDE),
                        heat,
                        |k| vec![k],
                        |x, marks| {
                            grad_cam_of_marked(network.coarse.features(x), marks, |f| {
                                head.coarse.head(f)
                            })
                        },
                    ),
                }
            }
            (Network::Unet3d(network), Network::Unet3d(head)) => {
                self.look_in_tile(
                    marked,
                    heat,
                    |x| network.features(x),
                    |f| head.head(f).narrow(1, 1, 1),
                );
            }
            (Network::GuidedUnet(network), Network::GuidedUnet(head)) => {
                // Microbleeds are the last class.
                let logit = |f| {
                    let logits = head.head(f);
                    let last = logits.dims()[1] - 1;
                    logits.narrow(1, last, 1)
                };
                self.look_in_tile(marked, heat, |x| network.features(x), logit);
            }
            _ => unreachable!("the head was forked from the network"),
        }
    }

    /// The part of each slice that the network looks at; `channels` are the slices that a network takes for one, `multiple` what rows
    /// and columns are multiples of.
    fn look_in_slices(
        &self,
        (marked, multiple): (&[usize], usize),
        heat: &mut [f32],
        channels: impl Fn(usize) -> Vec<usize>,
        cam: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<4>,
    ) {
        let [nx, ny, _] = self.stack.shape;
        for (slice, pixels) in by_slice(marked, nx * ny) {
            let Some(window) = Window::around_brain(&self.stack, slice, multiple) else {
                continue;
            };
            let [w, h] = window.size();
            let at: Vec<usize> = pixels
                .iter()
                .filter_map(|p| window.position(p % nx, p / nx))
                .collect();
            let x = window.take(&self.stack, &channels(slice), self.device());
            let cam = cam(x, marks([1, 1, h, w], &at, self.device()));
            let mut whole = vec![0.0; nx * ny];
            window.keep(cam, &mut whole, [nx, ny]);
            raise(&mut heat[slice * nx * ny..][..nx * ny], &whole);
        }
    }

    /// A tile with the lesion in its middle, as far as the volume goes.
    fn look_in_tile(
        &self,
        marked: &[usize],
        heat: &mut [f32],
        features: impl Fn(Tensor<5>) -> Tensor<5>,
        head: impl Fn(Tensor<5>) -> Tensor<5>,
    ) {
        let [nx, ny, nz] = self.stack.shape;
        let volume = [nz, ny, nx];
        let predictor = self.detector.predictor();
        let tile = predictor.tiling(predictor.stride()).tile(volume);
        let index = |offset: usize| [offset / (nx * ny), offset / nx % ny, offset % nx];
        let mut sum = [0usize; 3];
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
        let x = cut.take(self.stack.images, self.device());
        let marks = marks([1, 1, d, h, w], &inside, self.device());
        let cam = floats(grad_cam_of_marked(features(x), marks, head));
        for (at, inside, n) in cut.rows() {
            raise(&mut heat[at..at + n], &cam[inside..inside + n]);
        }
    }

    fn device(&self) -> &Device {
        self.detector.predictor().device()
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
