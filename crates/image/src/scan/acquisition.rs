//! What is known of how a scan was acquired, and where each fact comes from.

use serde::Serialize;
use std::fmt;

/// A fact about the acquisition with its source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known<T> {
    /// The fact.
    pub value: T,
    /// Where it was read.
    pub origin: Origin,
}

/// Where a fact was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A DICOM attribute.
    Dicom(&'static str),
    /// A field of the BIDS sidecar.
    Sidecar(&'static str),
    /// The file's name.
    FileName,
    /// Derived from other facts.
    Derived,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dicom(attribute) => write!(f, "DICOM {attribute}"),
            Self::Sidecar(field) => write!(f, "sidecar {field}"),
            Self::FileName => f.write_str("file name"),
            Self::Derived => f.write_str("derived"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the voxel values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Signal magnitude, also where it was weighted by a phase mask (SWI).
    Magnitude,
    /// Signal phase.
    Phase,
    /// Real part.
    Real,
    /// Imaginary part.
    Imaginary,
    /// A projection over several slices (minimum or maximum intensity).
    Projection,
    /// A map computed from several images (susceptibility, field, R2*…).
    Map,
    /// Not said by the file.
    Unknown,
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magnitude => "magnitude",
            Self::Phase => "phase",
            Self::Real => "real part",
            Self::Imaginary => "imaginary part",
            Self::Projection => "intensity projection",
            Self::Map => "computed map",
            Self::Unknown => "component not stated",
        })
    }
}

/// The kind of image, as far as the metadata tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sequence {
    /// Gradient echo with T2* weighting.
    T2StarGre,
    /// Gradient echo whose echo time is too short for T2* weighting.
    ShortTeGre,
    /// Gradient-echo echo-planar imaging.
    GreEpi,
    /// Susceptibility-weighted imaging.
    Swi,
    /// T1-weighted.
    T1w,
    /// T2-weighted spin echo.
    T2w,
    /// Fluid-attenuated inversion recovery.
    Flair,
    /// Diffusion.
    Diffusion,
    /// Not told by the metadata.
    Unknown,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::T2StarGre => "T2*-weighted gradient echo",
            Self::ShortTeGre => "gradient echo with a short echo time",
            Self::GreEpi => "gradient-echo EPI",
            Self::Swi => "susceptibility-weighted (SWI)",
            Self::T1w => "T1-weighted",
            Self::T2w => "T2-weighted spin echo",
            Self::Flair => "FLAIR",
            Self::Diffusion => "diffusion",
            Self::Unknown => "sequence not stated",
        })
    }
}

/// What is known of the acquisition; unknown fields are `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Acquisition {
    /// Main field in tesla.
    pub field_strength_t: Option<Known<f64>>,
    /// Echo time in milliseconds.
    pub te_ms: Option<Known<f64>>,
    /// Repetition time in milliseconds.
    pub tr_ms: Option<Known<f64>>,
    /// Inversion time in milliseconds.
    pub ti_ms: Option<Known<f64>>,
    /// Flip angle in degrees.
    pub flip_angle_deg: Option<Known<f64>>,
    /// Thickness of a slice in mm (the spacing between slices may differ).
    pub slice_thickness_mm: Option<Known<f64>>,
    /// The kind of image.
    pub sequence: Option<Known<Sequence>>,
    /// Magnitude, phase, …
    pub component: Option<Known<Component>>,
    /// Maker of the scanner.
    pub vendor: Option<Known<String>>,
    /// Model of the scanner.
    pub model: Option<Known<String>>,
    /// Name of the series as the operator set it.
    pub series_description: Option<Known<String>>,
    /// Number of the series in its study.
    pub series_number: Option<Known<i64>>,
}

impl Acquisition {
    /// The component, [`Component::Unknown`] where nothing says.
    #[must_use]
    pub fn component(&self) -> Component {
        self.component
            .as_ref()
            .map_or(Component::Unknown, |known| known.value)
    }

