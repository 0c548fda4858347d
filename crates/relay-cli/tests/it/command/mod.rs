//! Tests of the commands `call`, `tools` and `servers`.

mod call;
mod servers;
mod tools;
