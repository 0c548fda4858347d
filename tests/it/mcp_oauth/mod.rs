//! OAuth: sign-in, refresh, step-up, tokens without a person, and attacks on all of them.

mod addresses;
mod callbacks;
mod discovery;
mod dpop;
mod fallback;
mod flow;
mod issuers;
mod logs;
mod refresh;
mod services;
mod step_up;
mod world;
