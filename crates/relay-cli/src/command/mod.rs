//! The commands of the program.

mod call;
mod device_login;
mod login;
mod logout;
mod servers;
mod status;
mod tools;

pub(crate) use self::{
    call::PreparedCall, login::Login, logout::logout, servers::servers, status::status,
    tools::ToolLists,
};
