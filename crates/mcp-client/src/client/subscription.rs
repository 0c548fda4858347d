//! Subscriptions to changes on a server, the same for all protocol versions.

use std::{
    collections::BTreeSet,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{FutureExt, Stream, future::BoxFuture};
use mcp_types::{Method, v2026_07_28::SubscriptionsListenRequest};

use super::{
    client::Client,
    resubscribe::{Resubscriber, resubscribe},
};
use crate::{
    changes::{ChangeQueue, ServerChange},
    error::Error,
};

/// The changes to subscribe to. Pass it to [`Client::subscribe`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SubscriptionFilter(pub(crate) BTreeSet<ServerChange>);

/// A stream of changes on the server. Created by [`Client::subscribe`].
///
/// The subscription makes progress only while it is polled. A change that happens many times before
/// it is read is reported once.
///
/// If the connection breaks, the client subscribes again. Notifications may have been missed in
/// between, so the stream then reports all subscribed changes.
///
/// The stream ends after an error, when the server ends the subscription, or when the session is
/// [closed](Client::close). Dropping it unsubscribes.
#[must_use]
pub struct Subscription {
    queue: Arc<ChangeQueue>,
    /// The future that keeps the subscription open. `None` once it has ended.
    future: Option<BoxFuture<'static, Result<(), Error>>>,
    /// The error that ended the subscription. Taken when the stream reports it.
    error: Option<Error>,
}

impl SubscriptionFilter {
    /// Creates an empty filter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds changes of the tool list.
    pub fn tools(self) -> Self {
        self.with(ServerChange::Tools)
    }

    /// Adds changes of the prompt list.
    pub fn prompts(self) -> Self {
        self.with(ServerChange::Prompts)
    }

    /// Adds changes of the resource list and of the resource template list.
    pub fn resources(self) -> Self {
        self.with(ServerChange::Resources)
    }

    /// Adds changes of the resource with this URI.
    pub fn resource(self, uri: impl Into<String>) -> Self {
        self.with(ServerChange::Resource(uri.into()))
    }

    fn with(mut self, change: ServerChange) -> Self {
        self.0.insert(change);
        self
    }
}

/// # Subscriptions
impl Client {
    /// Subscribes to changes on the server. Returns once the server has accepted the subscription.
    ///
    /// Servers up to 2025-11-25 report changes on the GET stream, if they have one, and on the
    /// response streams of calls. Later servers use `subscriptions/listen`.
    /// [`Subscription::declined`] lists the changes that the server does not report.
    ///
    /// # Errors
    /// Returns [`Error::InvalidParams`] if the filter is empty, and [`Error::MissingCapability`] if
    /// the server reports none of the changes. Returns any other [`Error`] if the request fails.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// use futures_util::StreamExt;
    /// use mcp_client::{ServerChange, SubscriptionFilter};
    ///
    /// let filter = SubscriptionFilter::new().tools().resource("file:///notes.txt");
    /// let mut subscription = client.subscribe(filter).await?;
    /// while let Some(change) = subscription.next().await {
    ///     match change? {
    ///         ServerChange::Tools => {
    ///             let list = client.list_tools().await?;
    ///             println!("{} tools", list.tools.len());
    ///         }
    ///         ServerChange::Resource(uri) => {
    ///             let resource = client.read_resource(&uri).await?;
    ///             println!("{uri}: {:?}", resource.contents);
    ///         }
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn subscribe(&self, filter: SubscriptionFilter) -> Result<Subscription, Error> {
        if filter.0.is_empty() {
            let method = SubscriptionsListenRequest::NAME;
            return Err(Error::invalid_params(method, "the subscription filter is empty"));
        }
        let queue = Arc::new(ChangeQueue::new(filter.0));
        let resubscriber = Resubscriber { client: self.clone(), queue: Arc::clone(&queue) };
        let future = Some(resubscribe(resubscriber).boxed());
        let mut subscription = Subscription { queue, future, error: None };
        std::future::poll_fn(|cx| subscription.poll_open(cx)).await?;
        Ok(subscription)
    }
}

impl Subscription {
    /// Returns the requested changes that the server does not report.
    pub fn declined(&self) -> Vec<ServerChange> {
        self.queue.declined()
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let ended = self.poll_future(cx);
        match self.error.take() {
            Some(error) => Poll::Ready(Err(error)),
            None if self.queue.was_ever_open() => Poll::Ready(Ok(())),
            None => ended.map(Ok),
        }
    }

    /// Polls the future that keeps the subscription open. Ready once it has ended.
    fn poll_future(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(future) = &mut self.future {
            self.error = ready!(future.poll_unpin(cx)).err();
            self.future = None;
        }
        Poll::Ready(())
    }
}

impl Stream for Subscription {
    type Item = Result<ServerChange, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let ended = self.poll_future(cx);
        match self.queue.poll_next(cx) {
            Poll::Ready(change) => Poll::Ready(Some(Ok(change))),
            Poll::Pending => ended.map(|()| self.error.take().map(Err)),
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("declined", &self.declined()).finish_non_exhaustive()
    }
}
