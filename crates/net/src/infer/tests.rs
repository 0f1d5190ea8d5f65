//! What blending must keep, and what every network must do with odd scans.

use super::*;
use crate::architectures::{
    Architecture, AsppFusion, CoarseConfig, FineConfig, GuidedConfig, GuidedLevel, MmocConfig,
    NormKind, Preset, RlkUnetConfig, Unet3dConfig,
};
use crate::tiling::{Tiling, blend_tiles, tile_starts};
use burn::nn::PaddingConfig3d;
use burn::nn::conv::Conv3dConfig;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use proptest::prelude::*;
use siderin_image::volume::Grid;

fn tiling(patch: [usize; 3], overlap: f64) -> Tiling {
    Tiling {
        patch,
        overlap,
        stride: [2; 3],
    }
}

/// Noise of mean 0 that is the same each time.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 12345u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn prepared(shape: [usize; 3], channels: usize) -> Prepared {
    let grid = Grid::axis_aligned(shape, [1.0, 1.0, 3.0]).unwrap();
    let voxels = noise(grid.voxel_count());
    let image = Volume::new(grid.clone(), voxels).unwrap();
    Prepared {
        images: vec![image; channels],
        brain: Volume::filled(&grid, true),
    }
}

/// A network small enough for tests, of each architecture.
fn tiny(architecture: Architecture) -> ModelConfig {
    let level = |stride, channels| GuidedLevel {
        kernel: [3; 3],
        stride,
        channels,
        blocks: 1,
    };
    match architecture {
        Architecture::RlkUnet => ModelConfig::RlkUnet(RlkUnetConfig {
            width: 8,
            blocks: [1; 4],
            cbam_skips: 3,
            stochastic_depth: [0.0; 4],
            dropout: 0.0,
        }),
        Architecture::Unet3d => ModelConfig::Unet3d(Unet3dConfig {
            inputs: 1,
            filters: [2; 4],
        }),
        Architecture::MmocNet => ModelConfig::MmocNet(MmocConfig {
            coarse: CoarseConfig {
                channels: [2; 5],
                blocks: [1; 4],
            },
            fine: Some(FineConfig {
                channels: 2,
                region: 16,
                dilations: [4, 8, 12],
                fusion: AsppFusion::Sum,
            }),
        }),
        Architecture::GuidedUnet => ModelConfig::GuidedUnet(GuidedConfig {
            inputs: 1,
            levels: vec![level([1; 3], 4), level([2; 3], 6)],
            norm: NormKind::Batch,
            proxy: true,
        }),
        Architecture::Toy => architecture.preset(Preset::Small),
        Architecture::RegionUnet | Architecture::StructureUnet | Architecture::CandidateNet => {
            panic!("makes no map of microbleeds")
        }
    }
}

fn network(config: &ModelConfig) -> Network {
    let device = Device::flex();
    device.seed(11);
    config.init(&device).unwrap()
}

fn predictor(config: &ModelConfig, patch: [usize; 3]) -> Predictor {
    predictor_of(network(config), config, patch)
}

fn predictor_of(network: Network, config: &ModelConfig, patch: [usize; 3]) -> Predictor {
    let inference = InferenceConfig {
        patch,
        overlap: 0.5,
        coarse_threshold: 0.4,
    };
    Predictor::new(network, config, inference, &Compute::cpu()).unwrap()
}

proptest! {
    #[test]
    fn a_constant_network_gives_a_constant_map(
        shape in prop::array::uniform3(1usize..20),
        patch in prop::array::uniform3(1usize..12),
        overlap in 0.0f64..0.9,
    ) {
        let images = [noise(shape.iter().product())];
        let brain = vec![true; images[0].len()];
        let stack = Stack::new(&images, &brain, shape);
        let constant = |x: Tensor<5>| x.zeros_like() + 0.7;
        let map = blend_tiles(&stack, &tiling(patch, overlap), &Device::flex(), constant);
        prop_assert!(map[0].iter().all(|p| (p - 0.7).abs() < 1e-5));
    }

    #[test]
    fn tiles_reach_from_end_to_end_and_overlap_enough(
        length in 1usize..400,
        tile in 1usize..100,
        overlap in 0.0f64..0.9,
    ) {
        let starts = tile_starts(length, tile, overlap);
        prop_assert_eq!(starts[0], 0);
        let last = starts[starts.len() - 1];
        prop_assert_eq!(last, length.saturating_sub(tile));
        // Steps are rounded to voxels.
        let most = (tile as f64 * (1.0 - overlap)).max(1.0) + 1.0;
        for pair in starts.windows(2) {
            prop_assert!(pair[1] > pair[0] && (pair[1] - pair[0]) as f64 <= most);
        }
    }
}

