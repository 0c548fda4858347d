//! The records of a store, and their JSON format.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    credentials::{Credentials, Registration},
    key::Key,
};

/// The version of the JSON format. It must grow if older programs would misread the records.
const VERSION: u32 = 1;

/// What is kept. It is serialisable, so that a store need not know what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// The tokens of a principal.
    Credentials(Box<Credentials>),
    /// The application, as the authorization server knows it.
    Registration(Registration),
}

/// A record that is there and cannot be read. A sign-in puts another in its place, and a sign-out
/// removes it; until then it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of {key:?} {} sign in again", .reason.as_str())]
#[non_exhaustive]
pub struct Unreadable {
    /// Whose record it is.
    pub key: Key,
    /// What is wrong with it.
    pub reason: UnreadableReason,
}

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableReason {
    /// It is not what any version has written.
    Damaged,
    /// A newer version has written it.
    Newer,
    /// None of the keys that there are opens it: it is sealed with another one, or it was changed, or
    /// it was moved here from another place.
    Sealed,
}

#[derive(Serialize)]
struct WrittenRecord<'a> {
    version: u32,
    record: &'a Record,
}

#[derive(Deserialize)]
struct ReadRecord<'a> {
    version: u32,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Record {
    /// The record as a store writes it, with the version of what is written.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let written = WrittenRecord { version: VERSION, record: self };
        let json = serde_json::to_vec(&written);
        Zeroizing::new(json.expect("a record is texts and numbers"))
    }

    /// Reads what [`to_json`](Self::to_json) gave, in this version or an older one.
    ///
    /// # Errors
    /// [`Unreadable`], which quotes nothing of it.
    pub fn from_json(key: &Key, json: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |_| Unreadable::new(key, UnreadableReason::Damaged);
        let ReadRecord { version, record } = serde_json::from_slice(json).map_err(damaged)?;
        if version > VERSION {
            return Err(Unreadable::new(key, UnreadableReason::Newer));
        }
        serde_json::from_str(record.get()).map_err(damaged)
    }
}

impl Unreadable {
    /// An error for the record of a key.
    pub fn new(key: &Key, reason: UnreadableReason) -> Self {
        Self { key: key.clone(), reason }
    }
}

impl UnreadableReason {
    /// Describes the problem, and what helps except to sign in again.
    fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "is damaged:",
            Self::Newer => "is from a newer version of this program: use that one, or",
            Self::Sealed => {
                "is sealed with none of the given keys: give the one it is sealed with, or"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TokenEndpointAuthMethod;

    fn record(client_id: &str) -> Record {
        Record::Registration(Registration {
            client_id: client_id.to_owned(),
            client_secret: Some("5ecret".into()),
            secret_expires_at: None,
            auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            redirect_uri: None,
        })
    }

    #[test]
    fn reads_what_it_wrote_and_rejects_newer_and_damaged_records() {
        let key = Key::new(Some("ann"), "https://mcp.example/?key=5ecret", "https://login.example");
        let json = record("c").to_json();
        assert_eq!(Record::from_json(&key, &json), Ok(record("c")));
        let why = |json: &str| {
            let error = Record::from_json(&key, json.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("5ecret"));
            error.reason
        };
        let json = str::from_utf8(&json).unwrap();
        let newer = json.replace(r#""version":1"#, r#""version":2"#).replace("client_id", "id");
        assert_eq!(why(&newer), UnreadableReason::Newer);
        let other = json.replace("registration", "other_kind");
        for damaged in ["", "{}", "null", &other, &json[1..], &json[..json.len() - 1]] {
            assert_eq!(why(damaged), UnreadableReason::Damaged, "{damaged}");
        }
    }

    #[test]
    fn an_unreadable_record_error_says_what_to_do() {
        let key = Key::new(Some("ann"), "https://mcp.example/", "https://login.example");
        let error = Unreadable::new(&key, UnreadableReason::Newer);
        let message = "the record of Key(Some(\"ann\") at https://mcp.example/, by https://login.example) \
                    is from a newer version of this program: use that one, or sign in again";
        assert_eq!(error.to_string(), message);
    }
}
