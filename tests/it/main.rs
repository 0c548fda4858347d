//! Tests that cross crates: each layer against scripted servers, and all of them against real ones.

mod real_servers;
