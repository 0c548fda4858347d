//! What has not changed from one revision to the next is one type.

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
fn what_is_equal_all_the_way_down_is_one_type() {
    same!(ContentBlock, Icon, Implementation, ToolAnnotations, Resource, SamplingMessage);
    same!(CompletionReference, CreateMessageResult, PromptMessage, ResourceContents);
}

#[test]
fn what_has_changed_somewhere_is_two() {
    different!(Tool, CallToolResult, ListToolsResult, ClientCapabilities, RequestMetaObject);
    different!(CallToolRequestParams, CallToolRequest, CancelledNotification);
}
