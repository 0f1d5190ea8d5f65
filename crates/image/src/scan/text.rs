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
