//! The result of `tools/list` in both revisions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_types::{v2025_11_25, v2026_07_28};
use relay_fuzz::same_again;

fuzz_target!(|data: &[u8]| {
    same_again::<v2025_11_25::ListToolsResult>(data);
    same_again::<v2026_07_28::ListToolsResult>(data);
});
