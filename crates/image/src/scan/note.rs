//! What reading brought up that the user should know; nothing here stops the work.

use serde::Serialize;
use std::fmt;

/// One remark on a scan.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Note {
    /// Neither sform nor qform is set.
    OrientationUnknown,
    /// The header's two placements differ.
    PlacementsDiffer { largest_mm: f64 },
    /// The header's placement and its voxel sizes disagree.
    VoxelSizesDiffer {
        used_mm: [f64; 3],
        pixdim_mm: [f64; 3],
    },
    /// Slices leave unimaged tissue between them.
    SliceGap { spacing_mm: f64, thickness_mm: f64 },
    /// NaN or infinite voxels were replaced.
    NotFinite { voxels: u64 },
    /// The same image was there several times.
    DuplicateFiles { files: usize },
    /// DICOM images that are no slices, such as screenshots.
    OtherImages { files: usize, why: String },
    /// A sidecar that is there and cannot be read.
    SidecarUnreadable { name: String },
    /// A fact that should be a number and is none.
    NotANumber { what: String, value: String },
    /// Times of the sidecar that can only be milliseconds.
    Milliseconds { echo_time: f64 },
    /// A fact that cannot be.
    Implausible {
        what: String,
        value: f64,
        unit: &'static str,
        possible: [f64; 2],
    },
    /// A number that was written with a decimal comma.
    DecimalComma { attribute: String },
    /// Every slice is said to be a series of its own.
    SeriesPerSlice { slices: usize },
    /// Slices may be missing at an end of the volume.
    SlicesMayBeMissing { why: String },
    /// Voxels far beyond all others.
    WildVoxels {
        voxels: usize,
        largest: f32,
        at: [usize; 3],
        usual: f32,
    },
    /// A series of the folder that is no volume.
    SeriesRefused { what: String, why: String },
    /// The scan does not suit microbleed detection, or only with limits.
    Suitability { verdict: String, reason: String },
    /// An image given along that this method does not use.
    CompanionUnused { what: &'static str },
    /// The model has random weights.
    ModelNotTrained,
    /// A model that can use another image had none.
    CompanionMissing { what: &'static str },
    /// An image given along may not lie on the scan as it should.
    CompanionPlacementUnsure { what: &'static str },
    /// The brain found is larger or smaller than brains are.
    BrainVolume { volume_ml: f64, usual_ml: [f64; 2] },
    /// The brain reaches the first or last slice.
    PartialCoverage { area_cm2: f64 },
    /// Fluid is darker or brighter than on scans that show microbleeds.
    UnusualContrast {
        fluid_to_tissue: f64,
        usual: [f64; 2],
    },
    /// More noise than the method knows.
    Noisy { noise: f64, most: f64 },
    /// The map of the brain is not good enough for regions.
    DoubtfulRegions {
        /// Whether it is good enough for lobar, deep and infratentorial.
        groups: bool,
        reasons: Vec<&'static str>,
    },
    /// More findings than a reader could believe.
    ManyFindings { lesions: usize },
}

impl Note {
    /// Stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OrientationUnknown => "orientation_unknown",
            Self::PlacementsDiffer { .. } => "placements_differ",
            Self::VoxelSizesDiffer { .. } => "voxel_sizes_differ",
            Self::SliceGap { .. } => "slice_gap",
            Self::NotFinite { .. } => "not_finite_voxels",
            Self::DuplicateFiles { .. } => "duplicate_files",
            Self::OtherImages { .. } => "other_images",
            Self::SidecarUnreadable { .. } => "sidecar_unreadable",
            Self::NotANumber { .. } => "not_a_number",
            Self::Milliseconds { .. } => "milliseconds",
            Self::Implausible { .. } => "implausible",
            Self::DecimalComma { .. } => "decimal_comma",
            Self::SeriesPerSlice { .. } => "series_per_slice",
            Self::SlicesMayBeMissing { .. } => "slices_may_be_missing",
            Self::WildVoxels { .. } => "wild_voxels",
            Self::SeriesRefused { .. } => "series_refused",
            Self::Suitability { .. } => "suitability",
            Self::CompanionUnused { .. } => "companion_unused",
            Self::ModelNotTrained => "model_not_trained",
            Self::CompanionMissing { what: "T2w image" } => "t2_missing",
            Self::CompanionMissing { .. } => "t1_missing",
            Self::CompanionPlacementUnsure { what: "T2w image" } => "t2_placement_unsure",
            Self::CompanionPlacementUnsure { .. } => "t1_placement_unsure",
            Self::BrainVolume { .. } => "brain_volume",
            Self::PartialCoverage { .. } => "partial_coverage",
            Self::UnusualContrast { .. } => "unusual_contrast",
            Self::Noisy { .. } => "noisy",
            Self::DoubtfulRegions { .. } => "doubtful_regions",
            Self::ManyFindings { .. } => "many_findings",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrientationUnknown => f.write_str(
                "the file holds no orientation (sform and qform are unset): voxel sizes are \
                 right, but left and right cannot be told and world positions are relative",
            ),
            Self::PlacementsDiffer { largest_mm } => write!(
                f,
                "sform and qform place the volume up to {largest_mm:.2} mm apart; the sform is used"
            ),
            Self::VoxelSizesDiffer { used_mm, pixdim_mm } => {
                let sizes = |mm: &[f64; 3]| mm.map(|mm| format!("{mm:.2}")).join(" × ");
                write!(
                    f,
                    "the header's sform (placement) has voxels of {} mm, its pixdim (voxel sizes) of {} mm; the sform is \
                     used: if it is wrong, every size and place is",
                    sizes(used_mm),
                    sizes(pixdim_mm)
                )
            }
            Self::SliceGap {
                spacing_mm,
                thickness_mm,
            } => write!(
                f,
                "slices are {thickness_mm:.2} mm thick and {spacing_mm:.2} mm apart: lesions in \
                 the {:.2} mm between them are not imaged",
                spacing_mm - thickness_mm
            ),
            Self::NotFinite { voxels } => write!(
                f,
                "{voxels} voxels were NaN or infinite: each was replaced by the median of its neighbours, or by 0 \
                 where few of these are numbers"
            ),
            Self::DuplicateFiles { files } => write!(
                f,
                "{files} files repeat an image that is already there (same SOP instance) and were left out"
            ),
            Self::OtherImages { files, why } => {
                write!(
                    f,
                    "{files} DICOM images are no slices of a scan and were left out ({why})"
                )
            }
            Self::SidecarUnreadable { name } => write!(
                f,
                "the sidecar {name} is damaged or too large and was left out: echo time, field \
                 strength and magnitude or phase may be unknown because of it"
            ),
            Self::NotANumber { what, value } => {
                write!(
                    f,
                    "{what} is {value:?}, which is not a number, and was left out"
                )
            }
            Self::Milliseconds { echo_time } => write!(
                f,
                "the sidecar's EchoTime is {echo_time}, which is no time in seconds as BIDS has it: all of its times \
                 were read as milliseconds"
            ),
            Self::Implausible {
                what,
                value,
                unit,
                possible: [least, most],
            } => write!(
                f,
                "{what} is {value} {unit}, where {least} to {most} {unit} are possible: it was left out"
            ),
            Self::DecimalComma { attribute } => write!(
                f,
                "{attribute} is written with a comma for the decimal point and was read so"
            ),
            Self::SeriesPerSlice { slices } => write!(
                f,
                "each of the {slices} slices has a series UID of its own, as some programs that remove names write \
                 them: they were put together by their places"
            ),
            Self::SlicesMayBeMissing { why } => {
                write!(f, "slices may be missing at an end of the volume: {why}")
            }
            Self::WildVoxels {
                voxels,
                largest,
                at: [i, j, k],
                usual,
            } => write!(
                f,
                "{voxels} {} far beyond the others, such as {largest:.3e} at ({i}, {j}, {k}), where nearly all are \
                 below {usual:.3e}: each was replaced by the median of its neighbours, or by 0 where few of these are \
                 sound",
                if *voxels == 1 {
                    "voxel lies"
                } else {
                    "voxels lie"
                }
            ),
            Self::SeriesRefused { what, why } => write!(f, "left out {what}: {why}"),
            Self::Suitability { verdict, reason } => {
                write!(
                    f,
                    "suitability for microbleed detection is {verdict}: {reason}"
                )
            }
            Self::CompanionUnused { what } => write!(
                f,
                "the {what} was read and checked, but the method that ran does not use it"
            ),
            Self::ModelNotTrained => {
                f.write_str("the model was not trained: its findings are noise and mean nothing")
            }
            Self::CompanionMissing { what } => write!(
                f,
                "the model can use a {what} of the same person, and none was given: it ran without"
            ),
            Self::CompanionPlacementUnsure { what } => write!(
                f,
                "the {what} and the scan hardly agree better than when laid 3 mm off: what the \
                 model took from the {what} may be of another place"
            ),
            Self::BrainVolume {
                volume_ml,
                usual_ml: [least, most],
            } => write!(
                f,
                "the brain found has {volume_ml:.0} ml where {least:.0} to {most:.0} ml are usual: \
                 look at its outline, findings outside the brain or missed parts are likely"
            ),
            Self::PartialCoverage { area_cm2 } => write!(
                f,
                "the brain reaches the volume's edge ({area_cm2:.0} cm² in an end slice): what lies \
                 beyond was not imaged and is not counted"
            ),
            Self::UnusualContrast {
                fluid_to_tissue,
                usual: [least, most],
            } => write!(
                f,
                "fluid is {fluid_to_tissue:.2} times as bright as brain tissue, where T2*-GRE and SWI have \
                 {least:.2} to {most:.2}: if this is another contrast, dark spots on it are no microbleeds"
            ),
            Self::Noisy { noise, most } => write!(
                f,
                "noise is {:.0} % of the brain's signal, more than the {:.0} % of the loudest simulated scan: small \
                 microbleeds are missed, and what is found may be noise",
                100.0 * noise,
                100.0 * most
            ),
            Self::DoubtfulRegions { groups, reasons } => write!(
                f,
                "the map of the brain is uncertain ({}): findings are given {}",
                reasons.join("; "),
                if *groups {
                    "lobar, deep or infratentorial location only"
                } else {
                    "no region"
                }
            ),
            Self::ManyFindings { lesions } => write!(
                f,
                "{lesions} findings are more than most scans can hold: noise, artefacts or another \
                 disease are likely, every one needs a reader"
            ),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("Note", 2)?;
        object.serialize_field("code", self.code())?;
        object.serialize_field("message", &self.to_string())?;
        object.end()
    }
}
