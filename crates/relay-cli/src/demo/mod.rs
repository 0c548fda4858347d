//! `relay demo`: tools behind a bearer token, shown with servers that run in this process.

mod sign_in_steps;
mod steps;
mod expect;
mod script;
mod servers;
mod stdio_server;

use anyhow::Result;

pub(crate) use self::stdio_server::serve;
use self::{servers::Servers, steps::Scene};
use crate::output::{Exit, Output};

/// Shows it step by step; fails if anything does not come out as it is announced.
pub(crate) async fn run(output: &Output) -> Result<Exit> {
    Scene::new(Servers::start().await?, output)?.play().await?;
    Ok(Exit::Done)
}
