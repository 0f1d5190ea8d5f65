//! BIDS names: entities, suffix, and the files that belong together.

use std::path::{Path, PathBuf};

/// A file name in BIDS terms: `sub-01_ses-2_part-mag_T2starw.nii.gz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidsName {
    /// Key and value of each entity in order.
    pub entities: Vec<(String, String)>,
    /// What follows the last entity: `T2starw`, `swi`.
    pub suffix: String,
}

impl BidsName {
    /// Parses a name that starts with a `sub-` entity; others are no BIDS names.
    pub fn of(path: &Path) -> Option<Self> {
        let name = Self::parse(&super::stem(path));
        (name.entities.first()?.0 == "sub").then_some(name)
    }

    fn parse(stem: &str) -> Self {
        let mut parts: Vec<&str> = stem.split('_').collect();
        // `sub-01.nii.gz` has no suffix.
        let suffix = parts
            .pop_if(|last| !last.contains('-'))
            .unwrap_or_default()
            .to_string();
        let entities = parts
            .iter()
            .filter_map(|part| part.split_once('-'))
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        Self { entities, suffix }
    }

    /// The value of an entity.
    #[must_use]
    pub fn entity(&self, key: &str) -> Option<&str> {
        self.entities
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// Whether a sidecar of this name applies to `image`: same suffix, and no entity the
    /// image lacks (the inheritance principle).
    fn applies_to(&self, image: &Self) -> bool {
        self.suffix == image.suffix
            && self
                .entities
                .iter()
                .all(|entity| image.entities.contains(entity))
    }
}

/// The sidecars of an image, the closest (which wins) last: the inheritance principle
/// between the data set's root and the image, or the one beside it outside of BIDS.
pub(super) fn sidecars(image: &Path) -> Vec<PathBuf> {
    let beside = image.with_file_name(format!("{}.json", super::stem(image)));
    let mut found = Vec::new();
    if let (Some(name), Some(root)) = (BidsName::of(image), dataset_root(image)) {
        let mut folders: Vec<&Path> = image
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(root))
            .collect();
        folders.reverse();
        for folder in folders {
            let mut here: Vec<PathBuf> = files_in(folder)
                .into_iter()
                .filter(|file| file.extension().is_some_and(|e| e == "json") && *file != beside)
                .filter(|file| BidsName::parse(&super::stem(file)).applies_to(&name))
                .collect();
            here.sort_by_key(|file| (super::stem(file).len(), file.clone()));
            found.extend(here);
        }
    }
    // A link that leads nowhere is found, and said to be unreadable.
    if beside.symlink_metadata().is_ok() {
        found.push(beside);
    }
    found
}

/// The image of the same subject and session with one of these suffixes in the same folder, where
/// there is one and only one. VALDO writes `T1` and `T2` where BIDS has `T1w` and `T2w`.
pub(super) fn sibling_of(image: &Path, suffixes: &[&str]) -> Option<PathBuf> {
    only_sibling(image, |other| suffixes.contains(&other.suffix.as_str()))
}

/// The phase image that differs from a magnitude in `part-phase` alone; beside a susceptibility-weighted
/// image the one phase image there is.
pub(super) fn phase_sibling(image: &Path) -> Option<PathBuf> {
    let name = BidsName::of(image)?;
    match name.entity("part") {
        Some("mag") => {
            let file = image
                .file_name()?
                .to_str()?
                .replace("_part-mag_", "_part-phase_");
            let sibling = image.with_file_name(file);
            sibling.is_file().then_some(sibling)
        }
        None if name.suffix.eq_ignore_ascii_case("swi") => {
            only_sibling(image, |other| other.entity("part") == Some("phase"))
        }
        _ => None,
    }
}

/// The image of the same subject and session in the same folder that is like this, where there is one
/// and only one.
fn only_sibling(image: &Path, like_this: impl Fn(&BidsName) -> bool) -> Option<PathBuf> {
    let name = BidsName::of(image)?;
    let mut found = files_in(image.parent()?).into_iter().filter(|file| {
        is_nifti(file)
            && BidsName::of(file).is_some_and(|other| {
                like_this(&other)
                    && other.entity("sub") == name.entity("sub")
                    && other.entity("ses") == name.entity("ses")
            })
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether a name ends like NIfTI.
pub fn is_nifti(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_ascii_lowercase();
    let name = name.as_encoded_bytes();
    !name.starts_with(b".") && (name.ends_with(b".nii") || name.ends_with(b".nii.gz"))
}

fn dataset_root(image: &Path) -> Option<&Path> {
    image
        .ancestors()
        .skip(1)
        .take(6)
        .find(|folder| folder.join("dataset_description.json").is_file())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_inheritance() {
        let image = BidsName::of(Path::new("sub-01_ses-2_part-mag_T2starw.nii.gz")).unwrap();
        assert_eq!(image.suffix, "T2starw");
        assert_eq!(image.entity("ses"), Some("2"));
        assert!(BidsName::parse("T2starw").applies_to(&image));
        assert!(BidsName::parse("ses-2_T2starw").applies_to(&image));
        assert!(!BidsName::parse("ses-1_T2starw").applies_to(&image));
        assert!(!BidsName::parse("T1w").applies_to(&image));
        assert!(BidsName::of(Path::new("h01.nii.gz")).is_none());
        let bare = BidsName::of(Path::new("sub-01_ses-2.nii.gz")).unwrap();
        assert_eq!((bare.entity("ses"), bare.suffix.as_str()), (Some("2"), ""));
    }

    #[test]
    fn siblings_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, b"").unwrap();
            path
        };
        let image = file("sub-01_part-mag_T2starw.nii.gz");
        let phase = file("sub-01_part-phase_T2starw.nii.gz");
        let t1 = file("sub-01_T1w.nii.gz");
        file("sub-02_T1w.nii.gz");
        assert_eq!(phase_sibling(&image), Some(phase.clone()));
        let weighted = file("sub-01_swi.nii.gz");
        assert_eq!(phase_sibling(&weighted), Some(phase));
        assert_eq!(sibling_of(&image, &["T1w"]), Some(t1.clone()));
        file("sub-01_run-2_T1w.nii.gz");
        assert_eq!(sibling_of(&image, &["T1w"]), None);
        file("sub-01_echo-2_part-phase_T2starw.nii.gz");
        assert_eq!(phase_sibling(&weighted), None);
        assert_eq!(phase_sibling(&t1), None);
    }
}
