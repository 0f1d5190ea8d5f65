//! Sizes that make a network, and not one beyond any computer.

use super::{GuidedConfig, ModelConfig};
use siderin_core::candidates::VIEW_VERSION;

/// Sizes of which no network can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("configuring a network: {what} is {value}; {expected}")]
pub struct ConfigError {
    what: &'static str,
    value: String,
    expected: &'static str,
}

/// More channels than any of the papers' networks, by far.
const MOST_CHANNELS: usize = 2048;
const MOST_BLOCKS: usize = 32;
/// Halvings beyond which no scan has voxels left.
const MOST_LEVELS: usize = 9;

fn hold(
    right: bool,
    what: &'static str,
    value: &impl std::fmt::Debug,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if right {
        return Ok(());
    }
    Err(ConfigError {
        what,
        value: format!("{value:?}"),
        expected,
    })
}

impl ModelConfig {
    /// # Errors
    /// Names the first setting that is impossible.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let channels = |counts: &[usize]| {
            counts
                .iter()
                .all(|count| (1..=MOST_CHANNELS).contains(count))
        };
        let blocks =
            |counts: &[usize]| counts.iter().all(|count| (1..=MOST_BLOCKS).contains(count));
        const CHANNELS: &str = "channels must be from 1 to 2048";
        const BLOCKS: &str = "every stage needs 1 to 32 blocks";
        const INPUTS: &str = "1 (T2*), 2 (T2* and T1w) and 3 (T2*, T1w and T2w) are possible";
        match self {
            Self::RlkUnet(c) => {
                let width = c.width.is_multiple_of(8) && channels(&[c.width]) && c.width <= 256;
                hold(
                    width,
                    "width",
                    &c.width,
                    "it must be a multiple of 8 up to 256",
                )?;
                hold(blocks(&c.blocks), "blocks", &c.blocks, BLOCKS)?;
                hold(
                    c.cbam_skips <= 3,
                    "cbam_skips",
                    &c.cbam_skips,
                    "there are three skips",
                )?;
                let rates = c.stochastic_depth.iter().chain([&c.dropout]);
                hold(
                    rates.clone().all(|rate| (0.0..1.0).contains(rate)),
                    "stochastic_depth or dropout",
                    &rates.collect::<Vec<_>>(),
                    "rates must be from 0 to below 1",
                )
            }
            Self::Unet3d(c) => {
                hold((1..=3).contains(&c.inputs), "inputs", &c.inputs, INPUTS)?;
                hold(channels(&c.filters), "filters", &c.filters, CHANNELS)
            }
            Self::MmocNet(c) => {
                hold(
                    channels(&c.coarse.channels),
                    "coarse.channels",
                    &c.coarse.channels,
                    CHANNELS,
                )?;
                hold(
                    blocks(&c.coarse.blocks),
                    "coarse.blocks",
                    &c.coarse.blocks,
                    BLOCKS,
                )?;
                let Some(fine) = &c.fine else {
                    return Ok(());
                };
                hold(
                    channels(&[fine.channels]),
                    "fine.channels",
                    &fine.channels,
                    CHANNELS,
                )?;
                hold(
                    (8..=256).contains(&fine.region) && fine.region.is_multiple_of(2),
                    "fine.region",
                    &fine.region,
                    "an even number of pixels from 8 to 256 is needed",
                )?;
                hold(
                    fine.dilations.iter().all(|d| (1..=64).contains(d)),
                    "fine.dilations",
                    &fine.dilations,
                    "dilations must be from 1 to 64",
                )
            }
            Self::GuidedUnet(c) => check_guided(c, CHANNELS, BLOCKS, INPUTS),
            Self::RegionUnet(c) => hold(channels(&c.filters), "filters", &c.filters, CHANNELS),
            Self::CandidateNet(c) => {
                hold(
                    c.views == VIEW_VERSION,
                    "views",
                    &c.views,
                    "this siderin shows candidates in another way; train the network anew",
                )?;
                let counts = [&c.channels[..], &[c.hidden]].concat();
                hold(channels(&counts), "channels or hidden", &counts, CHANNELS)?;
                hold(
                    (0.0..1.0).contains(&c.dropout),
                    "dropout",
                    &c.dropout,
                    "a rate must be from 0 to below 1",
                )
            }
        }
    }
}

fn check_guided(
    c: &GuidedConfig,
    channels: &'static str,
    blocks: &'static str,
    inputs: &'static str,
) -> Result<(), ConfigError> {
    hold((1..=3).contains(&c.inputs), "inputs", &c.inputs, inputs)?;
    hold(
        (2..=MOST_LEVELS).contains(&c.levels.len()),
        "the number of levels",
        &c.levels.len(),
        "2 to 9 levels are possible",
    )?;
    let stride = c.stride();
    hold(
        stride.iter().all(|&stride| stride <= 64),
        "the product of the levels' strides",
        &stride,
        "64 along each axis is the most",
    )?;
    for (at, level) in c.levels.iter().enumerate() {
        let odd = level.kernel.iter().all(|k| [1, 3, 5, 7].contains(k));
        hold(
            odd,
            "a level's kernel",
            &level.kernel,
            "1, 3, 5 and 7 are possible",
        )?;
        let strides = level.stride.iter().all(|s| [1, 2].contains(s));
        hold(
            strides && (at > 0 || level.stride == [1; 3]),
            "a level's stride",
            &level.stride,
            "1 and 2 are possible, and 1 alone at the first level",
        )?;
        let wide = (1..=MOST_CHANNELS).contains(&level.channels);
        hold(wide, "a level's channels", &level.channels, channels)?;
        let deep = (1..=MOST_BLOCKS).contains(&level.blocks);
        hold(deep, "a level's blocks", &level.blocks, blocks)?;
    }
    Ok(())
}
