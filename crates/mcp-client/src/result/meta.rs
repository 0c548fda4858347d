//! The `_meta` object of a result.

use mcp_types::{JsonObject, v2026_07_28::ResultMetaObject};

/// `_meta` of a result as it was sent.
pub(crate) fn meta_to_object(meta: ResultMetaObject) -> JsonObject {
    // What came from JSON can be written as such.
    let info = meta.server_info.map(|info| serde_json::to_value(info).unwrap_or_default());
    let info = info.map(|info| ("io.modelcontextprotocol/serverInfo".to_owned(), info));
    meta.extra.into_iter().chain(info).collect()
}
