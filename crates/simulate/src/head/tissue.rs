//! What each label is, and what the physics needs to know of it.

/// What a voxel of a head is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Tissue {
    Air,
    White,
    Cortex,
    Csf,
    Ventricle,
    Thalamus,
    Caudate,
    Putamen,
    Pallidum,
    Accumbens,
    Hippocampus,
    Amygdala,
    VentralDc,
    Brainstem,
    CerebellarCortex,
    CerebellarWhite,
    Dentate,
    OpticNerve,
    Vein,
    Artery,
    Eye,
    Soft,
    Muscle,
    Mucosa,
    Skin,
    Cord,
    CorticalBone,
    CancellousBone,
}

/// Constants of a tissue at 3 T. Susceptibility in ppm (SI, relative to water); proton
/// density relative to water; T1 in ms; R2* in 1/s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Constants {
    pub(crate) chi_ppm: f64,
    pub(crate) proton_density: f64,
    pub(crate) t1_ms: f64,
    pub(crate) r2star_per_s: f64,
}

impl Tissue {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 28] = [
        Self::Air,
        Self::White,
        Self::Cortex,
        Self::Csf,
        Self::Ventricle,
        Self::Thalamus,
        Self::Caudate,
        Self::Putamen,
        Self::Pallidum,
        Self::Accumbens,
        Self::Hippocampus,
        Self::Amygdala,
        Self::VentralDc,
        Self::Brainstem,
        Self::CerebellarCortex,
        Self::CerebellarWhite,
        Self::Dentate,
        Self::OpticNerve,
        Self::Vein,
        Self::Artery,
        Self::Eye,
        Self::Soft,
        Self::Muscle,
        Self::Mucosa,
        Self::Skin,
        Self::Cord,
        Self::CorticalBone,
        Self::CancellousBone,
    ];

    /// Brain tissue: where a microbleed can be.
    #[must_use]
    pub fn is_parenchyma(self) -> bool {
        matches!(
            self,
            Self::White
                | Self::Cortex
                | Self::Thalamus
                | Self::Caudate
                | Self::Putamen
                | Self::Pallidum
                | Self::Accumbens
                | Self::Hippocampus
                | Self::Amygdala
                | Self::VentralDc
                | Self::Brainstem
                | Self::CerebellarCortex
                | Self::CerebellarWhite
                | Self::Dentate
        )
    }

    /// Water without tissue, inside the skull.
    #[must_use]
    pub fn is_fluid(self) -> bool {
        matches!(self, Self::Csf | Self::Ventricle)
    }

    /// Bone of either kind.
    pub(crate) fn is_bone(self) -> bool {
        matches!(self, Self::CorticalBone | Self::CancellousBone)
    }

    /// Susceptibility, R2*, T1 and proton density of white matter, cortex, CSF, pallidum,
    /// putamen, blood and the iron-bearing nuclei are as published for 3 T (susceptibility:
    /// Schenck 1996, doi 10.1118/1.597854, and Deistung 2013, doi
    /// 10.1016/j.neuroimage.2012.09.055; R2*: Péran 2009, doi 10.1002/mrm.21825); those of
    /// tissues outside the brain are round numbers that look right.
    pub(crate) fn constants(self) -> Constants {
        let (chi_ppm, proton_density, t1_ms, r2star_per_s) = match self {
            Self::Air => (9.4, 0.0, 1000.0, 50.0),
            Self::White => (-0.03, 0.70, 850.0, 21.0),
            Self::Cortex => (0.02, 0.82, 1400.0, 17.0),
            Self::Csf | Self::Ventricle => (0.0, 1.0, 4000.0, 2.5),
            Self::Thalamus => (0.02, 0.77, 1200.0, 21.0),
            Self::Caudate => (0.05, 0.82, 1350.0, 22.0),
            Self::Putamen => (0.07, 0.81, 1300.0, 26.0),
            Self::Pallidum => (0.16, 0.74, 1050.0, 38.0),
            Self::Accumbens => (0.04, 0.82, 1350.0, 20.0),
            Self::Hippocampus | Self::Amygdala => (0.02, 0.82, 1400.0, 17.0),
            Self::VentralDc => (0.095, 0.75, 1000.0, 30.0),
            Self::Brainstem => (0.0, 0.72, 1000.0, 21.0),
            Self::CerebellarCortex => (0.02, 0.83, 1400.0, 18.0),
            Self::CerebellarWhite => (-0.02, 0.71, 900.0, 22.0),
            Self::Dentate => (0.10, 0.75, 1100.0, 32.0),
            Self::OpticNerve | Self::Cord => (-0.02, 0.72, 950.0, 21.0),
            Self::Vein => (0.35, 0.80, 1650.0, 45.0),
            Self::Artery => (0.0, 0.80, 1650.0, 15.0),
            Self::Eye => (0.0, 1.0, 4000.0, 3.0),
            Self::Soft => (0.0, 0.75, 900.0, 35.0),
            Self::Muscle => (0.0, 0.78, 1400.0, 35.0),
            Self::Mucosa => (0.0, 0.85, 1500.0, 25.0),
            Self::Skin => (0.0, 0.80, 450.0, 40.0),
            Self::CorticalBone => (-2.2, 0.05, 300.0, 600.0),
            Self::CancellousBone => (-1.0, 0.55, 400.0, 90.0),
        };
        Constants {
            chi_ppm,
            proton_density,
            t1_ms,
            r2star_per_s,
        }
    }
}

