//! Scoring: predictions against references, under one rule at a time.
//!
//! [`pair_cases`] says which files belong together, [`read_lesions`] reads them, [`score_case`]
//! scores one pair, [`summarise`] makes figures with intervals of all of them.

mod compare;
mod compare_tables;
mod document;
mod files;
mod matching;
mod measures;
mod objects;
mod page;
mod read;
mod rule;
mod run;
mod side;
mod split;
pub mod statistics;
mod strata;
mod subject;
mod summary;
mod tally;
mod voxelwise;

pub use compare::{
    CompareError, Comparison, McNemar, PairOfMethods, PairedTest, Ranked, ScoredMethod, compare,
};
pub use compare_tables::{latex, markdown};
pub use document::{Metrics, Missing, Software};
pub use files::{ScoreFilesError, claim_comparison, claim_scores, write_comparison, write_scores};
pub use matching::{CurveStep, MatchError};
pub use objects::MapKind;
pub use page::{Gallery, GalleryItem, gallery};
pub use read::{
    CASE_ENTITIES, Case, CaseList, CasesError, LesionFile, LesionFileError, Lesions, Point,
    PointFormat, PointsError, TextTableError, case_name, is_results, pair_cases, parse_points,
    read_lesions, subject_of,
};
pub use rule::{MAP_THRESHOLD, Objects, Rule, ScoreSettings, SettingsError};
pub use run::{CaseError, Companions, Remark, Scored, score_cases, score_files};
pub use split::{SplitError, SplitFile, split};
pub use strata::{CaseTable, TableError};
pub use subject::{LesionRecord, Pair, ScoreError, SubjectScore, score_case};
pub use summary::{
    Bootstrap, Burden, Curves, FROC_FP_PER_SCAN, Figures, FrocPoint, Interval,
    PrecisionRecallPoint, ReliabilityBin, Summaries, Summary, summarise,
};
pub use voxelwise::{VoxelCounts, VoxelMeasures, VoxelScore};

#[cfg(test)]
mod tests;
