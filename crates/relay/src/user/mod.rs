//! The entry point: the relay, its users and their toolsets.

mod relay;
mod toolset;
mod resources;
mod user;

pub(crate) use self::user::Place;
pub use self::{
    relay::{Asker, Builder, Relay},
    toolset::{Toolset, ToolsetRequest},
    user::User,
};
