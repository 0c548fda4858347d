//! What the tests share.

pub(crate) mod relay_process;
pub(crate) mod weather_server;
