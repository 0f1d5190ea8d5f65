//! The words of reports, in one place: English. Another language is another file like this one. What the
//! reading of a scan brought up speaks for itself ([`siderin_image::scan::Note`], [`siderin_core::change::Caution`]).

use siderin_core::change::Status;

pub(super) const BRAIN_FOUND: &str = "Brain found";
pub(super) const BRAIN_NOTE: &str =
    "The search ran inside this outline. What lies outside was not looked at.";
pub(super) const STRUCTURES_NOTE: &str =
    "Structures from which regions follow. Where these outlines are wrong, so are the regions.";
pub(super) const FINDINGS: &str = "Findings";
pub(super) const FORMS: &str = "Forms";
pub(super) const SCAN: &str = "Scan";
pub(super) const WHAT_RAN: &str = "What ran";

pub(super) const LESION_COLUMNS: [&str; 10] = [
    "No.",
    "Confidence",
    "Diameter (mm)",
    "Volume (mm³)",
    "x R (mm)",
    "y A (mm)",
    "z S (mm)",
    "Size class",
    "Certainty",
    "Region",
];
pub(super) const SLAB: &str = "axial, the darkest of 8 mm";
pub(super) const HEAT: &str = "axial, where the network looked (Grad-CAM)";
pub(super) const HEAT_NOTE: &str = "The last picture shows where the network looked for this lesion or one nearby, \
     from clear (not at all) over red to yellow (most). It explains the network, not the tissue.";
pub(super) const NO_REGIONS: &str = "Regions are not given: no map of them exists.";
pub(super) const REGIONS_NOTE: &str = "Near a border of two regions the other one may be right.";
pub(super) const NO_GRADE: &str = "No ARIA-H grade: it counts what is new since an earlier visit.";

pub(super) const MARS: &str = "MARS (Microbleed Anatomical Rating Scale)";
pub(super) const BOMBS: &str = "BOMBS (Brain Observer MicroBleed Scale)";
pub(super) const LEFT_RIGHT_UNCLEAR: [&str; 3] = ["L", "R", "?"];
pub(super) const BORDER_IN_GROUP: &str = "region not known, or on the border of two of these";
pub(super) const BORDER_OF_GROUPS: &str = "group not known, on the border of two, or in no region";
pub(super) const NOT_CLEAR: &str = "not clear which";
pub(super) const TOTAL: &str = "total";

pub(super) const LESIONS_READ: &str = "Microbleeds";
pub(super) const NOTHING_ACCEPTED: &str =
    "No microbleed was accepted. This does not rule out microbleeds.";
pub(super) const NOT_FINISHED: &str = "The reading is not finished: counts may change.";
pub(super) const READ_FORMS_NOTE: &str = "Certainty, place and size are as the reader said, and as measured where the \
     reader said nothing.";
pub(super) const READ_COLUMNS: [&str; 11] = [
    "No.",
    "Confidence",
    "Diameter (mm)",
    "x R (mm)",
    "y A (mm)",
    "z S (mm)",
    "Size",
    "Certainty",
    "Region",
    "Place on BOMBS",
    "Probable cause",
];
pub(super) const REJECTED: &str = "Rejected";
pub(super) const REJECTED_COLUMNS: [&str; 4] = ["x, y, z (mm)", "Instead", "Confidence", "Note"];
pub(super) const LANDMARKS: &str = "Landmarks";
pub(super) const LANDMARK_COLUMNS: [&str; 4] = ["x, y, z (mm)", "What", "", "Note"];

/// The title of a reading.
pub(super) fn reading_title(scan: &str, reader: &str) -> String {
    format!("Microbleeds read in {scan} by {reader}")
}

/// What was left open.
pub(super) fn not_decided(open: usize) -> String {
    match open {
        1 => "One finding was not decided: it is in no count.".into(),
        open => format!("{open} findings were not decided: they are in no count."),
    }
}

