//! The server requests that are being answered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::{AbortHandle, AbortRegistration};
use mcp_types::RequestId;

/// The requests of a server that are being answered, whatever they came on, so that it can take
/// them back (MCP basic/utilities/cancellation).
#[derive(Debug, Clone, Default)]
pub(crate) struct InProgress(Arc<Mutex<HashMap<RequestId, AbortHandle>>>);

/// A request's place among them, for as long as it is being answered.
pub(super) struct InProgressGuard {
    in_progress: InProgress,
    id: RequestId,
}

impl InProgress {
    /// `None` where the request is being answered already.
    pub(super) fn begin(&self, id: &RequestId) -> Option<(InProgressGuard, AbortRegistration)> {
        let mut in_progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if in_progress.contains_key(id) {
            return None;
        }
        let (handle, registration) = AbortHandle::new_pair();
        in_progress.insert(id.clone(), handle);
        Some((InProgressGuard { in_progress: self.clone(), id: id.clone() }, registration))
    }

    /// Drops the work on an answer, if there is any.
    pub(crate) fn cancel(&self, id: &RequestId) {
        let in_progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = in_progress.get(id) {
            handle.abort();
        }
    }
}

impl Drop for InProgressGuard {
    fn drop(&mut self) {
        self.in_progress.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
