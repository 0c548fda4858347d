//! The client: typed calls to one server for one user.

pub(crate) mod watch;
pub(crate) mod resubscribe;
pub(crate) mod prompts;
pub(crate) mod resources;
pub(crate) mod completion;
pub(crate) mod utilities;
pub(crate) mod client;
