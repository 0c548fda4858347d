//! Which server a token goes to. A token never reaches a server that it is not for.

mod one_server;
mod named_servers;
mod toolsets;
mod replaced_servers;
mod any_steps;
mod model;
mod support;
