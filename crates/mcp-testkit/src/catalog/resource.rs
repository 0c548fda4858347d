//! Resources and resource templates.

use mcp_types::JsonObject;
use serde_json::{Value, json};

use super::{
    call_result::CallResult,
    entry::{Entry, EntryKind},
    step::{Step, StepContext},
};

/// A resource that clients can list, read and subscribe to.
///
/// ```
/// use mcp_testkit::TestResource;
///
/// let notes = TestResource::new("file:///notes.txt", "notes", "Buy milk.")
///     .member("mimeType", "text/plain");
/// # let _ = notes;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TestResource(pub(crate) Entry);

/// A resource template, with the function that returns the contents.
///
/// ```
/// use mcp_testkit::{CallResult, TestResourceTemplate};
/// use serde_json::json;
///
/// let users = TestResourceTemplate::new("users://{id}/profile", "profile", |variables| {
///     let uri = &variables["uri"];
///     CallResult::contents([json!({ "uri": uri, "text": format!("user {}", variables["id"]) })])
/// });
/// # let _ = users;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TestResourceTemplate(pub(crate) Entry);

impl TestResource {
    /// Returns a resource with fixed text.
    pub fn new(uri: impl Into<String>, name: impl Into<String>, text: impl Into<String>) -> Self {
        let (uri, text) = (uri.into(), text.into());
        let contents = json!({ "uri": uri, "text": text });
        Self::with_steps(uri, name, move |_| CallResult::contents([contents.clone()]).into())
    }

    /// Returns a resource whose contents are created when it is read. It can send requests to the
    /// client before its result, like [`TestTool::with_steps`](crate::TestTool::with_steps).
    pub fn with_steps(
        uri: impl Into<String>,
        name: impl Into<String>,
        handler: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self(Entry::new(EntryKind::Resource, uri.into(), handler)).member("name", name.into())
    }

    /// Sets any other member of the definition, such as `mimeType` or `size`.
    pub fn member(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.member(name, value))
    }
}

impl TestResourceTemplate {
    /// Returns a template such as `users://{id}/profile`. Each variable matches text without a
    /// slash (RFC 6570, level 1). `contents` receives the variables by name, and the whole URI as
    /// `uri`.
    pub fn new(
        uri_template: impl Into<String>,
        name: impl Into<String>,
        contents: impl Fn(&JsonObject) -> CallResult + Send + Sync + 'static,
    ) -> Self {
        let handler = move |context: &StepContext| contents(context.arguments()).into();
        Self(Entry::new(EntryKind::Template, uri_template.into(), handler))
            .member("name", name.into())
    }

    /// Sets any other member of the definition, such as `mimeType`.
    pub fn member(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.member(name, value))
    }
}

/// Returns the values of the template's variables in a URI, or `None` if the URI does not match.
pub(crate) fn match_template(template: &str, uri: &str) -> Option<JsonObject> {
    let mut found = JsonObject::new();
    let (mut template, mut rest) = (template, uri);
    while let Some((literal, tail)) = template.split_once('{') {
        let (name, tail) = tail.split_once('}')?;
        rest = rest.strip_prefix(literal)?;
        let next = tail.split('{').next().unwrap_or_default();
        let end = match next {
            "" => rest.find('/').unwrap_or(rest.len()),
            next => rest.find(next)?,
        };
        let (value, after) = rest.split_at(end);
        if value.is_empty() || value.contains('/') {
            return None;
        }
        found.insert(name.to_owned(), json!(value));
        (template, rest) = (tail, after);
    }
    (rest == template).then(|| {
        found.insert("uri".to_owned(), json!(uri));
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_a_uri_only_if_every_variable_has_a_value() {
        for (template, uri, expected) in [
            ("users://{id}/profile", "users://7/profile", Some(json!({ "id": "7" }))),
            ("a://{x}/{y}", "a://1/2", Some(json!({ "x": "1", "y": "2" }))),
            ("a://b", "a://b", Some(json!({}))),
            ("users://{id}/profile", "users:///profile", None),
            ("users://{id}/profile", "users://7/profiles", None),
            ("a://{x}", "a://1/2", None),
            ("a://{x", "a://1", None),
        ] {
            let expected = expected.map(|mut variables| {
                variables["uri"] = json!(uri);
                variables
            });
            assert_eq!(
                match_template(template, uri).map(Value::Object),
                expected,
                "{template} {uri}"
            );
        }
    }
}
