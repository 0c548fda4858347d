//! A message of both revisions, such as the response to `tools/call`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_types::{Method, v2025_11_25, v2026_07_28};
use relay_fuzz::same_message_again;

fuzz_target!(|data: &[u8]| {
    same_message_again::<<v2025_11_25::CallToolRequest as Method>::Result>(data);
    same_message_again::<<v2026_07_28::CallToolRequest as Method>::Result>(data);
    same_message_again::<mcp_types::JsonObject>(data);
});
