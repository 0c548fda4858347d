//! Words that are hard to read, and doc comments that open with a question word.

use std::path::Path;

use super::{
    complaint::{Complaint, Rule},
    sources::Sources,
};

/// Words to avoid in comments, documents and messages, each with what to write.
const WORDS: &[(&str, &str)] = &[
    ("all that", "everything that, or name it"),
    ("anew", "again"),
    ("but for", "except"),
    ("goes along", "is sent with"),
    ("greeted", "initialized"),
    ("nobody", "say who does not: no user, no caller"),
    ("nor", "or, or a new sentence"),
    ("of its own accord", "without a request"),
    ("on whose behalf", "the user for whom"),
    ("somebody", "say who: the user, the caller"),
    ("spoken to", "connected to"),
    ("whoever", "any caller that"),
];

/// Words that open a doc comment as a riddle.
const RIDDLES: &[&str] = &["what", "who", "whom", "whose", "whether", "where", "how", "when"];

/// Starts an exception: `// tidy: allow "word"`, on the same line or the one before.
const ALLOW: &str = "tidy: allow";

/// Checks all `sources`.
pub(super) fn check(sources: &Sources) -> Vec<Complaint> {
    sources.iter().flat_map(|(file, text)| check_file(file, text)).collect()
}

fn check_file(file: &Path, text: &str) -> Vec<Complaint> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = hunted(&lines);
    if file.extension().is_some_and(|extension| extension == "rs") {
        found.extend(riddles(&lines));
    }
    let mut allowed = allowed(&lines);
    found.retain(|hit| {
        let mut is_allowed = false;
        for allowed in &mut allowed {
            let is_near = allowed.line == hit.line || allowed.line + 1 == hit.line;
            if is_near && allowed.word == hit.word {
                allowed.is_used = true;
                is_allowed = true;
            }
        }
        !is_allowed
    });
    let stale = allowed.into_iter().filter(|allowed| !allowed.is_used).map(|allowed| {
        let message =
            format!("\"{}\" is not there to be allowed; remove the comment", allowed.word);
        Complaint { rule: Rule::Exception, file: file.to_owned(), line: allowed.line, message }
    });
    let found = found.into_iter().map(|hit| Complaint {
        rule: hit.rule,
        file: file.to_owned(),
        line: hit.line,
        message: hit.message,
    });
    found.chain(stale).collect()
}

struct Hit {
    rule: Rule,
    line: usize,
    /// The word in lower case, as an exception names it.
    word: String,
    message: String,
}

/// An exception in a comment.
struct Allowed {
    line: usize,
    word: String,
    is_used: bool,
}

fn allowed(lines: &[&str]) -> Vec<Allowed> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(lines) {
        if let Some((_, list)) = text.split_once(ALLOW) {
            found.extend(list.split('"').skip(1).step_by(2).map(|word| Allowed {
                line,
                word: word.to_lowercase(),
                is_used: false,
            }));
        }
    }
    found
}

/// Finds the words to avoid, also those that continue on the next line.
fn hunted(lines: &[&str]) -> Vec<Hit> {
    let words: Vec<(usize, String)> = (1..)
        .zip(lines)
        .flat_map(|(line, text)| split(text).into_iter().map(move |word| (line, word)))
        .collect();
    let mut found = Vec::new();
    for position in 0..words.len() {
        for (word, instead) in WORDS {
            let mut rest = words.iter().skip(position);
            let matches = word.split(' ').all(|part| rest.next().is_some_and(|(_, it)| it == part));
            if let Some((line, _)) = words.get(position).filter(|_| matches) {
                found.push(Hit {
                    rule: Rule::Word,
                    line: *line,
                    word: (*word).to_owned(),
                    message: format!("\"{word}\" is hard to read; write: {instead}"),
                });
            }
        }
    }
    found
}

