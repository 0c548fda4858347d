//! The server requests that the client is responding to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{AbortHandle, AbortRegistration};
use mcp_types::RequestId;

/// The server requests that the client is responding to, from all streams. The server may cancel
/// them (MCP basic/utilities/cancellation).
#[derive(Debug, Clone, Default)]
pub(crate) struct InProgress(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requests: HashMap<RequestId, AbortHandle>,
    /// True once the session has ended.
    ended: bool,
}

/// A guard for a server request in progress. Removes the request when dropped.
#[derive(Debug)]
pub(super) struct InProgressGuard {
    in_progress: InProgress,
    id: RequestId,
}

impl InProgress {
    /// Adds a request. Returns `None` if a request with this id is already in progress, or if the
    /// session has ended.
    pub(super) fn begin(&self, id: &RequestId) -> Option<(InProgressGuard, AbortRegistration)> {
        let mut state = self.lock();
        if state.ended || state.requests.contains_key(id) {
            return None;
        }
        let (handle, registration) = AbortHandle::new_pair();
        state.requests.insert(id.clone(), handle);
        Some((InProgressGuard { in_progress: self.clone(), id: id.clone() }, registration))
    }

    /// Cancels the request with this id, if it is in progress.
    pub(crate) fn cancel(&self, id: &RequestId) {
        if let Some(handle) = self.lock().requests.get(id) {
            handle.abort();
        }
    }

    /// Cancels all requests, because the session has ended. None is added after that.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.requests.values().for_each(AbortHandle::abort);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InProgressGuard {
    fn drop(&mut self) {
        self.in_progress.lock().requests.remove(&self.id);
    }
}