/// A label of the map: a tissue, or something to be filled from its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Known(Tissue),
    /// A code that the source of the maps uses without a name.
    Unnamed,
}

/// The meaning of a code: FreeSurfer's aseg, and the codes outside the brain of the
/// whole-head maps of Billot 2023 (doi 10.1016/j.media.2023.102789).
pub(crate) fn label_of(code: u16) -> Option<Label> {
    let tissue = match code {
        0 => Tissue::Air,
        // Lesions and hypointensities of white matter are taken as white matter here: the
        // simulator draws its own.
        2 | 41 | 25 | 57 | 77..=79 => Tissue::White,
        3 | 42 => Tissue::Cortex,
        4 | 5 | 14 | 43 | 44 | 72 => Tissue::Ventricle,
        15 | 24 => Tissue::Csf,
        7 | 46 => Tissue::CerebellarWhite,
        8 | 47 => Tissue::CerebellarCortex,
        10 | 49 => Tissue::Thalamus,
        11 | 50 => Tissue::Caudate,
        12 | 51 => Tissue::Putamen,
        13 | 52 => Tissue::Pallidum,
        16 => Tissue::Brainstem,
        17 | 53 => Tissue::Hippocampus,
        18 | 54 => Tissue::Amygdala,
        26 | 58 => Tissue::Accumbens,
        28 | 60 => Tissue::VentralDc,
        31 | 63 => Tissue::Ventricle,
        85 | 530 => Tissue::OpticNerve,
        251..=255 => Tissue::White,
        30 | 62 | 514 => Tissue::Vein,
        502 => Tissue::Artery,
        506 => Tissue::Eye,
        507 => Tissue::Soft,
        508 => Tissue::Muscle,
        509 => Tissue::Mucosa,
        511 => Tissue::Skin,
        512 => Tissue::Cord,
        515 => Tissue::CorticalBone,
        516 => Tissue::CancellousBone,
        136 | 137 | 163 | 164 => return Some(Label::Unnamed),
        _ => return None,
    };
    Some(Label::Known(tissue))
}

/// The tissue of a code that has a name; air for one that has none.
#[must_use]
pub fn tissue_of(code: u16) -> Tissue {
    match label_of(code) {
        Some(Label::Known(tissue)) => tissue,
        _ => Tissue::Air,
    }
}

/// The code a tissue's voxels get where the simulator makes them itself.
pub(crate) const CSF_CODE: u16 = 24;
