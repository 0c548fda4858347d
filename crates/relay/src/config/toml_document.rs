//! A parsed TOML file, in which an error in one server does not affect the others.

use std::{borrow::Cow, collections::BTreeMap};

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error as TomlError},
};

use super::{position::Position, toml_error};
use crate::{error::Error, settings::SettingsError};

/// A TOML file with a table of servers.
pub(crate) struct TomlDocument<'a> {
    pub(crate) root: DeTable<'a>,
    /// The errors of single servers, by the names of the servers.
    pub(crate) faults: BTreeMap<String, SettingsError>,
}

impl<'a> TomlDocument<'a> {
    /// Parses a file. `section` returns the name of the table of servers.
    ///
    /// # Errors
    /// Returns an error for the whole file if the text is not TOML. A key or a server that is
    /// defined twice is an error of its server only.
    pub(crate) fn parse(
        text: &'a str,
        section: impl Fn(&DeTable<'_>) -> &'static str,
    ) -> Result<Self, Error> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let root = root.into_inner();
        let section = section(&root);
        let mut faults = BTreeMap::new();
        for error in errors {
            let span = error.span().filter(|_| error.message() == "duplicate key");
            let server = span.as_ref().and_then(|span| server_at(&root, section, span.start));
            let Some(server) = server else {
                return Err(toml_error::configuration_error(text, &error));
            };
            let fault = || duplicate(text, section, &error);
            faults.entry(server.into_owned()).or_insert_with(fault);
        }
        Ok(Self { root, faults })
    }
}

/// Returns the name of the server whose keys and values start last before a byte.
fn server_at<'a>(root: &'a DeTable<'_>, section: &str, byte: usize) -> Option<Cow<'a, str>> {
    let servers = root.get(section)?.get_ref().as_table()?;
    let last_start = |name: &Spanned<_>, value: &Spanned<DeValue<'_>>| {
        let mut last = (name.span().start <= byte).then_some(name.span().start);
        visit(value, &mut |start| last = last.max((start <= byte).then_some(start)));
        last
    };
    let starts = servers.iter().filter_map(|(name, value)| Some((last_start(name, value)?, name)));
    starts.max_by_key(|(start, _)| *start).map(|(_, name)| Cow::Borrowed(&**name.get_ref()))
}

/// Calls `found` with the start of a value, and of everything in it.
fn visit(value: &Spanned<DeValue<'_>>, found: &mut impl FnMut(usize)) {
    found(value.span().start);
    match value.get_ref() {
        DeValue::Array(values) => values.iter().for_each(|value| visit(value, found)),
        DeValue::Table(members) => {
            for (key, value) in members {
                found(key.span().start);
                visit(value, found);
            }
        }
        _ => {}
    }
}

/// Returns the fault of a server with a key that is defined twice, or that is itself defined twice.
fn duplicate(text: &str, section: &str, error: &TomlError) -> SettingsError {
    let span = error.span().unwrap_or_default();
    let key = text.get(span.clone()).unwrap_or_default();
    let is_header =
        text.get(..span.start).is_some_and(|before| before.ends_with(&format!("[{section}.")))
            && text.get(span.end..).is_some_and(|after| after.starts_with(']'));
    let header = format!("[{section}.{key}]");
    let reason =
        match text.find(&header).filter(|_| is_header).and_then(|start| {
            Position::at(text, start + section.len() + 2).map(<(usize, usize)>::from)
        }) {
            Some((line, column)) => {
                format!("defined twice, first at line {line}, column {column}")
            }
            None => format!("duplicate key \"{}\"", key.trim_matches(['"', '\''])),
        };
    SettingsError { position: Position::at(text, span.start).map(Position::into), reason }
}
