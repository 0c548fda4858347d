//! Definitions that are equal in both revisions are one type.

use std::any::TypeId;

use mcp_types::{v2025_11_25 as before, v2026_07_28 as after};

macro_rules! same {
    ($($name:ident),*) => {
        $(assert_eq!(TypeId::of::<before::$name>(), TypeId::of::<after::$name>());)*
    };
}

macro_rules! different {
    ($($name:ident),*) => {
        $(assert_ne!(TypeId::of::<before::$name>(), TypeId::of::<after::$name>());)*
    };
}

#[test]
fn equal_definitions_are_one_type() {
    same!(ContentBlock, Icon, Implementation, ToolAnnotations, Resource, SamplingMessage);
    same!(CompletionReference, CreateMessageResult, PromptMessage, ResourceContents);
}

#[test]
fn different_definitions_are_two_types() {
    different!(Tool, CallToolResult, ListToolsResult, ClientCapabilities, RequestMetaObject);
    different!(CallToolRequestParams, CallToolRequest, CancelledNotification);
}
