//! What a server says of its own accord in a session, outside of any call.

use std::time::Duration;

use futures_util::StreamExt;
use mcp_types::Incoming;
use serde::de::IgnoredAny;
use tokio::{sync::watch, task::AbortHandle, time};

use super::{
    channel::Link,
    responder::{Answers, Asked},
};
use crate::{
    error::Error,
    text::{Brief, without_text},
    transport::{Extras, TransportError, TransportErrorKind},
};

/// How long a server may take to agree before others no longer wait for it.
const WAIT: Duration = Duration::from_secs(2);

/// A task that reads the stream on which the server speaks unasked (MCP basic/transports, "Listening
/// for Messages from the Server"), answers its requests and takes note of its notifications. It ends
/// with the stream, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Ears {
    task: AbortHandle,
    hearing: watch::Receiver<Hearing>,
}

/// How it stands with listening.
#[derive(Debug)]
pub(crate) enum Hearing {
    /// The server has not agreed yet.
    Asking,
    /// The server is listened to.
    Open,
    /// The server has no such stream.
    Nothing,
    /// The stream is over.
    Over(Error),
}

impl Hearing {
    /// Why the server is not listened to any more.
    pub(crate) fn failure(&self) -> Option<Error> {
        match self {
            Self::Over(error) => Some(error.clone()),
            Self::Asking | Self::Open | Self::Nothing => None,
        }
    }
}

impl Ears {
    /// Begins to listen, and waits a while until the server has agreed or refused: what it says
    /// before it knows that somebody listens may be lost.
    pub(crate) async fn open(link: Link) -> Self {
        let (told, mut hearing) = watch::channel(Hearing::Asking);
        let task = tokio::spawn(async move {
            let end = listen(link, &told).await.unwrap_or_else(Hearing::Over);
            if let Hearing::Over(error) = &end {
                tracing::debug!(%error, "nobody listens to the server any more");
            }
            told.send_replace(end);
        });
        let ears = Self { task: task.abort_handle(), hearing: hearing.clone() };
        let settled = hearing.wait_for(|hearing| !matches!(hearing, Hearing::Asking));
        if let Err(_elapsed) = time::timeout(WAIT, settled).await {
            tracing::debug!("the server takes its time to be listened to");
        }
        ears
    }

    /// How it stands with it, now and later.
    pub(crate) fn hearing(&self) -> watch::Receiver<Hearing> {
        self.hearing.clone()
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(link: Link, told: &watch::Sender<Hearing>) -> Result<Hearing, Error> {
    let mut messages = match link.transport.listen(link.context.clone()).await {
        Ok(Some(messages)) => messages,
        Ok(None) => return Ok(Hearing::Nothing),
        Err(error) => return Err(error.into()),
    };
    told.send_replace(Hearing::Open);
    let mut answers = Answers::default();
    while let Some(message) = answers.until(messages.next()).await {
        let message = message?;
        if message.is_empty() {
            link.host.inboxes.missed();
            continue;
        }
        match link.unbatch(message) {
            Ok(messages) => {
                for message in messages {
                    hear(&link, &mut answers, &message).await;
                }
            }
            Err(error) => tracing::debug!(error = %without_text(&error), "a batch is not valid"),
        }
    }
    let reason = "the server ended the stream that it was listened to on";
    Err(TransportError::new(TransportErrorKind::Interrupted, reason).into())
}

/// One message out of many: what makes no sense is passed over.
async fn hear(link: &Link, answers: &mut Answers, message: &[u8]) {
    match Incoming::<IgnoredAny>::from_slice(message) {
        Ok(Incoming::Request { id, method, params }) => {
            // For which call it asks, if for any, does not show.
            let asked = Asked { id, method, params, extras: Extras::default() };
            answers.add(link, asked, &link.host.pulse).await;
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
