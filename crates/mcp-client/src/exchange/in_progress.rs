//! The server requests that are being answered at the moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::{AbortHandle, AbortRegistration};
use mcp_types::RequestId;

/// The requests of a server that are being answered, whatever they came on, so that it can take
/// them back (MCP basic/utilities/cancellation).
#[derive(Debug, Clone, Default)]
pub(crate) struct Asks(Arc<Mutex<HashMap<RequestId, AbortHandle>>>);

/// A request's place among them, for as long as it is being answered.
pub(super) struct Place {
    asks: Asks,
    id: RequestId,
}

impl Asks {
    /// `None` where the request is being answered already.
    pub(super) fn begin(&self, id: &RequestId) -> Option<(Place, AbortRegistration)> {
        let mut asks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asks.contains_key(id) {
            return None;
        }
        let (handle, registration) = AbortHandle::new_pair();
        asks.insert(id.clone(), handle);
        Some((Place { asks: self.clone(), id: id.clone() }, registration))
    }

    /// Drops the work on an answer, if there is any.
    pub(crate) fn cancel(&self, id: &RequestId) {
        let asks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = asks.get(id) {
            handle.abort();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.asks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
