//! Secrets and long texts that a server puts wherever it can: what comes out has no secret and is short.

mod bounds;
mod echoes;
mod exchanges;
mod processes;
mod results;
mod spelling;
mod support;
