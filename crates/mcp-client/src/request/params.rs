//! Parameters of requests, and validation of the caller's parameters.

use mcp_types::{JsonObject, Method, v2026_07_28::CallToolRequest};
use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::{error::Error, transport::BoxError};

/// The parameters of `tools/call`, borrowed.
#[derive(Serialize)]
pub(crate) struct CallToolParams<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a RawValue,
}

/// The parameters of methods that return a list.
#[derive(Serialize)]
pub(crate) struct ListParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// The parameters of requests about one resource.
#[derive(Serialize)]
pub(crate) struct ResourceParams<'a> {
    pub(crate) uri: &'a str,
}

/// Returns the error for arguments of a tool that cannot be sent.
pub(crate) fn tool_params_error(error: BoxError) -> Error {
    Error::invalid_params(CallToolRequest::NAME, error)
}

/// Serializes arguments as a JSON object. `null` becomes an empty object.
pub(crate) fn to_object(arguments: &impl Serialize) -> Result<Box<RawValue>, BoxError> {
    let arguments = to_raw_value(arguments)?;
    if arguments.get() == "null" {
        return Ok(to_raw_value(&JsonObject::new())?);
    }
    require_object(&arguments)?;
    Ok(arguments)
}

pub(crate) fn require_object(arguments: &RawValue) -> Result<(), BoxError> {
    match arguments.get().starts_with('{') {
        true => Ok(()),
        false => Err("the arguments must be a JSON object".into()),
    }
}

/// Serializes parameters, and separates their `_meta` object.
pub(crate) fn split_meta(params: &impl Serialize) -> Result<(JsonObject, JsonObject), BoxError> {
    let mut params = match serde_json::to_value(params)? {
        Value::Object(params) => params,
        Value::Null => JsonObject::new(),
        _ => return Err("expected a JSON object".into()),
    };
    match params.remove("_meta") {
        None => Ok((params, JsonObject::new())),
        Some(Value::Object(meta)) => Ok((params, meta)),
        Some(_) => Err("\"_meta\": expected a JSON object".into()),
    }
}
