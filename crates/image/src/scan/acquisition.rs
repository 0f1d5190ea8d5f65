//! What is known of how a scan was acquired, and where each fact comes from.

use super::text::{find_words, names, words};
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

/// The same of what can be one echo of an SWI: 5 ms at 3 T.
const SHORTEST_SWI_TE_FIELD: f64 = 15.0;

/// A gradient echo with more echoes per excitation reads a plane in few shots: multi-echo
/// susceptibility scans have up to a dozen.
const EPI_ECHO_TRAIN: f64 = 16.0;

/// Words that name a kind of image: the short ones of scanners, and those that operators write in English, German,
/// French and Spanish. `VEN_BOLD` is venography by BOLD contrast, an early name of SWI.
mod named {
    pub(super) const SWI: &[&str] = &[
        "swi",
        "swip",
        "swan",
        "eswan",
        "fsbb",
        "ven bold",
        "susceptibility",
        "suszeptibilität",
        "suszeptibilitaet",
        "suszeptibilitäts",
        "suszeptibilitätsgewichtet",
        "susceptibilité",
        "susceptibilite",
        "susceptibilidad",
    ];
    pub(super) const DIFFUSION: &[&str] = &[
        "dwi",
        "dti",
        "adc",
        "tracew",
        "diff",
        "diffusion",
        "diffusionsgewichtet",
        "difusión",
        "difusion",
    ];
    pub(super) const FLAIR: &[&str] = &["flair", "dark fluid", "darkfluid"];
    pub(super) const T1: &[&str] = &[
        "t1w", "t1", "mprage", "mp2rage", "bravo", "fspgr", "spgr", "tfe", "tfl",
    ];
    pub(super) const T2_STAR: &[&str] = &[
        "t2star",
        "t2starw",
        "t2*",
        "t2*w",
        "t2 star",
        "t2s",
        "t2stern",
        "t2 stern",
        "t2 étoile",
        "t2 etoile",
        "t2 estrella",
        "t2 eg",
        "t2 flash",
        "t2 fl3d",
        "gre",
        "megre",
        "mgre",
        "ffe",
        "fl2d",
        "hemo",
        "heme",
        "haemo",
        "hämo",
        "medic",
        "merge",
    ];
    pub(super) const EPI: &[&str] = &["epi", "ep2d", "fmri"];
    pub(super) const T2: &[&str] = &["t2w", "tse", "fse"];
}

impl SequenceHints<'_> {
    /// The kind of image these hints tell of: what the scanner did stands above what people called it.
    pub(crate) fn sequence(&self) -> Sequence {
        let any = |values: &[String], wanted: &[&str]| {
            values
                .iter()
                .any(|value| wanted.iter().any(|w| value.eq_ignore_ascii_case(w)))
        };
        let texts: Vec<Vec<String>> = self.texts.iter().map(|text| words(text)).collect();
        let says = |wanted: &[&str]| {
            let found = |text: &Vec<String>| wanted.iter().any(|w| names(text, w));
            texts.iter().any(found)
        };
        let stated = !self.scanning_sequence.is_empty();
        let gradient = any(self.scanning_sequence, &["GR"]);
        let spin = any(self.scanning_sequence, &["SE"]);
        let planar = any(self.scanning_sequence, &["EP"])
            || self
                .echo_train_length
                .is_some_and(|echoes| echoes > EPI_ECHO_TRAIN)
            || says(named::EPI)
            || !stated && says(&["bold"]);
        let inversion = any(self.scanning_sequence, &["IR"]) || self.ti_ms.is_some_and(|t| t > 0.0);
        let te_field = self
            .te_ms
            .map(|te| te * self.field_strength_t.unwrap_or(3.0));
        let short = te_field.is_some_and(|product| product < T2STAR_WEIGHTED_TE_FIELD);
        // None of these can be weighted by T2*.
        let otherwise = inversion || short || spin && !gradient;
        // Some scanners say the first of several echoes that an SWI was put together from.
        let too_short = te_field.is_some_and(|product| product < SHORTEST_SWI_TE_FIELD);
        let not_swi = inversion || too_short || spin && !gradient;

        if any(self.image_type, &["SWI"]) || says(named::SWI) && !not_swi {
            return Sequence::Swi;
        }
        if any(self.image_type, &["DIFFUSION", "ADC", "TRACEW", "FA"]) || says(named::DIFFUSION) {
            return Sequence::Diffusion;
        }
        if says(named::FLAIR) {
            return Sequence::Flair;
        }
        if says(named::T1) && !(gradient && !otherwise && te_field.is_some()) {
            return Sequence::T1w;
        }
        if spin && inversion && self.ti_ms.is_some_and(|ti| ti > 1500.0) {
            return Sequence::Flair;
        }
        if gradient && inversion {
            return Sequence::T1w;
        }
        let t2star_named = says(named::T2_STAR) || self.texts.iter().any(|t| t.contains("T2*"));
        if gradient || t2star_named && !spin {
            return match te_field {
                _ if planar => Sequence::GreEpi,
                Some(_) if short => Sequence::ShortTeGre,
                Some(_) => Sequence::T2StarGre,
                None if t2star_named => Sequence::T2StarGre,
                None => Sequence::Unknown,
            };
        }
        if spin && !inversion && self.te_ms.is_some_and(|te| te > 60.0) || says(named::T2) {
            return Sequence::T2w;
        }
        Sequence::Unknown
    }
}

