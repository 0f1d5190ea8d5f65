//! The words a reader chooses from.

use serde::{Deserialize, Serialize};

/// An enum of terms, each with its name in files and its words on the page.
macro_rules! terms {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $id:literal, $words:literal;)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum $name { $(#[serde(rename = $id)] $variant,)+ }

        impl $name {
            /// All, in the order they are offered.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name in files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// As a reader says it.
            #[must_use]
            pub fn in_words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }
        }
    };
}

terms! {
    /// What a reader decided of a finding.
    Verdict {
        Open = "open", "not decided";
        Accepted = "accepted", "microbleed";
        Rejected = "rejected", "no microbleed";
    }
}

terms! {
    /// What looks like a microbleed (Greenberg 2009, doi 10.1016/S1474-4422(09)70013-4).
    MimicType {
        Vessel = "vessel", "vessel";
        Calcification = "calcification", "calcification";
        Mineralisation = "mineralisation", "iron or mineralisation";
        FlowVoid = "flow_void", "flow void";
        PartialVolume = "partial_volume", "partial volume near bone or air";
        Cavernoma = "cavernoma", "cavernoma";
        Melanoma = "melanoma", "metastatic melanoma";
        AxonalInjury = "axonal_injury", "diffuse axonal injury";
        Noise = "noise", "noise";
        Other = "other", "other";
    }
}

terms! {
    /// What probably caused a microbleed.
    Cause {
        AmyloidAngiopathy = "amyloid_angiopathy", "cerebral amyloid angiopathy";
        Hypertensive = "hypertensive", "hypertensive arteriopathy";
        Traumatic = "traumatic", "trauma";
        HaemorrhagicInfarct = "haemorrhagic_infarct", "haemorrhagic infarct";
        Embolic = "embolic", "endocarditis or emboli";
        Radiation = "radiation", "radiation";
        Treatment = "treatment", "anti-amyloid treatment";
        Other = "other", "other";
        Unknown = "unknown", "unknown";
    }
}

terms! {
    /// Something else worth a landmark.
    OtherFinding {
        Macrohaemorrhage = "macrohaemorrhage", "haemorrhage over 10 mm";
        Siderosis = "siderosis", "superficial siderosis";
        Subarachnoid = "subarachnoid", "subarachnoid haemorrhage";
        Subdural = "subdural", "subdural or extradural haemorrhage";
        Infarct = "infarct", "infarct";
        Lacune = "lacune", "lacune";
        WhiteMatter = "white_matter", "white matter hyperintensity";
        VenousAnomaly = "venous_anomaly", "developmental venous anomaly";
        Tumour = "tumour", "tumour";
        Other = "other_finding", "other finding";
    }
}

terms! {
    /// How good a scan is for counting microbleeds.
    Rating {
        Good = "good", "good";
        Usable = "usable", "usable";
        Poor = "poor", "poor: counts are unsure";
        Unusable = "unusable", "not to be read";
    }
}

terms! {
    /// What disturbs a scan.
    Artefact {
        Motion = "motion", "motion";
        Susceptibility = "susceptibility", "susceptibility near air or metal";
        Ghosting = "ghosting", "ghosting or flow";
        Noise = "noise", "noise";
        Wrap = "wrap", "wrap-around";
        PartialCoverage = "partial_coverage", "part of the brain is missing";
        ThickSlices = "thick_slices", "thick slices or gaps";
    }
}

terms! {
    /// Side of the body, as a reader says it.
    MarkedSide {
        Left = "left", "left";
        Right = "right", "right";
        Midline = "midline", "midline";
    }
}
