//! Where in the brain: the 13 regions of MARS, left and right.
//!
//! Two sources: a parcellation of FreeSurfer or SynthSeg ([`from_parcellation`]), which is
//! preferred where there is one, and a geometric partition of anatomical labels without lobes
//! ([`partition`]), whose agreement with an anatomist is unknown.

mod anatomy;
mod contrast;
mod geometry;
mod lobes;
mod mni_frame;
mod parcellation;
mod partition;
mod structure;
mod voxel_class;

pub use anatomy::{Anatomy, DoubtfulMap, Frames, MapDetail, Volumes, without_cut};
pub use contrast::ClassMaps;
pub use mni_frame::{MNI_SPACE, MniFrame, StructureMiddle, structure_middles};
pub use parcellation::{ParcellationError, from_parcellation, structures_of_parcellation};
pub use partition::{PartitionError, partition, partition_in};
pub use structure::Structure;
pub use voxel_class::VoxelClass;

use serde::{Deserialize, Serialize};

/// A region of the Microbleed Anatomical Rating Scale (Gregoire 2009, doi
/// 10.1212/WNL.0b013e3181c34a7d).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Region {
    Brainstem = 1,
    Cerebellum,
    BasalGanglia,
    Thalamus,
    InternalCapsule,
    ExternalCapsule,
    CorpusCallosum,
    /// Within 10 mm of a lateral ventricle.
    DeepWhiteMatter,
    Frontal,
    Parietal,
    Temporal,
    Occipital,
    Insula,
}

/// The three groups of MARS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RegionGroup {
    Infratentorial,
    Deep,
    Lobar,
}

/// Side of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Side {
    Left,
    Right,
}

/// Added to a region's number on the right.
const RIGHT: u8 = 20;
/// Fluid inside the skull.
pub const FLUID_CODE: u8 = 40;

impl Region {
    /// All regions, in the order of the form.
    pub const ALL: [Self; 13] = [
        Self::Brainstem,
        Self::Cerebellum,
        Self::BasalGanglia,
        Self::Thalamus,
        Self::InternalCapsule,
        Self::ExternalCapsule,
        Self::CorpusCallosum,
        Self::DeepWhiteMatter,
        Self::Frontal,
        Self::Parietal,
        Self::Temporal,
        Self::Occipital,
        Self::Insula,
    ];

    /// The group it is counted in.
    #[must_use]
    pub fn group(self) -> RegionGroup {
        match self {
            Self::Brainstem | Self::Cerebellum => RegionGroup::Infratentorial,
            Self::BasalGanglia
            | Self::Thalamus
            | Self::InternalCapsule
            | Self::ExternalCapsule
            | Self::CorpusCallosum
            | Self::DeepWhiteMatter => RegionGroup::Deep,
            Self::Frontal | Self::Parietal | Self::Temporal | Self::Occipital | Self::Insula => {
                RegionGroup::Lobar
            }
        }
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brainstem => "brainstem",
            Self::Cerebellum => "cerebellum",
            Self::BasalGanglia => "basal_ganglia",
            Self::Thalamus => "thalamus",
            Self::InternalCapsule => "internal_capsule",
            Self::ExternalCapsule => "external_capsule",
            Self::CorpusCallosum => "corpus_callosum",
            Self::DeepWhiteMatter => "deep_white_matter",
            Self::Frontal => "frontal",
            Self::Parietal => "parietal",
            Self::Temporal => "temporal",
            Self::Occipital => "occipital",
            Self::Insula => "insula",
        }
    }

    /// The voxel value of the region on a side: 1 to 13 left, 21 to 33 right.
    #[must_use]
    pub fn code(self, side: Side) -> u8 {
        self as u8
            + match side {
                Side::Left => 0,
                Side::Right => RIGHT,
            }
    }

    /// The region and side of a voxel value; none for background and fluid.
    #[must_use]
    pub fn of_code(code: u8) -> Option<(Self, Side)> {
        let (number, side) = if code > RIGHT {
            (code - RIGHT, Side::Right)
        } else {
            (code, Side::Left)
        };
        let region = *Self::ALL.get(usize::from(number.checked_sub(1)?))?;
        Some((region, side))
    }
}

impl Side {
    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

impl RegionGroup {
    /// All, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Infratentorial, Self::Deep, Self::Lobar];

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Infratentorial => "infratentorial",
            Self::Deep => "deep",
            Self::Lobar => "lobar",
        }
    }
}

/// The table of voxel values as lines of tab-separated text, as BIDS wants beside a
/// segmentation: index, name, side, group.
#[must_use]
pub fn region_table() -> String {
    let mut table = String::from("index\tname\tside\tgroup\n");
    for side in [Side::Left, Side::Right] {
        for region in Region::ALL {
            table += &format!(
                "{}\t{}\t{}\t{}\n",
                region.code(side),
                region.name(),
                side.name(),
                region.group().name()
            );
        }
    }
    table + &format!("{FLUID_CODE}\tfluid\tn/a\tn/a\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back() {
        for region in Region::ALL {
            for side in [Side::Left, Side::Right] {
                assert_eq!(Region::of_code(region.code(side)), Some((region, side)));
            }
        }
        for none in [0, 14, 20, 34, FLUID_CODE] {
            assert_eq!(Region::of_code(none), None);
        }
        assert_eq!(region_table().lines().count(), 1 + 26 + 1);
    }
}