pub(super) const BASELINE_FOLLOWUP: [&str; 2] = ["Baseline", "Follow-up"];
pub(super) const FOLLOWUP_FORMS: &str = "Forms of the follow-up";
pub(super) const CONFIDENCE: &str = "Confidence";
pub(super) const DIAMETER: &str = "mm";
pub(super) const NO_SIDEROSIS: &str = "by new microbleeds alone; siderosis was not entered";
pub(super) const NO_SIZES: &str = "sizes not compared: the scans were made differently";
pub(super) const NOTHING_AT_BOTH: &str =
    "Nothing was found at either visit. This does not rule out microbleeds.";
pub(super) const CHANGES_NOTE: &str = "In brackets: what the other visit shows at the place of a finding that was not made      there, as the confidence of a spot below the threshold, or, where no spot was, how much darker than its      surroundings the darkest voxel is. A finding is new where neither is enough to have been there before; one below      the threshold counts as new where it is clearly dark and the baseline shows nothing, for vessels and calcium do      not come and go.";
pub(super) const TIMELINE_COLUMNS: [&str; 7] = [
    "Visit",
    "Name",
    "Microbleed candidates",
    "New since the visit before",
    "New since the first",
    "ARIA-H since the first",
    "Details in",
];
pub(super) const TIMELINE_NOTE: &str = "Microbleed candidates are those at or above the threshold of each visit alone; what is      new was looked for at the earlier visit.";
pub(super) const REGISTRATION: &str = "How the scans lie on each other";
pub(super) const CHANGES: &str = "What changed";
pub(super) const VISITS: &str = "Visits";
pub(super) const TIMELINE: &str = "Timeline";

/// Title of a scan's report.
pub(super) fn title(name: &str) -> String {
    format!("Microbleeds: {name}")
}

/// Title of a comparison's report.
pub(super) fn change_title(baseline: &str, followup: &str) -> String {
    format!("What changed: {baseline} to {followup}")
}

/// Said where nothing was found.
pub(super) fn nothing_found(threshold: &str) -> String {
    format!(
        "Nothing scored at or above the threshold of {threshold}. This does not rule out microbleeds."
    )
}

/// Said below the forms.
pub(super) fn forms_note(certain_from: &str, smallest_mm: f64, round: f64) -> String {
    format!(
        "Definite, or certain: confidence {certain_from} or more, {smallest_mm} mm or more, and at most {round} times \
         as long as wide in the slice. ?: on the midline, or side not known. Findings over 10 mm are in neither form. \
         Counted by program; a reader decides."
    )
}

/// What became of a lesion, for people.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Gone => "gone",
        Status::Grown => "grown",
        Status::Shrunk => "shrunk",
        Status::Stable => "stable",
        Status::Outside => "outside the other scan",
    }
}

pub(crate) const VALIDATION_TITLE: &str = "What this program finds on your scans";
pub(crate) const IMPLANTS_FOUND: &str = "Microbleeds that were put in";
pub(crate) const IMPLANTS_NOTE: &str = "Visible ones alone: a microbleed counts where it takes 40 % of the signal somewhere and \
     25 % in two voxels. In brackets the 95 % interval (Wilson). A finding within 5 mm of a microbleed's centre is its finding.";
pub(crate) const FINDINGS_AS_THEY_ARE: &str = "Findings in the scans as they are";
pub(crate) const FINDINGS_NOTE: &str = "Nobody has said what these are. Read them with `siderin review`: what you reject are \
     the false alarms, what you accept are microbleeds of the patient.";
pub(crate) const SUGGESTED_BECAUSE: &str = "the most specific one that finds at most 5 % fewer microbleeds of 3 mm and more than the most sensitive one";
pub(crate) const WHAT_IT_MEANS: &str = "How far this goes";
pub(crate) const VALIDATION_LIMITS: [&str; 4] = [
    "The tissue, noise, veins and artefacts are those of your scanner; the microbleeds are simulated balls. Real ones are not.",
    "Where the scan is an SWI, the scanner's phase filter is not known, and the microbleeds' contrast is approximate.",
    "Places are uniform over parenchyma, away from vessels: microbleeds beside veins are harder to find.",
    "For research use only: not a medical device. No real microbleed was available for training or testing.",
];
