//! Lists and their entries, decoded so that one invalid entry does not fail the list.

use std::collections::HashMap;

use mcp_types::{
    JsonRpcMessage, Method,
    v2026_07_28::{
        self as wire, ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest,
        ListToolsRequest, Prompt, Resource, ResourceTemplate,
    },
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Value, value::RawValue};

use super::{cache_hint::CacheHint, outcome::Outcome, page::Page};

/// A complete list from a server, in the server's order.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListResult<T> {
    /// The valid entries. All text comes from the server and is untrusted.
    pub items: Vec<T>,
    /// The invalid entries, each with the reason.
    pub invalid: Vec<InvalidEntry>,
    /// The server's cache hint, if it sent one.
    pub cache: Option<CacheHint>,
}

/// An invalid entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidEntry {
    /// The name of the tool or prompt, or the URI of the resource or template, if the entry has
    /// one.
    pub name: Option<String>,
    /// The reason why the entry is invalid.
    pub reason: String,
}

impl InvalidEntry {
    /// Creates an invalid entry with this reason.
    pub fn new(name: Option<String>, reason: impl Into<String>) -> Self {
        Self { name, reason: reason.into() }
    }
}

/// A valid or an invalid entry.
pub(crate) type Entry<T> = Result<T, InvalidEntry>;

/// An entry type of lists.
pub(crate) trait Listable: DeserializeOwned {
    /// The method that returns the list.
    const METHOD: &'static str;
    /// The member of the result that holds the entries.
    const ENTRIES: &'static str;
    /// The member of an entry that identifies it.
    const KEY: &'static str;
}

impl Listable for wire::Tool {
    const METHOD: &'static str = ListToolsRequest::NAME;
    const ENTRIES: &'static str = "tools";
    const KEY: &'static str = "name";
}

impl Listable for Prompt {
    const METHOD: &'static str = ListPromptsRequest::NAME;
    const ENTRIES: &'static str = "prompts";
    const KEY: &'static str = "name";
}

impl Listable for Resource {
    const METHOD: &'static str = ListResourcesRequest::NAME;
    const ENTRIES: &'static str = "resources";
    const KEY: &'static str = "uri";
}

impl Listable for ResourceTemplate {
    const METHOD: &'static str = ListResourceTemplatesRequest::NAME;
    const ENTRIES: &'static str = "resourceTemplates";
    const KEY: &'static str = "uriTemplate";
}

/// Decodes a page entry by entry, so that one invalid entry does not fail the list.
pub(crate) fn decode_page<T: Listable>(
    message: &[u8],
) -> serde_json::Result<JsonRpcMessage<Outcome<Page<Entry<T>>>>> {
    let page = JsonRpcMessage::<RawPage<T>>::from_slice(message)?;
    Ok(page.map(|page| {
        let RawPage { entries: items, next, result_type, hint } = page;
        let page = Page { items, next, bytes: message.len(), hint };
        Outcome::by_type(result_type.as_deref(), page)
    }))
}

/// A page whose entries may be invalid.
struct RawPage<T> {
    entries: Vec<Entry<T>>,
    next: Option<String>,
    result_type: Option<String>,
    hint: Option<CacheHint>,
}

impl<'de, T: Listable> Deserialize<'de> for RawPage<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut page = HashMap::<String, Box<RawValue>>::deserialize(deserializer)?;
        let entries = page.remove(T::ENTRIES).ok_or_else(|| D::Error::missing_field(T::ENTRIES))?;
        let entries: Vec<&RawValue> =
            serde_json::from_str(entries.get()).map_err(D::Error::custom)?;
        // An invalid hint is ignored.
        let ttl = member(&page, "ttlMs").unwrap_or_default();
        let scope = member(&page, "cacheScope").unwrap_or_default();
        Ok(Self {
            entries: entries.into_iter().map(decode_entry).collect(),
            next: member(&page, "nextCursor").map_err(D::Error::custom)?,
            result_type: member(&page, "resultType").map_err(D::Error::custom)?,
            hint: CacheHint::new(ttl, scope.as_ref()),
        })
    }
}

fn member<T: DeserializeOwned>(
    members: &HashMap<String, Box<RawValue>>,
    name: &str,
) -> serde_json::Result<Option<T>> {
    members.get(name).map_or(Ok(None), |member| serde_json::from_str(member.get()))
}

fn decode_entry<T: Listable>(entry: &RawValue) -> Entry<T> {
    serde_json::from_str(entry.get()).map_err(|error| {
        let entry: Value = serde_json::from_str(entry.get()).unwrap_or_default();
        let name = entry.get(T::KEY).and_then(Value::as_str).map(str::to_owned);
        InvalidEntry { name, reason: error.to_string() }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn page(result: &str) -> serde_json::Result<Page<Entry<Resource>>> {
        let message = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        match decode_page::<Resource>(message.as_bytes())? {
            JsonRpcMessage::Result { result: Outcome::Complete(page), .. } => Ok(page),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_invalid_entry_does_not_fail_the_page() {
        // RES-02
        let page = page(
            r#"{"resources":[{"uri":"a://1","name":"one"},{"uri":"a://2"},7,{"name":"x"}],
                "nextCursor":"n","ttlMs":5}"#,
        )
        .unwrap();
        let shown: Vec<_> = page
            .items
            .into_iter()
            .map(|entry| entry.map(|it| it.name).map_err(|it| it.name.unwrap_or_default()))
            .collect();
        let invalid = |name: &str| Err(name.to_owned());
        assert_eq!(shown, [Ok("one".to_owned()), invalid("a://2"), invalid(""), invalid("")]);
        assert_eq!(page.next.as_deref(), Some("n"));
        assert_eq!(page.hint.map(|hint| hint.ttl), Some(Duration::from_millis(5)));
    }

    #[test]
    fn an_invalid_page_is_an_error() {
        for bad in ["{}", r#"{"resources":{}}"#, r#"{"resources":[],"nextCursor":1}"#, "[]"] {
            page(bad).unwrap_err();
        }
        let hint = page(r#"{"resources":[],"ttlMs":"soon","nextCursor":null}"#).unwrap().hint;
        assert_eq!(hint, None);
    }
}
