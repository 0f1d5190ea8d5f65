//! Text of files: what is safe to show, and the words in it.

/// Whether a character may be shown as it is. Control characters steer a terminal, and those that turn the direction of
/// text (Unicode's `Bidi_Control`) or are not seen at all make a name look like another.
#[must_use]
pub(super) fn shows_as_itself(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

/// Text in which what is not safe to show is written as Rust does (`\u{1b}`); line ends stay where they are wanted.
#[must_use]
pub fn printable(text: &str, lines: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if shows_as_itself(character) || lines && character == '\n' {
            safe.push(character);
        } else {
            safe.extend(character.escape_default());
        }
    }
    safe
}

/// The words of a name or description, in small letters: what stands between signs other than letters, digits and `*`.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '*')
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect()
}

/// Where `wanted` begins among words: several words stand one behind the other. A word may have before or behind it
/// that the image has two or three dimensions (`swi3d`, `2dgre`).
pub(super) fn find_words(words: &[String], wanted: &str) -> Option<usize> {
    let wanted: Vec<&str> = wanted.split(' ').collect();
    let same = |(word, wanted): (&String, &&str)| {
        let is = |word: Option<&str>| word.is_some_and(|word| word == *wanted);
        is(Some(word))
            || ["2d", "3d"]
                .iter()
                .any(|mark| is(word.strip_suffix(mark)) || is(word.strip_prefix(mark)))
    };
    words
        .windows(wanted.len())
        .position(|window| window.iter().zip(&wanted).all(same))
}

/// Whether words name a kind of image: one is `wanted`, or is with what protocols write before and behind it without
/// a sign between (`AxT2FLAIR`, `sT1W`, `DWIb1000`, `swi3d2`); several stand one behind the other.
pub(super) fn names(words: &[String], wanted: &str) -> bool {
    if wanted.contains(' ') {
        return find_words(words, wanted).is_some();
    }
    words.iter().any(|word| is_named(word, wanted))
}

fn is_named(word: &str, wanted: &str) -> bool {
    const BEFORE: [&str; 12] = [
        "axial", "ax", "sag", "cor", "tra", "iso", "t1", "t2", "2d", "3d", "s", "e",
    ];
    const BEHIND: [&str; 8] = ["2d", "3d", "w", "wi", "mag", "pha", "phase", "ax"];
    if word == wanted {
        return true;
    }
    // A number at the end, as of a repetition or a weighting.
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = bare
        .strip_suffix('b')
        .filter(|_| bare.len() < word.len())
        .unwrap_or(bare);
    if bare.len() < word.len() && bare.len() >= wanted.len() && bare == wanted {
        return true;
    }
    let long_enough = |rest: &&str| rest.len() >= wanted.len();
    let before = BEFORE.iter().filter_map(|mark| {
        let rest = word.strip_prefix(mark).filter(long_enough)?;
        // Single letters stand before weightings alone (`sT1W`): else they are letters of other words.
        (mark.len() > 1 || rest.starts_with("t1") || rest.starts_with("t2")).then_some(rest)
    });
    let behind = BEHIND
        .iter()
        .filter_map(|mark| word.strip_suffix(mark).filter(long_enough));
    before.chain(behind).any(|rest| is_named(rest, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_between_signs() {
        assert_eq!(
            words("T2_swi3d tra-p2 (T2*w) Größe"),
            ["t2", "swi3d", "tra", "p2", "t2*w", "größe"]
        );
        assert!(words(" _-").is_empty());
        let said = words("T2_swi3d dark-fluid 2DGRE");
        assert_eq!(find_words(&said, "swi"), Some(1));
        assert_eq!(find_words(&said, "dark fluid"), Some(2));
        assert_eq!(find_words(&said, "gre"), Some(4));
        assert_eq!(find_words(&words("swiss"), "swi"), None);
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc", false), "a\\u{1b}[2Jb\\r\\nc");
        assert_eq!(printable("a\nb\u{202e}", true), "a\nb\\u{202e}");
        assert_eq!(printable("Schädel 頭", false), "Schädel 頭");
    }
}
