//! What the commands do.

mod call;
mod servers;
mod tools;

pub(crate) use self::{call::Prepared, servers::servers, tools::Found};