/// The component that a description says in words: scanners that write no ImageType leave `Pha_Images` or
/// `mIP_Images(SW)`.
pub(crate) fn component_of_text(text: &str) -> Option<Component> {
    let words = words(text);
    let says = |wanted: &[&str]| wanted.iter().find_map(|w| find_words(&words, w));
    component_of_words(&words).or_else(|| {
        if says(&["ph"]).is_some() {
            Some(Component::Phase)
        } else if says(&["real"]).is_some() {
            Some(Component::Real)
        } else if says(&["imag"]).is_some() {
            Some(Component::Imaginary)
        } else if says(&["qsm"]).is_some() {
            Some(Component::Map)
        } else {
            None
        }
    })
}

/// The component that a file's name says: what a person could be called, or a study, counts as its last word alone.
pub(crate) fn component_of_file_name(name: &str) -> Option<Component> {
    let words = words(name);
    component_of_words(&words).or_else(|| match words.last()?.as_str() {
        "ph" => Some(Component::Phase),
        "real" => Some(Component::Real),
        "imag" => Some(Component::Imaginary),
        "qsm" => Some(Component::Map),
        _ => None,
    })
}

fn component_of_words(words: &[String]) -> Option<Component> {
    const PROJECTION: &[&str] = &[
        "mip",
        "minip",
        "mnip",
        "min ip",
        "projection",
        "projektion",
        "minimumintensitätsprojektion",
        "proyección",
        "proyeccion",
    ];
    const MAP: &[&str] = &[
        "fieldmap",
        "field map",
        "r2star",
        "r2*",
        "t2starmap",
        "t2star map",
        "t2* map",
        "t2map",
        "t2 map",
        "b0map",
        "b0 map",
    ];
    const PHASE: &[&str] = &[
        "pha",
        "phas",
        "swiphase",
        "swipha",
        "phasenbild",
        "phasenbilder",
        "phasen",
        "fasebilder",
        "image de phase",
        "images de phase",
        "imagen de fase",
        "imágenes de fase",
        "imagenes de fase",
    ];
    const MAGNITUDE: &[&str] = &[
        "mag",
        "magnitude",
        "magnitud",
        "magnituden",
        "betrag",
        "betragsbild",
        "amplitude",
        "swimag",
    ];
    let says = |wanted: &[&str]| wanted.iter().any(|w| find_words(words, w).is_some());
    if says(PROJECTION) {
        Some(Component::Projection)
    } else if says(MAP) {
        Some(Component::Map)
    } else if says(PHASE) || says_phase(words) {
        Some(Component::Phase)
    } else if says(&["imaginary", "imaginär", "imaginaire"]) {
        Some(Component::Imaginary)
    } else if says(MAGNITUDE) {
        Some(Component::Magnitude)
    } else {
        None
    }
}

