//! Tests of `login`, `logout` and `status`, and of calls with stored credentials.

#[cfg(target_os = "linux")]
mod browser;
mod login;
mod messages;
mod without_browser;
