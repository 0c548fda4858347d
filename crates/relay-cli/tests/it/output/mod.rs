//! Tests of error messages, exit codes, redaction and `--verbose`.

mod authorization_errors;
mod transport_errors;
mod verbose;
