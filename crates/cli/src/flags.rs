//! Settings that the libraries name, as flags.

use crate::args::Arguments;
use clap::{Command, CommandFactory};
use std::collections::HashSet;
use std::sync::OnceLock;

/// A message of a library as the command line says it: `` `volume` `` becomes `--volume` where there is such a flag.
/// Libraries know no flags, for the reading room and other programs call them, too.
pub(crate) fn as_flags(message: &str) -> String {
    static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut names = HashSet::new();
        collect(&Arguments::command(), &mut names);
        names
    });
    let mut said = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, marked)) = rest.split_once('`') {
        said.push_str(before);
        match marked.split_once('`') {
            Some((name, after)) if names.contains(name) => {
                said.push_str("--");
                said.push_str(name);
                rest = after;
            }
            Some((name, after)) => {
                said.push('`');
                said.push_str(name);
                said.push('`');
                rest = after;
            }
            None => {
                said.push('`');
                rest = marked;
            }
        }
    }
    said + rest
}

fn collect(command: &Command, names: &mut HashSet<String>) {
    let longs = command
        .get_arguments()
        .filter_map(|argument| argument.get_long());
    names.extend(longs.map(String::from));
    for sub in command.get_subcommands() {
        collect(sub, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_settings_become_flags_and_other_marks_stay() {
        assert_eq!(
            as_flags("give `force` to replace it, or another `out`"),
            "give --force to replace it, or another --out"
        );
        assert_eq!(
            as_flags("make one with `siderin split` and give it as `split`"),
            "make one with `siderin split` and give it as --split"
        );
        assert_eq!(as_flags("it's 5 ` 3"), "it's 5 ` 3");
        assert_eq!(as_flags("no mark"), "no mark");
    }
}
