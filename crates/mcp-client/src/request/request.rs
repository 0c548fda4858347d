//! A request as its caller makes it.

use std::{borrow::Cow, sync::atomic::AtomicBool};

use super::{deadline::Deadline, options::CallOptions};

/// The name of a method; that of an extension may be made at run time.
pub(crate) type Name = Cow<'static, str>;

/// A request as its caller puts it.
pub(crate) struct Request<'a, P> {
    pub(crate) method: Name,
    /// Serializes as an object without `_meta`.
    pub(crate) params: &'a P,
    /// The tool, prompt or resource that it is about, where revisions want that to be seen.
    pub(crate) target: Option<&'a str>,
    /// Arguments that their tool wants to be seen.
    pub(crate) param_headers: Vec<(String, String)>,
    pub(crate) options: Option<&'a CallOptions>,
    pub(crate) deadline: &'a Deadline,
    /// True once the server has required input for it.
    pub(crate) input_was_required: AtomicBool,
}

impl<'a, P> Request<'a, P> {
    pub(crate) fn new(method: Name, params: &'a P, deadline: &'a Deadline) -> Self {
        Self {
            method,
            params,
            target: None,
            param_headers: Vec::new(),
            options: None,
            deadline,
            input_was_required: AtomicBool::new(false),
        }
    }
}
