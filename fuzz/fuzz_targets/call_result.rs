//! The result of `tools/call` in both revisions. In the newer one it may require input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_types::{Method, v2025_11_25, v2026_07_28};
use relay_fuzz::same_again;

fuzz_target!(|data: &[u8]| {
    same_again::<v2025_11_25::CallToolResult>(data);
    same_again::<<v2026_07_28::CallToolRequest as Method>::Result>(data);
});
