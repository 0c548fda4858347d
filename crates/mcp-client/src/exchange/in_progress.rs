//! The server requests that the client is responding to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::{AbortHandle, AbortRegistration};
use mcp_types::RequestId;

/// The server requests that the client is responding to, from all streams. The server may cancel
/// them (MCP basic/utilities/cancellation).
#[derive(Debug, Clone, Default)]
pub(crate) struct InProgress(Arc<Mutex<HashMap<RequestId, AbortHandle>>>);

/// A guard for a server request in progress. Removes the request when dropped.
pub(super) struct InProgressGuard {
    in_progress: InProgress,
    id: RequestId,
}

impl InProgress {
    /// Adds a request. Returns `None` if a request with this id is already in progress.
    pub(super) fn begin(&self, id: &RequestId) -> Option<(InProgressGuard, AbortRegistration)> {
        let mut in_progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if in_progress.contains_key(id) {
            return None;
        }
        let (handle, registration) = AbortHandle::new_pair();
        in_progress.insert(id.clone(), handle);
        Some((InProgressGuard { in_progress: self.clone(), id: id.clone() }, registration))
    }

    /// Cancels the request with this id, if it is in progress.
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