/// The words of a line in lower case, without comment marks. Punctuation stands as an empty word,
/// and so does the end of a paragraph.
fn split(line: &str) -> Vec<String> {
    let line = line.split(ALLOW).next().unwrap_or_default();
    let line = line.trim().trim_start_matches(['/', '!', '#', '>', '*', '-']).trim();
    if line.is_empty() {
        return vec![String::new()];
    }
    let mut words = Vec::new();
    for part in line.to_lowercase().split_whitespace() {
        for (position, word) in part.split(|c: char| !c.is_alphanumeric() && c != '_').enumerate() {
            if position > 0 {
                words.push(String::new());
            }
            if !word.is_empty() {
                words.push(word.to_owned());
            }
        }
    }
    words
}

/// Finds doc comments of which the first word is a question word.
fn riddles(lines: &[&str]) -> Vec<Hit> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for (line, text) in (1..).zip(lines) {
        let text = text.trim_start();
        let doc = text.strip_prefix("/// ").or_else(|| text.strip_prefix("//! "));
        let was_inside = is_inside;
        is_inside = text.starts_with("///") || text.starts_with("//!");
        let Some(first) = doc.filter(|_| !was_inside).and_then(|doc| doc.split(' ').next()) else {
            continue;
        };
        let word = first.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if RIDDLES.contains(&word.as_str()) {
            found.push(Hit {
                rule: Rule::Riddle,
                line,
                message: format!(
                    "the summary opens with \"{first}\"; say what the item is or does"
                ),
                word,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(file: &str, text: &str) -> Vec<(Rule, usize)> {
        let found = check_file(Path::new(file), text);
        found.into_iter().map(|complaint| (complaint.rule, complaint.line)).collect()
    }

    #[test]
    fn finds_words_in_comments_strings_and_documents() {
        for text in [
            "// Neither this nor that.",
            "/// Nobody's token.",
            "let message = \"nobody is signed in\";",
            "//! The server answers, but\n//! for one case.",
            "All That is left.",
            "| a | (whoever) |",
        ] {
            assert_eq!(complaints("a.rs", text), [(Rule::Word, 1)], "{text}");
            assert_eq!(complaints("a.md", text), [(Rule::Word, 1)], "{text}");
        }
    }

    #[test]
    fn finds_only_whole_words_of_one_sentence() {
        for text in ["ignored, minor, north", "it runs, but, for now, slowly", "nobody_asks()"] {
            assert_eq!(complaints("a.rs", text), [], "{text}");
        }
        assert_eq!(complaints("a.md", "The first but\n\nfor the second"), []);
    }

    #[test]
    fn a_complaint_says_what_to_write() {
        let found = check_file(Path::new("a.rs"), "\n// Ask anew.");
        let lines: Vec<String> = found.iter().map(Complaint::to_string).collect();
        assert_eq!(lines, ["a.rs:2: \"anew\" is hard to read; write: again"]);
    }

    #[test]
    fn finds_summaries_that_open_with_a_question_word() {
        for text in ["/// What it is.", "//! Whether it is.", "    /// `Who` asks.", "a\n/// How."]
        {
            assert_eq!(complaints("a.rs", text).len(), 1, "{text}");
            assert_eq!(complaints("a.md", text), [], "{text}");
        }
        for text in [
            "/// Says\n/// what it is.",
            "// What it is.",
            "/// Whatever.",
            "/// A.\n///\n/// How.",
        ] {
            assert_eq!(complaints("a.rs", text), [], "{text}");
        }
    }

    #[test]
    fn a_comment_allows_a_word_on_its_line_or_the_next() {
        for text in [
            "// tidy: allow \"nor\"\n// NOR gates: nor.",
            "let gate = \"nor\"; // tidy: allow \"nor\"",
            "<!-- tidy: allow \"nor\", \"anew\" -->\nnor anew",
            "// tidy: allow \"What\"\n/// What it is.",
        ] {
            assert_eq!(complaints("a.rs", text), [], "{text}");
        }
        let stale = "// tidy: allow \"nor\"\n\n// nor";
        assert_eq!(complaints("a.rs", stale), [(Rule::Word, 3), (Rule::Exception, 1)]);
    }
}
