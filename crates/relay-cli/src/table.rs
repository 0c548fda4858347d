//! Rows of text: a table for people, tabs for programs.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use crate::output::is_control;

/// Lays rows out in columns with `headers`, as wide as the terminal is.
pub(crate) fn for_people(headers: &[&str], rows: &[Vec<String>]) -> String {
    laid_out(headers, rows, None)
}

fn laid_out(headers: &[&str], rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    table.set_header(headers);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| one_line(cell))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// A line for each row, its cells separated by tabs; no headers.
pub(crate) fn for_programs(rows: &[Vec<String>]) -> String {
    let line =
        |row: &Vec<String>| row.iter().map(|cell| one_line(cell)).collect::<Vec<_>>().join("\t");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A text without line breaks and other control characters.
fn one_line(text: &str) -> String {
    let text = text.replace(is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        vec![
            row(["search", "Finds\n  books\tby a word of their title, author or subject"]),
            row(["a\u{1b}[2J\u{202e}b", ""]),
        ]
    }

    #[test]
    fn people_get_columns_that_fit() {
        insta::assert_snapshot!(laid_out(&["NAME", "DESCRIPTION"], &rows(), Some(40)), @"
        NAME     DESCRIPTION
        search   Finds books by a word of
                 their title, author or
                 subject
        a [2J b
        ");
    }

    #[test]
    fn programs_get_tabs() {
        insta::assert_snapshot!(for_programs(&rows()), @"
        search	Finds books by a word of their title, author or subject
        a [2J b
        ");
    }
}
