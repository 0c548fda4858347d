//! Relay's tools for agents of rig.
//!
//! [`dynamic_tools`] converts Relay's tools to rig's, for an agent or for your own loop. If a user
//! must sign in, the application needs the error, and the model must not see it. [`authorization`]
//! finds it in the error of a rig tool. [`SignIn`] stops the run of an agent.

mod outcome;
#[cfg(feature = "agent")]
mod sign_in;
mod tool;

#[cfg(feature = "agent")]
pub use crate::sign_in::SignIn;
pub use crate::{
    outcome::authorization,
    tool::{dynamic_tool, dynamic_tools},
};
