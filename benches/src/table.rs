//! Prints tables as Markdown that is also readable as plain text.

pub(crate) fn print(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let first = format!("| {:<1$} |", cells[0], widths[0]);
        let rest = cells.iter().zip(&widths).skip(1);
        rest.fold(first, |line, (cell, width)| format!("{line} {cell:>width$} |"))
    };
    println!("{}", line(head.to_vec()));
    let rules = widths.iter().skip(1).map(|width| format!("{}:|", "-".repeat(width + 1)));
    println!("|{}|{}", "-".repeat(widths[0] + 2), rules.collect::<String>());
    for row in rows {
        println!("{}", line(row.iter().map(String::as_str).collect()));
    }
    println!();
}

/// Formats a number with digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
