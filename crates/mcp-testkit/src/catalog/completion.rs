//! The handler of `completion/complete`.

use std::{fmt, sync::Arc};

use mcp_types::JsonObject;

type ValuesFn = dyn Fn(&JsonObject) -> Vec<String> + Send + Sync;

/// Returns suggestions for the parameters of a request.
#[derive(Clone)]
pub(crate) struct CompletionHandler(Arc<ValuesFn>);

impl CompletionHandler {
    pub(crate) fn new(values: impl Fn(&JsonObject) -> Vec<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(values))
    }

    pub(crate) fn values(&self, params: &JsonObject) -> Vec<String> {
        (self.0)(params)
    }
}

impl fmt::Debug for CompletionHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionHandler").finish_non_exhaustive()
    }
}
