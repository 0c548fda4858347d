//! Adds the path to the error of a value.
//!
//! Each level adds its step before the message while the error is returned. Therefore, the path
//! costs nothing if there is no error. A path such as `.tools[3].inputSchema` starts at the value
//! that is read. The JSON-RPC message adds its member, as in `result.tools[3].inputSchema`.

use std::fmt::{self, Display};

use serde::de;

/// Returns the error of the member `name` of an object.
pub(crate) fn in_member<E: de::Error>(name: &str, problem: impl Display) -> E {
    prefix(format_args!("{}", MemberStep(name)), problem)
}

/// Returns the error of an item of an array.
pub(crate) fn in_item<E: de::Error>(index: usize, problem: impl Display) -> E {
    prefix(format_args!("[{index}]"), problem)
}

/// Returns the error of the member `name` of a message.
pub(crate) fn in_message<E: de::Error>(name: &str, problem: impl Display) -> E {
    prefix(name, problem)
}

fn prefix<E: de::Error>(step: impl Display, problem: impl Display) -> E {
    let problem = truncate(problem.to_string());
    // A step begins with one of these characters, and no message does.
    let colon = if problem.starts_with(['.', '[']) { "" } else { ": " };
    E::custom(format_args!("{step}{colon}{problem}"))
}

/// Truncates a message in the middle, because it may contain a long text of the other side. The end
/// is kept, because it contains the expected type and the position. It does not begin inside of the
/// text, because a part of a secret would not be recognized.
fn truncate(mut problem: String) -> String {
    const MAX_LEN: usize = 2000;
    const TAIL_LEN: usize = 100;
    if problem.len() > MAX_LEN {
        let boundary = |at: &usize| problem.is_char_boundary(*at);
        let from = (0..=MAX_LEN - TAIL_LEN).rfind(boundary).unwrap_or_default();
        let tail = (problem.len() - TAIL_LEN..).find(boundary).unwrap_or_default();
        let marks = ["\", expected ", ", expected ", " at line "];
        let begin = marks.iter().find_map(|mark| problem[tail..].find(mark));
        problem.replace_range(from..begin.map_or(problem.len(), |begin| tail + begin), "…");
    }
    problem
}

/// Returns the message without its position, which is relative to a buffered part.
pub(crate) fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// Prints a member as a step, such as `.name` or `["other name"]`.
struct MemberStep<'a>(&'a str);

impl Display for MemberStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The maximum length of a printed name, because names come from the other side.
        const MAX_LEN: usize = 100;
        let is_word_character = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        if !self.0.is_empty() && self.0.len() <= MAX_LEN && self.0.chars().all(is_word_character) {
            return write!(f, ".{}", self.0);
        }
        f.write_str("[\"")?;
        for c in self.0.chars().take(MAX_LEN) {
            write!(f, "{}", c.escape_debug())?;
        }
        f.write_str(if self.0.chars().nth(MAX_LEN).is_some() { "…" } else { "" })?;
        f.write_str("\"]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_built_from_the_innermost_step() {
        type Error = serde_json::Error;
        let error: Error = in_member("inputSchema", "missing");
        let error: Error = in_item(3, error);
        let error: Error = in_member("tools", error);
        let error: Error = in_message("result", error);
        assert_eq!(error.to_string(), "result.tools[3].inputSchema: missing");
    }

    #[test]
    fn long_messages_are_truncated_but_keep_the_position() {
        let text = format!(r#"["{}"]"#, "ü".repeat(1_000_000));
        let error = serde_json::from_str::<Vec<bool>>(&text).unwrap_err();
        let error: serde_json::Error = in_member("a", error);
        assert!(error.to_string().starts_with(".a: invalid type: string \"ü"), "{error}");
        assert!(error.to_string().len() < 2100 && error.column() == 2_000_003);
    }

    #[test]
    fn names_are_escaped_and_truncated() {
        for (name, step) in
            [("io.x/y", r#"["io.x/y"]"#), ("", r#"[""]"#), ("a\n\u{1b}\"", r#"["a\n\u{1b}\""]"#)]
        {
            assert_eq!(MemberStep(name).to_string(), step);
        }
        assert_eq!(MemberStep(&"a".repeat(200)).to_string().chars().count(), 105);
    }
}
