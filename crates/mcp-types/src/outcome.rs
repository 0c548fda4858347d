//! The result of a request for which the server may request input first.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap as _,
};

use crate::{
    json_object::JsonObject,
    object,
    wire::{Members, Object, without_position},
};

/// The member with the type of a result. A result without it is complete.
const RESULT_TYPE: &str = "resultType";
const COMPLETE: &str = "complete";
const INPUT_REQUIRED: &str = "input_required";

/// A complete result `T`, or a result `I` that requests input (MCP 2026-07-28,
/// basic/patterns/mrtr).
///
/// The member `resultType` selects the variant. A result without it is complete. If a member that
/// only a complete result has comes before `resultType`, it must be valid for a complete result.
///
/// ```
/// use mcp_types::{Method, OrInputRequired, v2026_07_28::CallToolRequest};
///
/// type CallResult = <CallToolRequest as Method>::Result;
/// let result: CallResult = serde_json::from_str(r#"{"resultType":"complete","content":[]}"#)?;
/// assert!(matches!(result, OrInputRequired::Complete(result) if result.content.is_empty()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrInputRequired<T, I> {
    /// The final result.
    Complete(T),
    /// The server requests input. The client must retry the request with it.
    InputRequired(I),
    /// A result with another type, as received. It may come from an extension, or be invalid.
    Unknown(JsonObject),
}

/// A result with a `resultType`.
pub(crate) trait Outcome: Object + Serialize {
    fn kind(&self) -> Option<&str>;
}

/// Reads members until `resultType`, or until a member that only a complete result has.
fn read<'de, T: Outcome, I: Object, A: MapAccess<'de>>(
    map: A,
) -> Result<OrInputRequired<T, I>, A::Error> {
    let is_decisive = |key: &str| T::MEMBERS.contains(&key) && !I::MEMBERS.contains(&key);
    let mut members = Members::new(T::NAME, map);
    let Some(kind) = members.seek_tag_until(RESULT_TYPE, is_decisive)? else {
        return reclassify(T::read(&mut members)?).map_err(de::Error::custom);
    };
    match kind.as_str() {
        COMPLETE => {
            members.put_back_tag(RESULT_TYPE, kind);
            T::read(&mut members).map(OrInputRequired::Complete)
        }
        INPUT_REQUIRED => {
            members.put_back_tag(RESULT_TYPE, kind);
            I::read(&mut members).map(OrInputRequired::InputRequired)
        }
        _ => members.read_tagged_object(RESULT_TYPE, kind).map(OrInputRequired::Unknown),
    }
}

/// Checks the type of a result that was read as complete before its type was known.
fn reclassify<T: Outcome, I: Object>(result: T) -> serde_json::Result<OrInputRequired<T, I>> {
    let input_required = match result.kind() {
        None | Some(COMPLETE) => return Ok(OrInputRequired::Complete(result)),
        Some(kind) => kind == INPUT_REQUIRED,
    };
    // Printing and reading it again takes far less memory than a second tree of values.
    let text = serde_json::to_string(&result)?;
    drop(result);
    let mut text = serde_json::Deserializer::from_str(&text);
    let read = if input_required {
        object::read(&mut text).map(OrInputRequired::InputRequired)
    } else {
        JsonObject::deserialize(&mut text).map(OrInputRequired::Unknown)
    };
    read.map_err(|error| de::Error::custom(without_position(&error)))
}

impl<'de, T: Outcome, I: Object> Deserialize<'de> for OrInputRequired<T, I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T, I>(PhantomData<(T, I)>);
        impl<'de, T: Outcome, I: Object> Visitor<'de> for Reader<T, I> {
            type Value = OrInputRequired<T, I>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object ({} or {})", T::NAME, I::NAME)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                read(map)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl<T: Serialize, I: Serialize> Serialize for OrInputRequired<T, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Complete(result) => result.serialize(serializer),
            Self::InputRequired(input) => input.serialize(serializer),
            Self::Unknown(object) => {
                // The type comes first. Otherwise, its members could be read as those of a complete
                // result.
                let mut map = serializer.serialize_map(Some(object.len()))?;
                let (kind, others): (Vec<_>, Vec<_>) =
                    object.iter().partition(|(name, _)| *name == RESULT_TYPE);
                for (name, value) in kind.into_iter().chain(others) {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}
