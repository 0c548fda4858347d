//! Suggestions for misspelled names.

/// The longest word that is compared, in characters. This limits the work.
const MAX_LENGTH: usize = 128;

/// Returns the candidate that is most similar to `word`, if it is similar enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(MAX_LENGTH).collect();
    let candidates = candidates.into_iter().filter(|candidate| candidate.len() <= MAX_LENGTH);
    let distances = candidates.map(|candidate| (distance(&word, candidate), candidate));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    let longer = word.len().max(candidate.len());
    (distance < longer && 2 * distance <= longer + 1).then_some(candidate)
}

/// Returns the Levenshtein distance of two words.
fn distance(word: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, letter) in other.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for column in 1..row.len() {
            let replaced = diagonal + usize::from(word[column - 1] != letter);
            diagonal = row[column];
            row[column] = replaced.min(diagonal + 1).min(row[column - 1] + 1);
        }
    }
    row[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_close_candidates_only() {
        let keys = ["url", "headers", "timeout", "command"];
        for (word, expected) in [
            ("ulr", Some("url")),
            ("urls", Some("url")),
            ("header", Some("headers")),
            ("tiemout", Some("timeout")),
            ("Command", Some("command")),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("a", []), None);
        assert_eq!(nearest(&"x".repeat(1000), ["x"]), None);
    }
}
