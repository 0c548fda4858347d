//! What a server says of its own accord in a session, outside of any call.

use std::time::Duration;

use futures_util::StreamExt;
use mcp_types::Incoming;
use serde::de::IgnoredAny;
use tokio::{sync::oneshot, task::AbortHandle, time};

use crate::{
    answering::{Answers, Asked},
    brief::{Brief, without_text},
    error::Error,
    link::Link,
};

/// How long a server may take to agree before others no longer wait for it.
const WAIT: Duration = Duration::from_secs(2);

/// A task that reads the stream on which the server speaks unasked (MCP basic/transports, "Listening
/// for Messages from the Server"), answers its requests and takes note of its notifications. It ends
/// with the stream, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Ears(AbortHandle);

impl Ears {
    /// Begins to listen, and waits a while until the server has agreed or refused: what it says
    /// before it knows that somebody listens may be lost.
    pub(crate) async fn open(link: Link) -> Self {
        let (settled, settling) = oneshot::channel();
        let task = tokio::spawn(async move {
            if let Err(error) = listen(link, settled).await {
                tracing::debug!(%error, "nobody listens to the server any more");
            }
        });
        let ears = Self(task.abort_handle());
        if let Err(_elapsed) = time::timeout(WAIT, settling).await {
            tracing::debug!("the server takes its time to be listened to");
        }
        ears
    }

    /// Stops to listen.
    pub(crate) fn close(&self) {
        self.0.abort();
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(link: Link, settled: oneshot::Sender<()>) -> Result<(), Error> {
    let messages = link.transport.listen(link.context.clone()).await;
    // Whoever waited may have lost patience.
    let _ = settled.send(());
    let Some(mut messages) = messages? else { return Ok(()) };
    let mut answers = Answers::default();
    while let Some(message) = answers.until(messages.next()).await {
        match link.unbatch(message?) {
            Ok(messages) => {
                for message in messages {
                    hear(&link, &mut answers, &message).await;
                }
            }
            Err(error) => tracing::debug!(error = %without_text(&error), "a batch is not valid"),
        }
    }
    Ok(())
}

/// One message out of many: what makes no sense is passed over.
async fn hear(link: &Link, answers: &mut Answers, message: &[u8]) {
    match Incoming::<IgnoredAny>::from_slice(message) {
        Ok(Incoming::Request { id, method, params }) => {
            // For which call it asks, if for any, does not show.
            answers.add(link, Asked { id, method, params }, &link.host.pulse).await;
        }
        Ok(Incoming::Notification { method, params }) => link.notice(&method, params.as_deref()),
        Ok(Incoming::Result { id, .. } | Incoming::Error { id: Some(id), .. }) => {
            tracing::debug!(%id, "an answer outside of the call that it answers is passed over");
        }
        Ok(Incoming::Error { error, .. }) => {
            tracing::debug!(error = %Brief(&error.message), "the server reports an error");
        }
        Err(error) => tracing::debug!(error = %without_text(&error), "a message is not valid"),
    }
}