    /// The sequence, [`Sequence::Unknown`] where nothing says.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
            .as_ref()
            .map_or(Sequence::Unknown, |known| known.value)
    }
}

/// What metadata say about the pulse sequence, in the words DICOM and BIDS share.
#[derive(Debug, Default)]
pub(crate) struct SequenceHints<'a> {
    /// ScanningSequence (0018,0020): SE, IR, GR, EP, RM.
    pub scanning_sequence: &'a [String],
    /// ImageType (0008,0008).
    pub image_type: &'a [String],
    /// Echoes per excitation.
    pub echo_train_length: Option<f64>,
    /// Series description, protocol name, BIDS suffix: free text.
    pub texts: &'a [String],
    /// Echo time in ms.
    pub te_ms: Option<f64>,
    /// Inversion time in ms.
    pub ti_ms: Option<f64>,
    /// Main field in tesla.
    pub field_strength_t: Option<f64>,
}

/// Below this product of echo time and field (ms·T) a gradient echo has little T2*
/// weighting: 10 ms at 3 T, 20 ms at 1.5 T. Microbleed protocols lie at 30 to 100
/// (Greenberg 2009, doi 10.1016/S1474-4422(09)70013-4: TE 25-40 ms at 1.5 T).
const T2STAR_WEIGHTED_TE_FIELD: f64 = 30.0;

/// A gradient echo with more echoes per excitation reads a plane in few shots: multi-echo
/// susceptibility scans have up to a dozen.
const EPI_ECHO_TRAIN: f64 = 16.0;

impl SequenceHints<'_> {
    /// The kind of image these hints tell of.
    pub(crate) fn sequence(&self) -> Sequence {
        let any = |values: &[String], wanted: &[&str]| {
            values
                .iter()
                .any(|value| wanted.iter().any(|w| value.eq_ignore_ascii_case(w)))
        };
        let text = self.texts.join(" ").to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let gradient = any(self.scanning_sequence, &["GR"]);
        let spin = any(self.scanning_sequence, &["SE"]);
        let planar = any(self.scanning_sequence, &["EP"])
            || self
                .echo_train_length
                .is_some_and(|echoes| echoes > EPI_ECHO_TRAIN);
        let inversion = any(self.scanning_sequence, &["IR"]) || self.ti_ms.is_some_and(|t| t > 0.0);

        if any(self.image_type, &["SWI"]) || says(&["swi", "swan", "suscept"]) {
            return Sequence::Swi;
        }
        if any(self.image_type, &["DIFFUSION", "ADC", "TRACEW", "FA"]) || says(&["dwi", "_dti"]) {
            return Sequence::Diffusion;
        }
        if says(&["flair", "dark-fluid", "dark_fluid"]) {
            return Sequence::Flair;
        }
        if says(&["t1w", "mprage", "t1_", "t1-", "bravo", "_tfl"]) {
            return Sequence::T1w;
        }
        if spin && inversion && self.ti_ms.is_some_and(|ti| ti > 1500.0) {
            return Sequence::Flair;
        }
        if gradient && inversion {
            return Sequence::T1w;
        }
        let t2star_named = says(&["t2star", "t2*", "t2_star", "hemo", "t2s_", "_gre", "fl2d"]);
        if gradient || t2star_named {
            if planar || says(&["epi", "bold"]) {
                return Sequence::GreEpi;
            }
            return match (self.te_ms, self.field_strength_t) {
                (Some(te), field) if te * field.unwrap_or(3.0) < T2STAR_WEIGHTED_TE_FIELD => {
                    Sequence::ShortTeGre
                }
                (Some(_), _) => Sequence::T2StarGre,
                (None, _) if t2star_named => Sequence::T2StarGre,
                (None, _) => Sequence::Unknown,
            };
        }
        if spin && !inversion && self.te_ms.is_some_and(|te| te > 60.0) || says(&["t2w"]) {
            return Sequence::T2w;
        }
        Sequence::Unknown
    }
}

