//! Tool calls: arguments, validation, retries, interceptors, observers, output.

mod interceptors;
mod observer;
mod opentelemetry;
mod retries;
mod retry_table;
mod schema_validation;
mod tool_calls;
mod tool_output;
