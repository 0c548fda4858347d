//! Tests of the commands `call`, `tools` and `servers`.

mod call;
mod tools;
