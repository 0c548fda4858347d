//! Parsing of `.env` files.

/// Returns the variables in order. Empty lines, comments and lines without `=` are skipped.
/// `export` before a name and quotes around a value are removed. ` #` ends an unquoted value.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        Some((name, unquoted(value.trim())))
    })
}

/// Removes the quotes or the comment of a value.
fn unquoted(value: &str) -> String {
    let between = |quote| value.strip_prefix(quote).and_then(|rest| rest.split(quote).next());
    if let Some(text) = between('"') {
        return text.replace("\\n", "\n");
    }
    let plain = || value.split(" #").next().unwrap_or_default().trim_end();
    between('\'').unwrap_or_else(plain).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_as_other_dotenv_parsers_do() {
        let text =
            "# KEY=no\nKEY=a b # why\n\nexport A = \"x # y\\nz\"\nB='it is'\nC=\nno\nD=a=b#c";
        let read: Vec<_> = variables(text).collect();
        let read: Vec<_> = read.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let expected =
            [("KEY", "a b"), ("A", "x # y\nz"), ("B", "it is"), ("C", ""), ("D", "a=b#c")];
        assert_eq!(read, expected);
    }
}
