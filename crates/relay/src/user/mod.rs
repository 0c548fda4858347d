//! The entry point: the relay, its users and their toolsets.

mod relay;
mod toolset;
mod resources;
mod resume;
mod user;

pub use self::{
    relay::{Relay, RelayBuilder},
    toolset::{Toolset, ToolsetRequest},
    user::User,
};
