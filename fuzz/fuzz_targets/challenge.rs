//! `WWW-Authenticate`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_http::Challenge;

fuzz_target!(|header: &str| {
    for challenge in Challenge::parse(header) {
        assert!(!challenge.scheme.is_empty());
        // What it says is in the header, not made up: an unescaped value is never longer.
        let said = challenge.params.iter().map(|(name, value)| name.len() + value.len());
        assert!(said.sum::<usize>() <= header.len());
        let _ = (challenge.is("bearer"), challenge.scope(), challenge.error());
    }
});