/// Whether a phase is meant that is one of the signal: not of a contrast medium, of a study or of fat and water.
fn says_phase(words: &[String]) -> bool {
    const BEFORE: &[&str] = &[
        "in",
        "out",
        "opposed",
        "opp",
        "of",
        "arterial",
        "venous",
        "late",
        "early",
        "delayed",
        "multi",
        "single",
        "dual",
        "cardiac",
        "respiratory",
        "en",
        "de",
        "hors",
    ];
    const BEHIND: &[&str] = &[
        "contrast", "encoding", "enc", "array", "i", "ii", "iii", "1", "2", "3", "4", "trial",
        "study",
    ];
    let beside = |at: Option<usize>, of: &[&str]| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| of.contains(&word.as_str()))
    };
    words.iter().enumerate().any(|(at, word)| {
        matches!(word.as_str(), "phase" | "fase")
            && !beside(at.checked_sub(1), BEFORE)
            && !beside(Some(at + 1), BEHIND)
    })
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

    fn by_text(text: &str) -> Sequence {
        let texts = words(&[text]);
        SequenceHints {
            texts: &texts,
            ..Default::default()
        }
        .sequence()
    }

    #[test]
    fn words_name_a_sequence_and_parts_of_words_do_not() {
        for (text, expected) in [
            ("Epilepsy^Head", Sequence::Unknown),
            ("swiss study", Sequence::Unknown),
            ("Swansea cohort", Sequence::Unknown),
            ("Goodwin", Sequence::Unknown),
            ("green channel", Sequence::Unknown),
            ("Epidural 2", Sequence::Unknown),
            ("part1_run2", Sequence::Unknown),
            ("t2_swi3d_tra_p2", Sequence::Swi),
            ("Suszeptibilität axial", Sequence::Swi),
            ("VEN_BOLD_HR", Sequence::Swi),
            ("t2_fl2d_tra_hemo", Sequence::T2StarGre),
            ("AX T2* GRE", Sequence::T2StarGre),
            ("T2 étoile", Sequence::T2StarGre),
            ("T2-Stern transversal", Sequence::T2StarGre),
            ("eco T2 estrella", Sequence::T2StarGre),
            ("fmri_bold_task", Sequence::Unknown),
            ("t1_mprage_sag", Sequence::T1w),
            ("t2_tse_dark-fluid", Sequence::Flair),
            ("t2_tse_tra", Sequence::T2w),
            ("T2FLAIR", Sequence::Flair),
            ("AxT2FLAIR", Sequence::Flair),
            ("sT1W_3D_TFE", Sequence::T1w),
            ("T1MPRAGE", Sequence::T1w),
            ("DWIb1000", Sequence::Diffusion),
            ("eSWAN_3D", Sequence::Swi),
            ("AX_SWIPHASE", Sequence::Swi),
            ("T2_FLASH", Sequence::T2StarGre),
            ("AX_T2_HEME", Sequence::T2StarGre),
            ("T2_axial", Sequence::Unknown),
            ("start1_swans", Sequence::Unknown),
            ("ep2d_diff_4scan", Sequence::Diffusion),
        ] {
            assert_eq!(by_text(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_scanner_did_stands_above_its_name() {
        let [gradient, inverted, planar] = [&["GR"][..], &["GR", "IR"], &["GR", "EP"]].map(words);
        let of = |scanning: &[String], te_ms, text: &str| {
            let texts = words(&[text]);
            SequenceHints {
                scanning_sequence: scanning,
                texts: &texts,
                te_ms: Some(te_ms),
                field_strength_t: Some(3.0),
                ..Default::default()
            }
            .sequence()
        };
        assert_eq!(of(&gradient, 20.0, "bold HR"), Sequence::T2StarGre);
        assert_eq!(of(&planar, 30.0, "bold HR"), Sequence::GreEpi);
        assert_eq!(of(&inverted, 2.4, "T1 mprage swi study"), Sequence::T1w);
        assert_eq!(of(&gradient, 4.0, "localizer swi"), Sequence::ShortTeGre);
        assert_eq!(of(&gradient, 7.2, "SWIp"), Sequence::Swi);
        assert_eq!(
            of(&gradient, 25.0, "T1 and T2 star study"),
            Sequence::T2StarGre
        );
    }

    #[test]
    fn components_in_words() {
        for (text, expected) in [
            ("6_Pha_Images", Some(Component::Phase)),
            ("7_mIP_Images(SW)", Some(Component::Projection)),
            ("SWI minIP 8mm", Some(Component::Projection)),
            ("5_Mag_Images", Some(Component::Magnitude)),
            ("Phasenbild SWI", Some(Component::Phase)),
            ("image de phase", Some(Component::Phase)),
            ("imagen de fase", Some(Component::Phase)),
            ("8_SWI_Images", None),
            ("4_Pha_Images", Some(Component::Phase)),
            ("swi_2_phase", Some(Component::Phase)),
            ("images de phase", Some(Component::Phase)),
            ("B0_map", Some(Component::Map)),
            ("gre_field_mapping", None),
            ("phase 3 trial", None),
            ("T1 in phase", None),
            ("phase contrast", None),
            ("Mipomersen trial", None),
            ("Phantom 3", None),
        ] {
            assert_eq!(component_of_text(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_person_or_a_study_may_be_called_is_no_component() {
        for (name, expected) in [
            ("real_scan_01", None),
            ("sub_PH_swi", None),
            ("swi_qsm_study_012", None),
            ("9_gre_e2_ph", Some(Component::Phase)),
            ("9_gre_e2_real", Some(Component::Real)),
            ("swi_qsm", Some(Component::Map)),
            ("7_mIP_Images(SW)", Some(Component::Projection)),
        ] {
            assert_eq!(component_of_file_name(name), expected, "{name}");
        }
    }
}
