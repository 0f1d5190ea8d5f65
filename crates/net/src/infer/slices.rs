//! Slice by slice, each with its neighbours.

use super::Stack;
use crate::model::SLICES;
use burn::tensor::{Device, Tensor, TensorData};

/// Probabilities from a network that takes a slice between its neighbours as three channels,
/// `[1, 3, h, w]`, and gives `[1, 1, h, w]`. The first and last slice are their own neighbour.
///
/// `multiple` is what rows and columns must be multiples of; they are filled up with zeros.
pub(super) fn over_slices(
    stack: &Stack,
    multiple: usize,
    device: &Device,
    forward: impl Fn(Tensor<4>) -> Tensor<4>,
) -> Vec<f32> {
    let [nx, ny, nz] = stack.shape;
    let mut out = vec![0.0; nx * ny * nz];
    for (k, probabilities) in out.chunks_exact_mut(nx * ny).enumerate() {
        if !has_brain(stack, k) {
            continue;
        }
        let neighbours: [usize; SLICES] = [k.saturating_sub(1), k, (k + 1).min(nz - 1)];
        let x = padded(stack, &neighbours, multiple, device);
        keep(forward(x), probabilities, [nx, ny]);
    }
    out
}

pub(super) fn has_brain(stack: &Stack, slice: usize) -> bool {
    let [nx, ny, _] = stack.shape;
    stack.brain[slice * nx * ny..][..nx * ny].contains(&true)
}

/// Slices of the first image as channels of one sample, filled up with zeros behind.
pub(crate) fn padded(
    stack: &Stack,
    slices: &[usize],
    multiple: usize,
    device: &Device,
) -> Tensor<4> {
    let [nx, ny, _] = stack.shape;
    let (w, h) = (nx.next_multiple_of(multiple), ny.next_multiple_of(multiple));
    let mut values = vec![0f32; slices.len() * h * w];
    for (channel, &slice) in slices.iter().enumerate() {
        for row in 0..ny {
            let from = &stack.images[0][(slice * ny + row) * nx..][..nx];
            values[(channel * h + row) * w..][..nx].copy_from_slice(from);
        }
    }
    Tensor::from_data(TensorData::new(values, [1, slices.len(), h, w]), device)
}

/// The part of a padded output `[1, 1, h, w]` that is the slice.
pub(super) fn keep(output: Tensor<4>, slice: &mut [f32], [nx, ny]: [usize; 2]) {
    let w = output.dims()[3];
    let values = floats(output);
    for (row, kept) in slice.chunks_exact_mut(nx).enumerate().take(ny) {
        kept.copy_from_slice(&values[row * w..][..nx]);
    }
}

/// The numbers of a tensor, last axis fastest.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .try_into_vec_as()
        .expect("a network's output can be read as floats")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_has_its_neighbours_and_the_ends_have_themselves() {
        // Slice k holds k everywhere; the "network" gives previous + 10 · centre + 100 · next.
        let shape = [5, 3, 4];
        let image: Vec<f32> = (0..60).map(|at| (at / 15) as f32).collect();
        let brain = vec![true; 60];
        let images = [image];
        let stack = Stack::new(&images, &brain, shape);
        let out = over_slices(&stack, 8, &Device::flex(), |x| {
            assert_eq!(x.dims(), [1, 3, 8, 8]);
            x.clone().narrow(1, 0, 1) + x.clone().narrow(1, 1, 1) * 10.0 + x.narrow(1, 2, 1) * 100.0
        });
        let of_slice: Vec<f32> = out.chunks(15).map(|slice| slice[7]).collect();
        assert_eq!(of_slice, [100.0, 210.0, 321.0, 332.0]);
        assert!(
            out.chunks(15)
                .all(|slice| slice.iter().all(|v| *v == slice[0]))
        );
    }

    #[test]
    fn one_slice_is_enough() {
        let images = [vec![2.0; 6]];
        let brain = [true; 6];
        let stack = Stack::new(&images, &brain, [3, 2, 1]);
        let out = over_slices(&stack, 8, &Device::flex(), |x| x.sum_dim(1));
        assert_eq!(out, [6.0; 6]);
    }

    #[test]
    fn slices_without_brain_are_left_out() {
        let images = [vec![1.0; 12]];
        let mut brain = [true; 12];
        brain[..6].fill(false);
        let stack = Stack::new(&images, &brain, [3, 2, 2]);
        let out = over_slices(&stack, 8, &Device::flex(), |x| x.narrow(1, 0, 1));
        assert_eq!(out[..6], [0.0; 6]);
        assert_eq!(out[6..], [1.0; 6]);
    }
}
