//! The requests that are on their way, and those that their clients gave up.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use mcp_types::{Era, RequestId};
use tokio::{sync::watch, task::AbortHandle};

use crate::base::{Counted, Counters, Recorded, SESSION, lock};

/// All requests that are not answered yet, and those that were cancelled; clones are the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    cancelled: watch::Sender<Vec<Recorded>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    flights: HashMap<u64, Flight>,
}

#[derive(Debug)]
struct Flight {
    request: Recorded,
    /// The task that works on the answer, if there is one that may be ended.
    task: Option<AbortHandle>,
    _counted: Option<Counted>,
}

/// Stands for one request on its way, until it is answered or its client goes away.
pub(crate) struct Ticket {
    flights: Flights,
    number: u64,
    era: Era,
}

impl Flights {
    /// Takes up a request.
    pub(crate) fn begin(&self, request: &Recorded, era: Era, counters: &Counters) -> Ticket {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        let counted = request.is_call().then(|| counters.request());
        let flight = Flight { request: request.clone(), task: None, _counted: counted };
        state.flights.insert(number, flight);
        Ticket { flights: self.clone(), number, era }
    }

    /// Gives up the request of this id, if it is on its way in this session.
    ///
    /// Its answer is worked on no longer; what was finished and is only held comes late.
    pub(crate) fn cancel(&self, session: Option<&str>, id: &RequestId) -> Option<Recorded> {
        let mut state = self.state();
        let is_meant = |flight: &Flight| {
            flight.request.header(SESSION) == session && flight.request.id().as_ref() == Some(id)
        };
        let number = state.flights.iter().find(|(_, flight)| is_meant(flight)).map(|it| *it.0)?;
        let flight = state.flights.remove(&number)?;
        if let Some(task) = flight.task {
            task.abort();
        }
        Some(flight.request)
    }

    /// Lets the cancellation of a request end this task; `None` puts it out of reach.
    pub(crate) fn work(&self, number: u64, task: Option<AbortHandle>) {
        if let Some(flight) = self.state().flights.get_mut(&number) {
            flight.task = task;
        }
    }

    /// Takes out a request, because it was answered or given up; returns the task that works on it.
    pub(crate) fn finish(&self, number: u64) -> Option<AbortHandle> {
        self.state().flights.remove(&number)?.task
    }

    fn request(&self, number: u64) -> Option<Recorded> {
        Some(self.state().flights.get(&number)?.request.clone())
    }

    /// How many requests like this are on their way.
    pub(crate) fn count(&self, alike: impl Fn(&Recorded) -> bool) -> usize {
        self.state().flights.values().filter(|flight| alike(&flight.request)).count()
    }
}

impl Flights {
    pub(crate) fn record_cancelled(&self, request: Recorded) {
        self.0.cancelled.send_modify(|requests| requests.push(request));
    }

    /// The requests that their clients cancelled.
    pub(crate) fn cancelled(&self) -> Vec<Recorded> {
        self.0.cancelled.borrow().clone()
    }

    /// Waits until so many requests were cancelled.
    pub(crate) async fn wait_for_cancelled(&self, wanted: usize) {
        // It fails only without a sender, and the sender is `self`.
        drop(self.0.cancelled.subscribe().wait_for(|requests| requests.len() >= wanted).await);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

impl Ticket {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The request was answered.
    pub(crate) fn finish(self) {
        self.flights.finish(self.number);
    }
}

/// In the per-request era a client cancels by closing the stream. In the other it does not: there the
/// request stays on its way, though its answer has nowhere to go, until the client cancels it.
impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(request) = self.flights.request(self.number) else { return };
        if self.era == Era::Handshake && request.is_call() {
            return;
        }
        if let Some(task) = self.flights.finish(self.number) {
            task.abort();
        }
        if request.is_call() {
            self.flights.record_cancelled(request);
        }
    }
}
