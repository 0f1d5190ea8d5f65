//! A batch on its way through a network, and what its loss depends on besides.

use super::PatchBatch;
use crate::loss::{DeepSupervision, LossConfig};
use burn::tensor::{Device, Tensor, TensorData};
use siderin_core::regions::VoxelClass;

pub(crate) const MICROBLEED: u8 = VoxelClass::Microbleed as u8;

/// A batch, and what its loss depends on besides the network.
pub(crate) struct Step<'a> {
    pub(crate) batch: &'a PatchBatch,
    pub(crate) loss: &'a LossConfig,
    /// Probability from which the cascade looks again.
    pub(crate) coarse_threshold: f32,
    /// Regions of a batch that the cascade's second stage sees.
    pub(crate) regions: usize,
    pub(crate) seed: u64,
    /// With gradients.
    pub(crate) device: &'a Device,
}

impl Step<'_> {
    /// The loss of all outputs of a network, finest first.
    pub(crate) fn deep(&self) -> DeepSupervision {
        DeepSupervision {
            weights: self.loss.levels.clone(),
            loss: self.loss.of.clone(),
        }
    }

    /// `[n, slices, h, w]`: slices as channels.
    pub(crate) fn slices(&self) -> Tensor<4> {
        let [n, _, d, h, w] = self.batch.shape;
        let data = TensorData::new(self.batch.images.clone(), [n, d, h, w]);
        Tensor::from_data(data, self.device)
    }

    /// `[n, images, d, h, w]`.
    pub(crate) fn patches(&self) -> Tensor<5> {
        let data = TensorData::new(self.batch.images.clone(), self.batch.shape);
        Tensor::from_data(data, self.device)
    }

    /// `[n, 1, h, w]`: microbleeds of the middle slice.
    pub(crate) fn mask2d(&self) -> Tensor<4> {
        let [n, _, d, h, w] = self.batch.shape;
        let values: Vec<f32> = self
            .batch
            .classes
            .chunks_exact(d * h * w)
            .flat_map(|sample| &sample[d / 2 * h * w..][..h * w])
            .map(|class| f32::from(u8::from(*class == MICROBLEED)))
            .collect();
        Tensor::from_data(TensorData::new(values, [n, 1, h, w]), self.device)
    }

    /// `[n, classes, d, h, w]`: 1 where a voxel is of the class.
    pub(crate) fn one_hot(&self, classes: &[&dyn Fn(u8) -> bool]) -> Tensor<5> {
        let [n, _, d, h, w] = self.batch.shape;
        let mut values = Vec::with_capacity(n * classes.len() * d * h * w);
        for sample in self.batch.classes.chunks_exact(d * h * w) {
            for is_of in classes {
                values.extend(
                    sample
                        .iter()
                        .map(|class| f32::from(u8::from(is_of(*class)))),
                );
            }
        }
        let shape = [n, classes.len(), d, h, w];
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    /// Background and microbleed, `[n, 2, d, h, w]`.
    pub(crate) fn two_classes(&self) -> Tensor<5> {
        self.one_hot(&[&|class| class != MICROBLEED, &is_microbleed])
    }
}

pub(crate) fn is_microbleed(class: u8) -> bool {
    class == MICROBLEED
}
