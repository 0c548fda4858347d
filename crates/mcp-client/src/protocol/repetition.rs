//! Repeats requests that only read, if their connection is lost.
//!
//! Some servers and load balancers close connections without a response. A request that only reads
//! may be sent again on a new connection, whether it ran or not. A tool call may not.

use std::time::Duration;

use tokio::time::sleep;

use crate::{error::Error, exchange::Channel, transport::TransportErrorKind};

/// The maximum number of times that a request is repeated.
const MAX_REPETITIONS: u32 = 2;
/// The pause before the first repetition. It doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Returns `true` if a request of this method changes nothing on the server.
fn only_reads(method: &str) -> bool {
    matches!(
        method,
        "initialize"
            | "server/discover"
            | "ping"
            | "tools/list"
            | "prompts/list"
            | "prompts/get"
            | "resources/list"
            | "resources/templates/list"
            | "resources/read"
            | "completion/complete"
    )
}

/// Counts the repetitions of one request.
#[derive(Debug, Default)]
pub(super) struct Repetitions(u32);

impl Repetitions {
    /// Returns `true` if the request must be sent again: if it only reads and its connection was
    /// lost before the response. Waits for a pause before that.
    pub(super) async fn repeats<T>(
        &mut self,
        channel: &Channel,
        method: &str,
        outcome: &Result<T, Error>,
    ) -> bool {
        let repeats = self.0 < MAX_REPETITIONS
            && outcome.as_ref().is_err_and(|error| lost_connection(channel, error))
            && only_reads(method);
        if repeats {
            // Boxed because this is rare, which keeps the future of each call small.
            Box::pin(sleep(FIRST_PAUSE * 2_u32.pow(self.0))).await;
            self.0 += 1;
        }
        repeats
    }
}

/// Returns `true` if the connection was lost before the response. On a shared connection, this also
/// ends the session, so a request is not repeated there.
fn lost_connection(channel: &Channel, error: &Error) -> bool {
    let Error::Transport(cause) = error else { return false };
    cause.kind() == TransportErrorKind::Interrupted
        && !cause.may_have_run()
        && !error.is_no_response()
        && channel.transport.cancels_on_drop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_unknown_methods_do_not_only_read() {
        for method in ["tools/call", "resources/subscribe", "logging/setLevel", "example/search"] {
            assert!(!only_reads(method), "{method}");
        }
        assert!(only_reads("tools/list") && only_reads("initialize"));
    }
}
