//! Settings that the libraries name, as flags.

/// A message of a library as the command line says it: `‹volume›` becomes `--volume`. Libraries know no flags, for the
/// reading room and other programs call them, too.
pub(crate) fn as_flags(message: &str) -> String {
    let mut said = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, marked)) = rest.split_once('‹') {
        said.push_str(before);
        let Some((name, after)) = marked.split_once('›') else {
            said.push('‹');
            rest = marked;
            break;
        };
        said.push_str("--");
        said.push_str(name);
        rest = after;
    }
    said + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Arguments;
    use clap::{Command, CommandFactory};
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn settings_become_flags_and_all_else_stays() {
        assert_eq!(
            as_flags("give ‹force› to replace it, or another ‹out›"),
            "give --force to replace it, or another --out"
        );
        let other = "unknown field `out`, expected `data`; 5 ‹ 6";
        assert_eq!(as_flags(other), other);
    }

    #[test]
    fn every_setting_that_a_library_names_is_a_flag() {
        fn collect(command: &Command, flags: &mut BTreeSet<String>) {
            flags.extend(
                command
                    .get_arguments()
                    .filter_map(|a| a.get_long().map(String::from)),
            );
            command
                .get_subcommands()
                .for_each(|sub| collect(sub, flags));
        }
        fn named_in(folder: &Path, named: &mut BTreeSet<String>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    named_in(&path, named);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = std::fs::read_to_string(path).unwrap();
                    let marked = text.split('‹').skip(1);
                    named.extend(marked.filter_map(|m| Some(m.split_once('›')?.0.to_string())));
                }
            }
        }
        let mut flags = BTreeSet::new();
        collect(&Arguments::command(), &mut flags);
        let mut named = BTreeSet::new();
        for library in [
            "image", "core", "simulate", "report", "evaluate", "net", "train", "review",
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(library);
            named_in(&folder.join("src"), &mut named);
        }
        assert!(
            named.contains("volume") && named.is_subset(&flags),
            "{named:?}"
        );
    }
}
