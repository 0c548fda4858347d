//! Tests of error messages, exit codes, redaction, limits and `--verbose`.

mod authorization_errors;
mod bounds;
mod redaction;
mod stdout;
mod transport_errors;
mod verbose;
