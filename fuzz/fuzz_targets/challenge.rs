//! The `WWW-Authenticate` header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_http::Challenge;

fuzz_target!(|header: &str| {
    for challenge in Challenge::parse(header) {
        assert!(!challenge.scheme.is_empty());
        // All names and values come from the header. Unescaping never makes a value longer.
        let lengths = challenge.params.iter().map(|(name, value)| name.len() + value.len());
        assert!(lengths.sum::<usize>() <= header.len());
        let _ = (challenge.is_scheme("bearer"), challenge.scope(), challenge.error());
    }
});
