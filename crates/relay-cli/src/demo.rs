//! `relay demo`: tools behind a bearer token, shown with servers that run in this process.

mod check;
mod notes;
mod scene;
mod servers;
mod sign_in;
mod story;

use anyhow::Result;

pub(crate) use self::notes::serve;
use self::{scene::Scene, servers::Servers};
use crate::{exit::Exit, output::Output};

/// Shows it step by step; fails if anything does not come out as it is announced.
pub(crate) async fn run(output: &Output) -> Result<Exit> {
    Scene::new(Servers::start().await?, output)?.play().await?;
    Ok(Exit::Done)
}
