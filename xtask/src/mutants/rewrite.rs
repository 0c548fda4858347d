//! Rewrites a source file, so that each fault is a switch.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Context, Result, bail, ensure};

use super::table::Row;

/// The name of the function that tells if a fault is turned on. It is added to the root of each
/// crate.
const SWITCH: &str = "is_mutant_active";
/// The variable with the id of the fault that is turned on.
pub(crate) const VARIABLE: &str = "RELAY_MUTANT";

/// Returns the function that tells if a fault is turned on.
pub(crate) fn switch_function() -> String {
    format!(
        "\npub(crate) fn {SWITCH}(id: &str) -> bool {{
    static ACTIVE: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ACTIVE.get_or_init(|| std::env::var({VARIABLE:?}).ok()).as_deref() == Some(id)
}}\n"
    )
}

/// Returns the file with the faults as switches.
pub(crate) fn rewrite(source: &str, rows: &[&Row]) -> Result<String> {
    let mut places: BTreeMap<(usize, usize), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let place = place(source, row).with_context(|| format!("fault {:?} is stale", row.id))?;
        let place = if row.insert.is_some() { place.end..place.end } else { place };
        places.entry((place.start, place.end)).or_default().push(row);
    }
    let mut rewritten = String::with_capacity(source.len());
    let mut end = 0;
    for ((start, stop), rows) in places {
        let ids = || rows.iter().map(|row| &*row.id).collect::<Vec<_>>().join(", ");
        ensure!(start >= end, "fault {:?} overlaps with another", ids());
        rewritten.push_str(&source[end..start]);
        rewritten.push_str(&switches(&source[start..stop], &rows)?);
        end = stop;
    }
    rewritten.push_str(&source[end..]);
    Ok(rewritten)
}

/// Finds the text of a row.
fn place(source: &str, row: &Row) -> Result<Range<usize>> {
    let from = match &row.after {
        None => {
            ensure!(
                source.matches(&*row.text).count() <= 1,
                "{} has its text more than once: {:?}",
                row.file,
                row.text
            );
            0
        }
        Some(after) => {
            let count = source.matches(&**after).count();
            ensure!(count == 1, "{} has {after:?} {count} times", row.file);
            source.find(&**after).unwrap_or_default()
        }
    };
    let found = source[from..].find(&*row.text);
    let start = from + found.with_context(|| format!("{} lacks {:?}", row.file, row.text))?;
    Ok(start..start + row.text.len())
}

/// Returns the code with a switch for each fault of one place.
fn switches(original: &str, rows: &[&Row]) -> Result<String> {
    if rows.iter().all(|row| row.insert.is_some()) {
        let inserted = rows.iter().filter_map(|row| Some((row, row.insert.as_ref()?)));
        let inserted = inserted.map(|(row, insert)| format!("{} {{ {insert} }}", condition(row)));
        return Ok(format!(" {}", inserted.collect::<Vec<_>>().join(" ")));
    }
    let mut code = String::new();
    let mut is_expression = is_expression(original);
    for row in rows {
        let faulty = row.with.as_deref().unwrap_or_default();
        is_expression &= self::is_expression(faulty);
        for code in [original, faulty] {
            if syn::parse_str::<syn::Block>(&format!("{{ {code} }}")).is_err() {
                bail!("fault {:?}: expected an expression or statements, got {code:?}", row.id);
            }
        }
        code += &format!("{} {{ {faulty} }} else ", condition(row));
    }
    code += &format!("{{ {original} }}");
    Ok(if is_expression { format!("({code})") } else { code })
}

fn condition(row: &Row) -> String {
    format!("if crate::{SWITCH}({:?})", row.id)
}

fn is_expression(code: &str) -> bool {
    syn::parse_str::<syn::Expr>(code).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, text: &str, with: &str) -> Row {
        let toml = format!("id = {id:?}\nfile = 'a.rs'\ntext = '{text}'\nwith = '{with}'");
        toml::from_str(&toml).unwrap()
    }

    #[test]
    fn expressions_and_statements_become_switches() {
        let source = "fn f(a: u8) -> bool { g(a); a < 3 && h(a) }";
        let rows = [row("one", "a < 3", "a <= 3"), row("two", "g(a);", "")];
        let expected = "fn f(a: u8) -> bool { if crate::is_mutant_active(\"two\") {  } else \
            { g(a); } (if crate::is_mutant_active(\"one\") { a <= 3 } else { a < 3 }) && h(a) }";
        assert_eq!(rewrite(source, &rows.iter().collect::<Vec<_>>()).unwrap(), expected);
    }

    #[test]
    fn faults_of_one_place_share_a_switch() {
        let rows = [row("one", "a", "b"), row("two", "a", "c")];
        let rewritten = rewrite("x(a)", &rows.iter().collect::<Vec<_>>()).unwrap();
        let expected = "x((if crate::is_mutant_active(\"one\") { b } else \
            if crate::is_mutant_active(\"two\") { c } else { a }))";
        assert_eq!(rewritten, expected);
    }

    #[test]
    fn statements_can_follow_a_text() {
        let row = Row { with: None, insert: Some("return 1;".to_owned()), ..row("one", "{", "") };
        let rewritten = rewrite("fn f() -> u8 { 0 }", &[&row]).unwrap();
        let expected = "fn f() -> u8 { if crate::is_mutant_active(\"one\") { return 1; } 0 }";
        assert_eq!(rewritten, expected);
    }

    #[test]
    fn stale_rows_are_errors_that_name_the_fault() {
        for (source, text) in [("a b", "c"), ("a a", "a")] {
            let error = rewrite(source, &[&row("one", text, "b")]).unwrap_err();
            assert!(error.to_string().contains("\"one\" is stale"), "{error}");
        }
        let overlapping = [row("one", "a + b", "a"), row("two", "b", "c")];
        rewrite("a + b", &overlapping.iter().collect::<Vec<_>>()).unwrap_err();
    }

    #[test]
    fn a_text_is_found_after_another() {
        let row = Row { after: Some("fn g".to_owned()), ..row("one", "a", "b") };
        let rewritten = rewrite("fn f() { a } fn g() { a }", &[&row]).unwrap();
        assert!(rewritten.starts_with("fn f() { a } fn g() { (if"), "{rewritten}");
    }
}
