//! Tests of error messages, exit codes, redaction and `--verbose`.

mod authorization_errors;
mod redaction;
mod stdout;
mod transport_errors;
mod verbose;
