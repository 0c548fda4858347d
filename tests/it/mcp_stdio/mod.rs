//! `mcp-stdio` against servers in memory, and against processes that behave well or badly.

mod children;
mod hostile;
mod life;
mod lines;
mod negotiation;
mod setup;
mod support;
