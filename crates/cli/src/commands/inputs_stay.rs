//! What is read is never replaced.

use anyhow::{Result, bail};
use std::path::Path;

/// Refuses to write `out`, a file or folder, where it is one of these inputs or holds one: --force is for results.
pub(crate) fn check_inputs_stay<'a>(
    out: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let Ok(out) = out.canonicalize() else {
        // It is not there, so nothing is replaced.
        return Ok(());
    };
    for input in inputs {
        if input
            .canonicalize()
            .is_ok_and(|input| input.starts_with(&out))
        {
            bail!(
                "writing results: --out is the input, or holds it, and would replace it; give another --out"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let scan = folder.path().join("scan/lesions.nii.gz");
        std::fs::create_dir(folder.path().join("scan")).unwrap();
        std::fs::write(&scan, "").unwrap();
        let check = |out: &Path| check_inputs_stay(out, [scan.as_path()]);
        assert!(check(&folder.path().join("scan")).is_err());
        assert!(check(&folder.path().join("scan/../scan/lesions.nii.gz")).is_err());
        assert!(check(&folder.path().join("scan/lesions")).is_ok());
        assert!(check(&folder.path().join("other")).is_ok());
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&scan, &link).unwrap();
            assert!(check(&link).is_err());
        }
    }
}
