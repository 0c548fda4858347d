//! An entry of a list: a tool, a prompt, a resource or a resource template.

use mcp_types::JsonObject;
use serde_json::Value;

use super::step::{Step, StepContext, StepHandler};

/// An item of a list, with the handler that runs when it is used.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) definition: JsonObject,
    pub(crate) handler: StepHandler,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum EntryKind {
    Tool,
    Prompt,
    Resource,
    Template,
}

impl Entry {
    pub(crate) fn new(
        kind: EntryKind,
        key: String,
        handler: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self { kind, definition: JsonObject::new(), handler: StepHandler::new(handler) }
            .member(kind.key(), key)
    }

    pub(crate) fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.insert(name.into(), value.into());
        self
    }

    /// Returns the member that identifies the entry among those of its kind.
    pub(crate) fn key(&self) -> Option<&Value> {
        self.definition.get(self.kind.key())
    }
}

impl EntryKind {
    /// Returns the kind that this method lists.
    pub(crate) fn listed_by(method: &str) -> Option<Self> {
        Some(match method {
            "tools/list" => Self::Tool,
            "prompts/list" => Self::Prompt,
            "resources/list" => Self::Resource,
            "resources/templates/list" => Self::Template,
            _ => return None,
        })
    }

    /// Returns the name of the result's member with the list.
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::Template => "resourceTemplates",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }
}