/// Outputs of a part of a volume and of all of it agree where the part's border is out of sight.
/// `start` and `length` are along columns; the other axes are whole.
fn part_agrees(network: &Network, shape: [usize; 3], start: usize, length: usize, sight: usize) {
    let device = Device::flex();
    let [d, h, w] = shape;
    let whole = Tensor::<5>::from_data(TensorData::new(noise(d * h * w), [1, 1, d, h, w]), &device);
    let part = whole.clone().narrow(4, start, length);
    let forward = |x| match network {
        Network::Unet3d(network) => network.head(network.features(x)),
        Network::GuidedUnet(network) => network.head(network.features(x)),
        _ => panic!("a 2D network"),
    };
    let seen = length - 2 * sight;
    let of_part = forward(part).narrow(4, sight, seen);
    let of_whole = forward(whole).narrow(4, start + sight, seen);
    let spread: f32 = of_whole.clone().var(4).mean().into_scalar();
    assert!(spread > 1e-8, "the output hardly varies: {spread}");
    let worst: f32 = (of_part - of_whole).abs().max().into_scalar();
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn a_tile_and_the_whole_agree_inside_the_receptive_field() {
    // Statistics of batch normalisation are frozen in inference. The 3D U-Net looks, in voxels to
    // each side, 2 · (1 + 2 + 4 + 8) on the way down, 2 · 16 at the bottom, 3 · (8 + 4 + 2 + 1) on
    // the way up, and 15 more because pooling rounds to sixteens: 122. Shifts are multiples of 16.
    let unet = network(&tiny(Architecture::Unet3d));
    part_agrees(&unet, [16, 16, 480], 96, 288, 122);
    // Guided: stem 1 and block 2; at half resolution 1 + 2; up 1 + 1 and rounding 1: below 12.
    let guided = network(&tiny(Architecture::GuidedUnet));
    part_agrees(&guided, [16, 16, 96], 22, 64, 12);
}

#[test]
fn a_lesion_on_a_tiles_border_keeps_its_probability() {
    // A bright ball; the "network" is the mean over 5³ voxels, with zeros beyond its tile, through
    // a sigmoid that makes the ball's centre likely.
    let device = Device::flex();
    let mut mean = Conv3dConfig::new([1, 1], [5; 3])
        .with_padding(PaddingConfig3d::Explicit(2, 2, 2))
        .with_bias(false)
        .init(&device);
    let kernel = TensorData::new(vec![1.0f32 / 125.0; 125], [1, 1, 5, 5, 5]);
    mean.weight = burn::module::Param::from_tensor(Tensor::from_data(kernel, &device));
    let shape = [64, 64, 32];
    let peak = |center: [usize; 3], overlap: f64| {
        let grid = Grid::axis_aligned(shape, [1.0; 3]).unwrap();
        let ball = Volume::from_fn(&grid, |index| {
            let squared: usize = (0..3).map(|a| index[a].abs_diff(center[a]).pow(2)).sum();
            if squared <= 5 { 1.0 } else { 0.0 }
        });
        let images = [ball.into_voxels()];
        let brain = vec![true; images[0].len()];
        let stack = Stack::new(&images, &brain, shape);
        let forward = |x| sigmoid(mean.forward(x) * 20.0 - 5.0);
        let map = blend_tiles(&stack, &tiling([32; 3], overlap), &device, forward);
        map[0][grid.offset(center)]
    };
    // Tiles of 32 begin at 0, 16 and 32 with the one overlap, at 0, 16 and 32 as well with the other,
    // because they are spread evenly: 16 and 31 are on borders of one and in the middle of others.
    for overlap in [0.25, 0.5] {
        let middle = peak([48, 48, 16], overlap);
        assert!(middle > 0.9, "{middle}");
        for border in [[16, 32, 16], [31, 31, 16], [16, 16, 16], [32, 15, 16]] {
            let there = peak(border, overlap);
            let lost = (middle - there).abs();
            assert!(lost < 0.02, "{border:?}: {there} of {middle}");
        }
    }
}

#[test]
fn small_scans_single_slices_and_mirrors_are_no_trouble() {
    for architecture in Architecture::making_maps() {
        let predictor = predictor(&tiny(architecture), [16; 3]);
        for shape in [[20, 17, 5], [3, 3, 1], [1, 1, 1], [40, 9, 2]] {
            let found = predictor
                .predict(&prepared(shape, 1), Flips::InPlane)
                .unwrap();
            assert_eq!(found.microbleed.shape(), shape, "{architecture}");
            let range = 0.0..=1.0;
            assert!(found.microbleed.voxels().iter().all(|p| range.contains(p)));
            let has_regions = tiny(architecture).design().learns_regions();
            assert_eq!(found.regions.is_some(), has_regions);
        }
    }
}

#[test]
fn flips_of_a_mirrored_scan_give_the_mirrored_map() {
    for architecture in [Architecture::RlkUnet, Architecture::GuidedUnet] {
        let predictor = predictor(&tiny(architecture), [32; 3]);
        let scan = prepared([32, 24, 8], 1);
        let mut mirrored = scan.clone();
        for image in &mut mirrored.images {
            image
                .voxels_mut()
                .chunks_exact_mut(32)
                .for_each(<[f32]>::reverse);
        }
        let there = predictor.predict(&scan, Flips::InPlane).unwrap().microbleed;
        let back = predictor
            .predict(&mirrored, Flips::InPlane)
            .unwrap()
            .microbleed;
        for (row, other) in there.voxels().chunks(32).zip(back.voxels().chunks(32)) {
            assert!(
                row.iter()
                    .zip(other.iter().rev())
                    .all(|(a, b)| (a - b).abs() < 1e-5)
            );
        }
    }
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let predictor = predictor(&tiny(Architecture::Unet3d), [16; 3]);
    let refused = |scan: &Prepared| predictor.predict(scan, Flips::None).unwrap_err();
    assert_eq!(
        refused(&prepared([8; 3], 2)),
        InferError::Channels {
            given: 2,
            expected: 1
        }
    );
    let mut damaged = prepared([8; 3], 1);
    damaged.images[0].voxels_mut()[5] = f32::NAN;
    assert_eq!(refused(&damaged), InferError::NotFinite);
    let mut elsewhere = prepared([8; 3], 1);
    elsewhere.brain = prepared([8, 8, 9], 1).brain;
    assert_eq!(refused(&elsewhere), InferError::Grids);
    // Weights so large that sums run over to infinity.
    struct Huge;
    impl burn::module::ModuleMapper for Huge {
        fn map_float<const D: usize>(
            &mut self,
            param: burn::module::Param<Tensor<D>>,
        ) -> burn::module::Param<Tensor<D>> {
            param.map(|tensor| tensor * 1e30)
        }
    }
    // The toy's logits overflow, too, but a sigmoid makes numbers of infinity; the others normalise.
    for architecture in Architecture::making_maps().filter(|a| *a != Architecture::Toy) {
        let config = tiny(architecture);
        let huge = burn::module::Module::map(network(&config), &mut Huge);
        let predictor = predictor_of(huge, &config, [16; 3]);
        let error = predictor.predict(&prepared([8; 3], 1), Flips::None);
        assert_eq!(error.unwrap_err(), InferError::Diverged, "{architecture}");
    }
    let no_tile = InferenceConfig {
        patch: [0; 3],
        overlap: 0.5,
        coarse_threshold: 0.5,
    };
    assert!(no_tile.check().is_err());
}
