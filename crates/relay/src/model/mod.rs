//! Tools in the hands of models: their definitions in a request, the calls of an answer, and the
//! results in the next message, in the words of each provider.

mod api;
mod called;
mod content;
mod definition;
mod message;
mod part;

pub use self::{called::Called, message::ModelCall, part::Part};
