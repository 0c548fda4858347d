//! The log of requests and of protocol violations.

use std::sync::Mutex;

use tokio::sync::watch;

use crate::base::{RecordedRequest, lock};

#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: watch::Sender<Vec<RecordedRequest>>,
    violations: Mutex<Vec<String>>,
}

impl Log {
    pub(crate) fn record(&self, request: RecordedRequest) {
        self.requests.send_modify(|requests| requests.push(request));
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.borrow().clone()
    }

    pub(crate) fn take_requests(&self) -> Vec<RecordedRequest> {
        self.requests.send_replace(Vec::new())
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        count(&self.requests.borrow(), method)
    }

    /// Waits until `wanted` requests of `method` were recorded.
    pub(crate) async fn received(&self, method: &str, wanted: usize) {
        let mut requests = self.requests.subscribe();
        // It fails only if the sender is dropped, and `self` holds the sender.
        drop(requests.wait_for(|requests| count(requests, method) >= wanted).await);
    }

    pub(crate) fn record_violation(&self, text: String) {
        lock(&self.violations).push(text);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }
}

fn count(requests: &[RecordedRequest], method: &str) -> usize {
    requests.iter().filter(|request| request.method() == method).count()
}
