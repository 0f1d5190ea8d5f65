//! What an image of a head shows: the structures that anatomists outline.

use super::Side;

/// A structure of the head's inside. The number is that of its class; 0 is all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Structure {
    /// Around the brain and in its sulci.
    OuterFluid = 1,
    /// With its inferior horn and choroid plexus.
    LateralVentricle,
    /// Third, fourth and fifth.
    OtherVentricle,
    Cortex,
    WhiteMatter,
    Thalamus,
    Caudate,
    Putamen,
    Pallidum,
    Accumbens,
    Hippocampus,
    Amygdala,
    VentralDiencephalon,
    Brainstem,
    /// Cortex and white matter.
    Cerebellum,
}

/// Added to a structure's number on the right.
const RIGHT: u8 = 20;

impl Structure {
    /// All of them, by number.
    pub const ALL: [Self; 15] = [
        Self::OuterFluid,
        Self::LateralVentricle,
        Self::OtherVentricle,
        Self::Cortex,
        Self::WhiteMatter,
        Self::Thalamus,
        Self::Caudate,
        Self::Putamen,
        Self::Pallidum,
        Self::Accumbens,
        Self::Hippocampus,
        Self::Amygdala,
        Self::VentralDiencephalon,
        Self::Brainstem,
        Self::Cerebellum,
    ];

    /// Whether there is one on each side. The others have the code of the left.
    #[must_use]
    pub fn is_sided(self) -> bool {
        !matches!(
            self,
            Self::OuterFluid | Self::OtherVentricle | Self::Brainstem
        )
    }

    /// Whether it holds fluid and no tissue.
    #[must_use]
    pub fn is_fluid(self) -> bool {
        matches!(
            self,
            Self::OuterFluid | Self::LateralVentricle | Self::OtherVentricle
        )
    }

    /// Name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OuterFluid => "outer_fluid",
            Self::LateralVentricle => "lateral_ventricle",
            Self::OtherVentricle => "other_ventricle",
            Self::Cortex => "cortex",
            Self::WhiteMatter => "white_matter",
            Self::Thalamus => "thalamus",
            Self::Caudate => "caudate",
            Self::Putamen => "putamen",
            Self::Pallidum => "pallidum",
            Self::Accumbens => "accumbens",
            Self::Hippocampus => "hippocampus",
            Self::Amygdala => "amygdala",
            Self::VentralDiencephalon => "ventral_diencephalon",
            Self::Brainstem => "brainstem",
            Self::Cerebellum => "cerebellum",
        }
    }

    /// The voxel value on a side: 1 to 15 left or of no side, 22 to 35 right.
    #[must_use]
    pub fn code(self, side: Side) -> u8 {
        match side {
            Side::Right if self.is_sided() => self as u8 + RIGHT,
            _ => self as u8,
        }
    }

    /// The structure of a voxel value, and its side where it has one; `None` for all else.
    #[must_use]
    pub fn of_code(code: u8) -> Option<(Self, Option<Side>)> {
        let right = code > RIGHT;
        let number = if right { code - RIGHT } else { code };
        let structure = *Self::ALL.get(usize::from(number.checked_sub(1)?))?;
        match (structure.is_sided(), right) {
            (true, true) => Some((structure, Some(Side::Right))),
            (true, false) => Some((structure, Some(Side::Left))),
            (false, false) => Some((structure, None)),
            (false, true) => None,
        }
    }

    /// The code of FreeSurfer's aseg, cerebellar cortex for the cerebellum and the third ventricle for the
    /// unpaired ones.
    #[must_use]
    pub fn aseg(self, side: Side) -> u16 {
        let [left, right] = match self {
            Self::OuterFluid => [24; 2],
            Self::LateralVentricle => [4, 43],
            Self::OtherVentricle => [14; 2],
            Self::Cortex => [3, 42],
            Self::WhiteMatter => [2, 41],
            Self::Thalamus => [10, 49],
            Self::Caudate => [11, 50],
            Self::Putamen => [12, 51],
            Self::Pallidum => [13, 52],
            Self::Accumbens => [26, 58],
            Self::Hippocampus => [17, 53],
            Self::Amygdala => [18, 54],
            Self::VentralDiencephalon => [28, 60],
            Self::Brainstem => [16; 2],
            Self::Cerebellum => [8, 47],
        };
        match side {
            Side::Left => left,
            Side::Right => right,
        }
    }

    /// The structure of an aseg code and the side that it names; `None` for all else, the callosum (251 to
    /// 255) and vessels (30, 62) among white matter.
    #[must_use]
    pub fn of_aseg(code: u16) -> Option<(Self, Option<Side>)> {
        let structure = match code {
            24 | 85 => Self::OuterFluid,
            4 | 5 | 43 | 44 | 31 | 63 => Self::LateralVentricle,
            14 | 15 | 72 => Self::OtherVentricle,
            3 | 42 => Self::Cortex,
            2 | 41 | 30 | 62 | 77..=79 | 25 | 57 | 251..=255 => Self::WhiteMatter,
            10 | 49 => Self::Thalamus,
            11 | 50 => Self::Caudate,
            12 | 51 => Self::Putamen,
            13 | 52 => Self::Pallidum,
            26 | 58 => Self::Accumbens,
            17 | 53 => Self::Hippocampus,
            18 | 54 => Self::Amygdala,
            28 | 60 => Self::VentralDiencephalon,
            16 => Self::Brainstem,
            7 | 8 | 46 | 47 => Self::Cerebellum,
            _ => return None,
        };
        let side = match code {
            77 | 251..=255 => None,
            _ if !structure.is_sided() => None,
            78 => Some(Side::Left),
            79 => Some(Side::Right),
            2..=31 => Some(Side::Left),
            _ => Some(Side::Right),
        };
        Some((structure, side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back() {
        for structure in Structure::ALL {
            for side in [Side::Left, Side::Right] {
                let sided = structure.is_sided().then_some(side);
                let expected = Some((structure, sided));
                assert_eq!(Structure::of_code(structure.code(side)), expected);
                assert_eq!(Structure::of_aseg(structure.aseg(side)), expected);
            }
        }
        // No right brainstem, no sixteenth structure.
        for none in [0, 16, 20, 34, 36, 40] {
            assert_eq!(Structure::of_code(none), None, "{none}");
        }
        assert_eq!(Structure::of_aseg(77), Some((Structure::WhiteMatter, None)));
        assert_eq!(Structure::of_aseg(515), None);
    }
}
