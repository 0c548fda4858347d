//! This side of the conversations of a client: who it is, what it serves, what it has heard.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mcp_types::{
    NotificationMethod,
    v2025_11_25::ElicitationCompleteNotification,
    v2026_07_28::{ClientCapabilities, Implementation, ToolListChangedNotification},
};
use serde_json::value::RawValue;

use crate::{
    changes::{Change, Inboxes},
    handler::{Handler, Serves},
    request::Pulse,
    result::params_of,
};

/// What is the same in all conversations of a client.
pub(crate) struct Host {
    /// Its name and version.
    pub(crate) info: Implementation,
    /// Answers what is asked, so far as it is served.
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) serves: Serves,
    /// What it declares: the same in both eras.
    pub(crate) capabilities: ClientCapabilities,
    /// Beats while the handler is at work on what belongs to no call that is known.
    pub(crate) pulse: Arc<Pulse>,
    tool_changes: AtomicU64,
    /// Who watches for changes.
    pub(crate) inboxes: Inboxes,
}

/// The handler of those who have none.
struct Nobody;

impl Handler for Nobody {
    fn serves(&self) -> Serves {
        Serves::nothing()
    }
}

impl Host {
    pub(crate) fn new(info: Implementation, handler: Option<Arc<dyn Handler>>) -> Self {
        let handler = handler.unwrap_or_else(|| Arc::new(Nobody));
        let serves = handler.serves();
        Self {
            info,
            handler,
            serves,
            capabilities: serves.capabilities(),
            pulse: Arc::default(),
            tool_changes: AtomicU64::new(0),
            inboxes: Inboxes::default(),
        }
    }

    /// Whether it wants to hear what a server says of its own accord.
    pub(crate) fn listens(&self) -> bool {
        self.serves != Serves::nothing()
    }

    /// Takes note of what the server tells of itself.
    pub(crate) fn notice(&self, method: &str, params: Option<&RawValue>) {
        if let Some(change) = Change::told(method, params) {
            self.inboxes.put(&change);
        }
        match method {
            ToolListChangedNotification::NAME => {
                self.tool_changes.fetch_add(1, Ordering::Relaxed);
            }
            ElicitationCompleteNotification::NAME if self.serves.url => {
                if let Some(done) = params_of::<ElicitationCompleteNotification>(params) {
                    let told = || self.handler.url_done(&done.elicitation_id);
                    // A panic must not take down whoever else listens to this server.
                    if catch_unwind(AssertUnwindSafe(told)).is_err() {
                        tracing::warn!(method, "the handler panicked");
                    }
                }
            }
            _ => {}
        }
    }

    /// How often the server has said that its list of tools has changed.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = (&self.info.name, &self.info.version);
        f.debug_struct("Host")
            .field("info", &info)
            .field("serves", &self.serves)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler that panics at what it is told.
    struct Panicking;

    impl Handler for Panicking {
        fn serves(&self) -> Serves {
            Serves::nothing().url()
        }

        fn url_done(&self, _: &str) {
            panic!("it falls over");
        }
    }

    #[test]
    fn a_handler_that_panics_takes_nobody_along() {
        let info = Implementation::new("tests", "1");
        let host = Host::new(info, Some(Arc::new(Panicking)));
        let done = RawValue::from_string(r#"{"elicitationId":"e"}"#.to_owned()).unwrap();
        host.notice(ElicitationCompleteNotification::NAME, Some(&done));
        host.notice(ToolListChangedNotification::NAME, None);
        assert_eq!(host.tool_changes(), 1);
    }
}
