//! Prints rows as an aligned table if stdout is a terminal, and as tab-separated values otherwise.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::printer::{Printer, is_control};

/// The longest cell in a table, in characters. The layout takes time that grows with the square of
/// the length of a word.
const MAX_CELL_CHARS: usize = 300;

/// Prints rows, with `headers` if stdout is a terminal.
///
/// # Errors
/// Returns an error if stdout cannot be written to.
pub(crate) fn print_table(headers: &[&str], rows: &[Vec<String>], printer: &Printer) -> Result<()> {
    printer.print_result(&match printer.is_terminal() {
        true => aligned(headers, rows, printer, None),
        false => tab_separated(rows),
    })
}

/// Returns the rows as an aligned table with `headers`. `width` defaults to that of the terminal.
fn aligned(
    headers: &[&str],
    rows: &[Vec<String>],
    printer: &Printer,
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(headers);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| displayed_cell(cell, printer))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Returns one line for each row, with the cells separated by tabs. There are no headers.
fn tab_separated(rows: &[Vec<String>]) -> String {
    let line =
        |row: &Vec<String>| row.iter().map(|cell| one_line(cell)).collect::<Vec<_>>().join("\t");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Returns the text of a cell for an aligned table. Tokens are redacted first, because wrapping and
/// truncating would split them.
fn displayed_cell(cell: &str, printer: &Printer) -> String {
    let text = printer.redact(&one_line(cell));
    match text.char_indices().nth(MAX_CELL_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns the text on one line, without control characters.
fn one_line(text: &str) -> String {
    let text = text.replace(is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use relay::AccessToken;

    use super::*;

    const HEADERS: [&str; 2] = ["NAME", "DESCRIPTION"];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        vec![
            row(["search", "Finds\n  books\tby a word of their title, author or subject"]),
            row(["a\u{1b}[2J\u{202e}b", ""]),
        ]
    }

    #[test]
    fn a_terminal_gets_columns_that_fit() {
        insta::assert_snapshot!(aligned(&HEADERS, &rows(), &Printer::sink(), Some(40)), @"
        NAME     DESCRIPTION
        search   Finds books by a word of
                 their title, author or
                 subject
        a [2J b
        ");
    }

    #[test]
    fn tokens_are_redacted_before_lines_are_wrapped() {
        let printer = Printer::sink();
        let token = "0123456789".repeat(6);
        printer.add_secret(&AccessToken::new(token.as_str()));
        let padding = "x".repeat(MAX_CELL_CHARS - 10);
        let rows = [vec![token.clone(), format!("{padding}{token}")]];
        let table = aligned(&HEADERS, &rows, &printer, Some(40));
        assert!(table.contains("****") && !table.contains("012"), "{table}");
    }

    #[test]
    fn long_cells_are_truncated() {
        let rows = [vec!["é".repeat(80_000), String::new()]];
        let table = aligned(&HEADERS, &rows, &Printer::sink(), Some(40));
        assert_eq!(table.matches('é').count(), MAX_CELL_CHARS);
        assert!(table.contains('…'), "{table}");
    }

    #[test]
    fn other_readers_get_tab_separated_values() {
        insta::assert_snapshot!(tab_separated(&rows()), @"
        search	Finds books by a word of their title, author or subject
        a [2J b
        ");
    }
}
