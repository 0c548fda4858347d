//! `relay`: users, servers, tool lists, calls, errors.

mod call;
mod error;
mod llm;
mod server;
mod support;
mod tool_list;
mod user;
