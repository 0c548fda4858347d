//! Relay's tools for agents of rig.
//!
//! [`dynamic_tools`] converts Relay's tools to rig's, for an agent or for your own loop. If a user
//! must sign in, the application must know, and the model must not: [`authorization`] finds the
//! error in the error of rig's tool, and [`SignIn`] stops an agent's run.

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
