//! One scan of a cohort.

use super::ANY_CONTRAST;
use crate::simulation::Request;

/// One scan of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortItem {
    /// Such as `sub-001`.
    pub subject: String,
    /// What is simulated.
    pub kind: ItemKind,
}

/// What an item of a cohort is.
#[derive(Debug, Clone, PartialEq)]
// A cohort holds some hundreds, most of them scans.
#[allow(clippy::large_enum_variant)]
pub enum ItemKind {
    /// A scan by a protocol.
    Scan(Request),
    /// A head by [`crate::any_contrast`].
    AnyContrast {
        /// Name of the head.
        head_name: String,
        /// Decides everything that is drawn.
        seed: u64,
    },
}

impl CohortItem {
    /// Name of the head.
    #[must_use]
    pub fn head_name(&self) -> &str {
        match &self.kind {
            ItemKind::Scan(request) => &request.head_name,
            ItemKind::AnyContrast { head_name, .. } => head_name,
        }
    }

    /// Name of the protocol, or [`ANY_CONTRAST`].
    #[must_use]
    pub fn protocol_name(&self) -> &str {
        match &self.kind {
            ItemKind::Scan(request) => &request.protocol.name,
            ItemKind::AnyContrast { .. } => ANY_CONTRAST,
        }
    }

    /// Number of microbleeds.
    #[must_use]
    pub fn lesions(&self) -> usize {
        match &self.kind {
            ItemKind::Scan(request) => request.lesions,
            ItemKind::AnyContrast { .. } => 0,
        }
    }

    pub(super) fn seed(&self) -> u64 {
        match &self.kind {
            ItemKind::Scan(request) => request.seed,
            ItemKind::AnyContrast { seed, .. } => *seed,
        }
    }
}
