use burn::tensor::Tensor;

/// Voxels of a cube.
pub const CUBE: usize = 8;

/// Cubes of voxels become channels: `[n, c, d, h, w]` to `[n, 8 c, d / 2, h / 2, w / 2]`.
pub(crate) fn to_channels(x: Tensor<5>) -> Tensor<5> {
    let [n, c, d, h, w] = x.dims();
    let [d, h, w] = [d / 2, h / 2, w / 2];
    x.reshape([n, c, d, 2, h, 2, w, 2])
        .permute([0, 1, 3, 5, 7, 2, 4, 6])
        .reshape([n, c * CUBE, d, h, w])
}
