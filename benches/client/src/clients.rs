//! The clients that are measured, behind one interface.

mod bare;
mod ours;
mod registry;
mod theirs;

use anyhow::Result;
use serde_json::{Value, json};

pub(crate) use self::{bare::Bare, ours::Ours, registry::Registry, theirs::Theirs};

/// A client of one server, for any number of users.
pub(crate) trait Client: Sized {
    type User: User;

    /// A client of the server at `url`; the HTTP connections are shared by all its users.
    fn new(url: &str) -> Result<Self>;

    /// Forgets what it has read of the server, if it keeps that.
    fn forget(&mut self) {}

    /// Greets the server in the name of the user who has this token.
    async fn connect(&self, token: &str) -> Result<Self::User>;
}

/// A conversation with the server in the name of one user.
pub(crate) trait User {
    type Tools;

    /// Fetches the list of tools.
    async fn list(&self) -> Result<Self::Tools>;

    /// Calls a tool; fails unless it gives back some content.
    async fn call(&self, tools: &Self::Tools) -> Result<()>;

    /// How many tools the list has.
    fn count(tools: &Self::Tools) -> usize;
}

/// The tool that is called.
const TOOL: &str = "search_issues_0";

fn arguments() -> Value {
    json!({ "owner": "ada", "project": "analytical-engine", "state": "open", "limit": 30 })
}

/// All clients get HTTP connections set up alike.
fn http() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder();
    Ok(builder.no_proxy().redirect(reqwest::redirect::Policy::none()).build()?)
}
