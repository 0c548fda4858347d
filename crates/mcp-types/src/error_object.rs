//! What a peer says went wrong.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};
use serde_json::Value;

use crate::{
    JsonObject,
    members::Members,
    object::{self, Object},
};

/// The `error` member of a response (JSON-RPC 2.0, section 5.1).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorObject {
    /// What went wrong, as a number; see [`error_code`](crate::error_code).
    pub code: i64,
    /// What went wrong, in a sentence.
    pub message: String,
    /// More about it, in whatever form the sender chose, `null` included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Message, code and data; control characters of the message, which could fool a terminal, are
/// blanks.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.replace(char::is_control, " ");
        write!(f, "{message} (code {})", self.code)?;
        self.data.as_ref().map_or(Ok(()), |data| write!(f, ", data {data}"))
    }
}

impl Object for ErrorObject {
    const NAME: &'static str = "ErrorObject";
    const TAG: Option<(&'static str, &'static str)> = None;
    const MEMBERS: &'static [&'static str] = &["code", "data", "message"];

    fn read<'de, A: MapAccess<'de>>(members: &mut Members<'de, A>) -> Result<Self, A::Error> {
        let (mut code, mut message, mut data) = (None, None, None);
        while let Some(key) = members.next_key()? {
            match key.as_str() {
                "code" => members.read("code", &mut code)?,
                "message" => members.read("message", &mut message)?,
                "data" => members.read("data", &mut data)?,
                _ => members.keep(key, &mut JsonObject::new())?,
            }
        }
        Ok(Self {
            code: code.ok_or_else(|| members.missing("code"))?,
            message: message.ok_or_else(|| members.missing("message"))?,
            data,
        })
    }
}

impl<'de> Deserialize<'de> for ErrorObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::read(deserializer)
    }
}
