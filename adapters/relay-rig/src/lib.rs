//! The tools of Relay for agents of rig.
//!
//! [`dynamic_tools`] makes rig's tools of them, for an agent or for a loop of one's own. Where a user
//! has to sign in, that is for the application and not for the model: [`authorization`] finds it in
//! what rig's tool gives back, and [`SignIn`] ends an agent's run for it.

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
