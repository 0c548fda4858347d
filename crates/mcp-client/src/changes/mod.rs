//! Changes on a server that a subscription reports.

mod queue;
mod change;

pub use self::change::ServerChange;
pub(crate) use self::queue::{ChangeQueue, ChangeQueues};
