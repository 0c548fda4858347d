//! The protocol versions that this client supports, and the choice among those of a server.

use mcp_types::{Era, Revision};
use serde_json::Value;

use crate::error::Error;

/// The newest stateful version, which `initialize` offers.
pub(crate) const NEWEST_STATEFUL: Revision = Revision::V2025_11_25;

/// The newest stateless version, in which `server/discover` is sent.
pub(crate) const NEWEST_STATELESS: Revision = Revision::V2026_07_28;

/// Returns the newest version of an era that both this client and `versions` contain.
pub(crate) fn mutual<'a>(
    era: Era,
    versions: impl IntoIterator<Item = &'a String>,
) -> Option<Revision> {
    let known = versions.into_iter().filter_map(|version| version.parse().ok());
    known.filter(|revision: &Revision| revision.era() == era).max()
}

/// Chooses the version for a server that supports these versions: the newest common stateless one.
/// Without one, the newest common stateful version is chosen, unless the server names a version
/// from `NEWEST_STATELESS` on.
///
/// # Errors
/// Returns [`Error::UnsupportedProtocolVersion`] if there is no common version.
pub(crate) fn choose(supported: Vec<String>) -> Result<Revision, Error> {
    let newest = |era| mutual(era, &supported);
    if let Some(revision) = newest(Era::Stateless) {
        return Ok(revision);
    }
    let is_old = |version: &String| version.as_str() < NEWEST_STATELESS.as_str();
    match newest(Era::Stateful) {
        Some(revision) if supported.iter().all(is_old) => Ok(revision),
        _ => Err(no_common_version(supported, None)),
    }
}

/// Returns the error for a server that supports only these versions. If a version is pinned, the
/// client supports no other.
pub(crate) fn no_common_version(server: Vec<String>, pinned: Option<Revision>) -> Error {
    /// The maximum number of versions in an error.
    const MAX_VERSIONS: usize = 20;
    let server = server.into_iter().take(MAX_VERSIONS).map(displayed).collect();
    Error::UnsupportedProtocolVersion {
        server,
        client: pinned.map_or_else(|| Revision::ALL.to_vec(), |one| vec![one]),
    }
}

/// Returns a version, which is a date, for an error. Other text is left out, because it may be long,
/// or a secret that the server echoes.
fn displayed(version: String) -> String {
    const FORM: &str = "dddd-dd-dd";
    let fits = |(form, c): (char, char)| if form == 'd' { c.is_ascii_digit() } else { c == form };
    let is_date = version.len() == FORM.len() && FORM.chars().zip(version.chars()).all(fits);
    match is_date || version.is_empty() {
        true => version,
        false => "(invalid)".to_owned(),
    }
}

/// Returns the versions that the server supports, if the error names them.
pub(crate) fn supported(error: &Error) -> Option<Vec<String>> {
    let Error::Rpc { error, .. } = error else { return None };
    let supported = error.data.as_ref()?.get("supported")?.as_array()?;
    Some(supported.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_only_versions_that_are_dates() {
        for (version, shown) in [
            ("2030-01-01", "2030-01-01"),
            ("s3cret-token-of_alice", "(invalid)"),
            ("2030-01-0a", "(invalid)"),
            ("2030.01.01", "(invalid)"),
            ("2030-01-01-s3cret", "(invalid)"),
            ("", ""),
        ] {
            assert_eq!(displayed(version.to_owned()), shown);
        }
    }
}
