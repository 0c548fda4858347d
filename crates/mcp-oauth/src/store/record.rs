//! The records of a store, and their JSON format.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    credentials::{ClientRegistration, Credentials},
    key::StoreKey,
};

/// The version of the JSON format. It must increase if older programs would misread the records.
const VERSION: u32 = 1;

/// A record of a store. It is serializable, so a store does not need to know its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// The credentials of a principal.
    Credentials(Box<Credentials>),
    /// The registration of the application at an authorization server.
    Registration(ClientRegistration),
}

/// The error for a record that exists and cannot be read.
///
/// The record stays unchanged until a sign-in replaces it or a sign-out removes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", RecordName(.key), .reason.as_str())]
#[non_exhaustive]
pub struct InvalidRecord {
    /// The key of the record.
    pub key: StoreKey,
    /// The reason.
    pub reason: InvalidRecordReason,
}

/// The reason that a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRecordReason {
    /// The record is not in the format of any known version.
    Corrupt,
    /// A newer version of this crate has written the record.
    NewerVersion,
    /// The record cannot be decrypted with the given keys. It was encrypted with another key or not
    /// at all, or it was changed, or it was moved from another key.
    CannotDecrypt,
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
    /// Serializes the record and the version of the format, for a store to write.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let written = WrittenRecord { version: VERSION, record: self };
        let json = serde_json::to_vec(&written);
        Zeroizing::new(json.expect("a record serializes to JSON"))
    }

    /// Deserializes a result of [`to_json`](Self::to_json) of this version or an older one.
    ///
    /// Ignores members of the outer object that it does not know, so a store may add its own.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRecord`] if the record is damaged or of a newer version. The error contains
    /// no part of the record.
    pub fn from_json(key: &StoreKey, json: &[u8]) -> Result<Self, InvalidRecord> {
        let corrupt = |_| InvalidRecord::new(key, InvalidRecordReason::Corrupt);
        let ReadRecord { version, record } = serde_json::from_slice(json).map_err(corrupt)?;
        if version > VERSION {
            return Err(InvalidRecord::new(key, InvalidRecordReason::NewerVersion));
        }
        serde_json::from_str(record.get()).map_err(corrupt)
    }
}

impl InvalidRecord {
    /// Creates an error for the record of a key.
    pub fn new(key: &StoreKey, reason: InvalidRecordReason) -> Self {
        Self { key: key.clone(), reason }
    }
}

impl InvalidRecordReason {
    /// Describes the problem, and what to do.
    fn as_str(self) -> &'static str {
        match self {
            Self::Corrupt => "the record is damaged; sign in again",
            Self::NewerVersion => {
                "the record is from a newer version of this program; use that version or sign in \
                 again"
            }
            Self::CannotDecrypt => {
                "the record cannot be decrypted with the given keys; provide the key that \
                 encrypted it or sign in again"
            }
        }
    }
}

/// Displays a key as the name of its record, without the query of the server's URL.
struct RecordName<'a>(&'a StoreKey);

impl fmt::Display for RecordName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreKey { principal, issuer, .. } = self.0;
        match principal {
            Some(principal) => write!(f, "credentials of {principal:?}")?,
            None => f.write_str("client registration")?,
        }
        write!(f, " for {} from {issuer}", self.0.server_without_query())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TokenEndpointAuthMethod;

    fn record(client_id: &str) -> Record {
        Record::Registration(ClientRegistration {
            client_id: client_id.to_owned(),
            client_secret: Some("5ecret".into()),
            secret_expires_at: None,
            auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            redirect_uri: None,
            is_preregistered: false,
            is_port_fixed: false,
        })
    }

    #[test]
    fn reads_what_it_wrote_and_rejects_newer_and_damaged_records() {
        let key =
            StoreKey::new(Some("ann"), "https://mcp.example/?key=5ecret", "https://login.example");
        let json = record("c").to_json();
        assert_eq!(Record::from_json(&key, &json), Ok(record("c")));
        let reason = |json: &str| {
            let error = Record::from_json(&key, json.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("5ecret"));
            error.reason
        };
        let json = str::from_utf8(&json).unwrap();
        let newer = json.replace(r#""version":1"#, r#""version":2"#).replace("client_id", "id");
        assert_eq!(reason(&newer), InvalidRecordReason::NewerVersion);
        let other = json.replace("registration", "other_kind");
        for damaged in ["", "{}", "null", &other, &json[1..], &json[..json.len() - 1]] {
            assert_eq!(reason(damaged), InvalidRecordReason::Corrupt, "{damaged}");
        }
    }

    #[test]
    fn an_unreadable_record_error_says_what_to_do() {
        let key = StoreKey::new(Some("ann"), "https://mcp.example/", "https://login.example");
        let error = InvalidRecord::new(&key, InvalidRecordReason::NewerVersion);
        let message = "credentials of \"ann\" for https://mcp.example/ from https://login.example: \
                       the record is from a newer version of this program; use that version or \
                       sign in again";
        assert_eq!(error.to_string(), message);
        let key = StoreKey::new(None, "https://mcp.example/?key=5ecret", "https://login.example");
        let error = InvalidRecord::new(&key, InvalidRecordReason::Corrupt);
        let message = "client registration for https://mcp.example/ from https://login.example: \
                       the record is damaged; sign in again";
        assert_eq!(error.to_string(), message);
    }
}
