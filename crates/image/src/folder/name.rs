//! Names of hidden files beside another.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What file systems take, in bytes.
const LONGEST: usize = 255;

/// `.{before}{name}{behind}`; of a name that would become too long the end, after a hash of all of it.
pub(super) fn hidden_name(before: &str, name: &str, behind: &str) -> String {
    let whole = format!(".{before}{name}{behind}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let hash = format!("{:016x}-", hasher.finish());
    let room = LONGEST - 1 - before.len() - behind.len() - hash.len();
    let start = (name.len() - room..=name.len())
        .find(|at| name.is_char_boundary(*at))
        .unwrap_or(name.len());
    format!(".{before}{hash}{}{behind}", &name[start..])
}
