//! Secrets that a server echoes wherever it can: what comes out contains none of them.

mod echoes;
mod processes;
mod spelling;
mod support;