/// The component that DICOM's ImageType or BIDS's ImageType says, if any.
///
/// Value 3 carries it on Siemens, UIH and in enhanced images (M, P, R, I), values 3-5 on
/// Philips (M_FFE, `PHASE MAP`); SWI and projections are named in any value.
pub(crate) fn component_of_image_type(image_type: &[String]) -> Option<Component> {
    let has = |wanted: &[&str]| {
        image_type
            .iter()
            .any(|value| wanted.iter().any(|w| value.eq_ignore_ascii_case(w)))
    };
    if has(&[
        "MNIP",
        "MINIP",
        "MIN IP",
        "MIP",
        "PROJECTION IMAGE",
        "MIN_IP",
    ]) {
        return Some(Component::Projection);
    }
    if has(&[
        "ADC",
        "FA",
        "TRACEW",
        "R2",
        "R2*",
        "T2 MAP",
        "T2_STAR MAP",
        "T1 MAP",
        "QSM",
        "FIELDMAP",
        "B0",
        "B0 MAP",
    ]) {
        return Some(Component::Map);
    }
    if has(&["P", "PHASE", "PHASE MAP", "P_FFE", "PHASE_MAP"]) {
        return Some(Component::Phase);
    }
    if has(&["R", "REAL", "R_FFE"]) {
        return Some(Component::Real);
    }
    if has(&["I", "IMAGINARY", "I_FFE"]) {
        return Some(Component::Imaginary);
    }
    if has(&["M", "MAGNITUDE", "M_FFE", "SWI"]) {
        return Some(Component::Magnitude);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn components_as_vendors_write_them() {
        let of = |values: &[&str]| component_of_image_type(&words(values));
        // Siemens, Philips, enhanced, BIDS from dcm2niix, projections and SWI.
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "M", "ND"]),
            Some(Component::Magnitude)
        );
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "P", "ND"]),
            Some(Component::Phase)
        );
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]),
            Some(Component::Magnitude)
        );
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]),
            Some(Component::Phase)
        );
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "M", "NONE", "MAGNITUDE"]),
            Some(Component::Magnitude)
        );
        assert_eq!(
            of(&["DERIVED", "PRIMARY", "M", "MNIP"]),
            Some(Component::Projection)
        );
        assert_eq!(
            of(&["ORIGINAL", "PRIMARY", "M", "SWI"]),
            Some(Component::Magnitude)
        );
        assert_eq!(of(&["DERIVED", "SECONDARY"]), None);
    }

    #[test]
    fn sequences_from_hints() {
        let scanning = words(&["GR"]);
        let gradient = |te, field| {
            SequenceHints {
                scanning_sequence: &scanning,
                te_ms: Some(te),
                field_strength_t: Some(field),
                ..Default::default()
            }
            .sequence()
        };
        assert_eq!(gradient(20.0, 3.0), Sequence::T2StarGre);
        assert_eq!(gradient(4.0, 3.0), Sequence::ShortTeGre);
        assert_eq!(gradient(15.0, 7.0), Sequence::T2StarGre);
        let planar = words(&["GR", "EP"]);
        let hints = SequenceHints {
            scanning_sequence: &planar,
            te_ms: Some(30.0),
            ..Default::default()
        };
        assert_eq!(hints.sequence(), Sequence::GreEpi);
        // Philips names EPI by its echo train alone.
        let hints = SequenceHints {
            scanning_sequence: &scanning,
            te_ms: Some(30.0),
            echo_train_length: Some(43.0),
            ..Default::default()
        };
        assert_eq!(hints.sequence(), Sequence::GreEpi);
        let inversion = words(&["GR", "IR"]);
        let hints = SequenceHints {
            scanning_sequence: &inversion,
            te_ms: Some(2.4),
            ..Default::default()
        };
        assert_eq!(hints.sequence(), Sequence::T1w);
        let names = words(&["t2_swi3d_tra_p2"]);
        let hints = SequenceHints {
            texts: &names,
            ..Default::default()
        };
        assert_eq!(hints.sequence(), Sequence::Swi);
    }
}
