//! The answers to what the server asks while a call is under way.

use std::{mem, sync::Arc, time::Duration};

use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{FuturesUnordered, Next},
};
use tokio::{runtime::Handle, time};

use crate::transport::{Outgoing, Transport};

/// Answers of ours on their way at once; a server that asks for more has to wait.
const MOST: usize = 64;

/// How long answers may take that are still on their way when the call is done.
const LIMIT: Duration = Duration::from_secs(10);

/// Answers of ours on their way.
///
/// A server may send its own answer right behind a question, so that the call is done before ours
/// are sent. They go on without it then: every `ping` has to be answered (MCP
/// basic/utilities/ping, "Behavior").
#[derive(Default)]
pub(crate) struct Answers(FuturesUnordered<BoxFuture<'static, ()>>);

impl Answers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    pub(crate) fn send(&self, transport: &Arc<dyn Transport>, answer: Outgoing) {
        let transport = Arc::clone(transport);
        self.0.push(Box::pin(async move {
            if let Err(error) = transport.send(answer).await {
                tracing::debug!(%error, "an answer did not reach the server");
            }
        }));
    }

    /// Waits until one of them has been sent.
    pub(crate) fn next(&mut self) -> Next<'_, impl StreamExt<Item = ()> + Unpin> {
        self.0.next()
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.is_empty(), Handle::try_current()) {
            runtime.spawn(time::timeout(LIMIT, mem::take(&mut self.0).collect::<()>()));
        }
    }
}
