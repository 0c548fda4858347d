//! Requests in flight, and their cancellation.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use mcp_types::{Era, RequestId};
use tokio::{sync::watch, task::AbortHandle};

use crate::base::{CountGuard, Counters, RecordedRequest, SESSION, lock};

/// All requests without a response, and those that were cancelled. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlightRequests(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    cancelled: watch::Sender<Vec<RecordedRequest>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    requests: HashMap<u64, InFlightRequest>,
}

#[derive(Debug)]
struct InFlightRequest {
    request: RecordedRequest,
    /// The task that creates the response, if cancellation may abort it.
    task: Option<AbortHandle>,
    _count_guard: Option<CountGuard>,
}

/// Marks a request as in flight until its response is sent or its client disconnects.
pub(crate) struct RequestGuard {
    in_flight: InFlightRequests,
    number: u64,
    era: Era,
}

impl InFlightRequests {
    /// Adds a request.
    pub(crate) fn begin(
        &self,
        request: &RecordedRequest,
        era: Era,
        counters: &Counters,
    ) -> RequestGuard {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        let count_guard = request.is_rpc_request().then(|| counters.request());
        let entry =
            InFlightRequest { request: request.clone(), task: None, _count_guard: count_guard };
        state.requests.insert(number, entry);
        RequestGuard { in_flight: self.clone(), number, era }
    }

    /// Cancels the request with this id in this session, and returns it.
    ///
    /// Its task is aborted. A response that is finished but held is still sent.
    pub(crate) fn cancel(&self, session: Option<&str>, id: &RequestId) -> Option<RecordedRequest> {
        let mut state = self.state();
        let matches = |entry: &InFlightRequest| {
            entry.request.header(SESSION) == session && entry.request.id().as_ref() == Some(id)
        };
        let number = state.requests.iter().find(|(_, entry)| matches(entry)).map(|it| *it.0)?;
        let entry = state.requests.remove(&number)?;
        if let Some(task) = entry.task {
            task.abort();
        }
        Some(entry.request)
    }

    /// Sets the task that cancellation aborts. `None` if it aborts none.
    pub(crate) fn set_task(&self, number: u64, task: Option<AbortHandle>) {
        if let Some(entry) = self.state().requests.get_mut(&number) {
            entry.task = task;
        }
    }

    /// Removes a request that has a response or is cancelled, and returns its task.
    pub(crate) fn finish(&self, number: u64) -> Option<AbortHandle> {
        self.state().requests.remove(&number)?.task
    }

    fn request(&self, number: u64) -> Option<RecordedRequest> {
        Some(self.state().requests.get(&number)?.request.clone())
    }

    /// Returns the number of requests in flight that match.
    pub(crate) fn count(&self, matches: impl Fn(&RecordedRequest) -> bool) -> usize {
        self.state().requests.values().filter(|entry| matches(&entry.request)).count()
    }

    pub(crate) fn record_cancelled(&self, request: RecordedRequest) {
        self.0.cancelled.send_modify(|requests| requests.push(request));
    }

    /// Returns the requests that clients cancelled.
    pub(crate) fn cancelled(&self) -> Vec<RecordedRequest> {
        self.0.cancelled.borrow().clone()
    }

    /// Waits until `wanted` requests were cancelled.
    pub(crate) async fn wait_for_cancelled(&self, wanted: usize) {
        // It fails only if the sender is dropped, and `self` holds the sender.
        drop(self.0.cancelled.subscribe().wait_for(|requests| requests.len() >= wanted).await);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

impl RequestGuard {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Removes the request, because its response is sent.
    pub(crate) fn finish(self) {
        self.in_flight.finish(self.number);
    }
}

/// In stateless protocol versions, a client cancels a request by closing the stream. In stateful
/// ones, the request stays in flight after a disconnect, until the client cancels it.
impl Drop for RequestGuard {
    fn drop(&mut self) {
        let Some(request) = self.in_flight.request(self.number) else { return };
        if self.era == Era::Stateful && request.is_rpc_request() {
            return;
        }
        if let Some(task) = self.in_flight.finish(self.number) {
            task.abort();
        }
        if request.is_rpc_request() {
            self.in_flight.record_cancelled(request);
        }
    }
}
