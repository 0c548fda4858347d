//! The `_meta` object of a result.

use mcp_types::{JsonObject, v2026_07_28::ResultMetaObject};

/// Converts the `_meta` of a result back to the object that the server sent.
pub(crate) fn meta_to_object(meta: ResultMetaObject) -> JsonObject {
    // Serialization cannot fail, because the value came from JSON.
    let info = meta.server_info.map(|info| serde_json::to_value(info).unwrap_or_default());
    let info = info.map(|info| ("io.modelcontextprotocol/serverInfo".to_owned(), info));
    meta.extra.into_iter().chain(info).collect()
}
