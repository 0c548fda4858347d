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
    changes::{ChangeQueue, ListChange},
    error::Error,
};

/// What to watch; see [`Client::subscribe`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SubscriptionFilter(pub(crate) BTreeSet<ListChange>);

/// The changes of what is watched, as a stream without end; made by [`Client::subscribe`].
///
/// It has to be polled to go on. Until a change is taken it is there once, however often it
/// happened. Where the connection breaks, it is made anew; what happened meanwhile nobody tells, so
/// everything that is watched counts as changed then. It ends when the server ends it in good order
/// or the conversation is [closed](Client::close), and after an error. Dropping it tells the server
/// that nobody watches any more.
#[must_use]
pub struct Subscription {
    queue: Arc<ChangeQueue>,
    /// What keeps the stream up, until there is nothing more to come.
    subscription: Option<BoxFuture<'static, Result<(), Error>>>,
    /// Why there is nothing more to come, until it is told.
    error: Option<Error>,
}

impl SubscriptionFilter {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The list of tools.
    pub fn tools(self) -> Self {
        self.with(ListChange::Tools)
    }

    /// The list of prompts.
    pub fn prompts(self) -> Self {
        self.with(ListChange::Prompts)
    }

    /// The lists of resources and of their templates.
    pub fn resources(self) -> Self {
        self.with(ListChange::Resources)
    }

    /// The resource of this URI.
    pub fn resource(self, uri: impl Into<String>) -> Self {
        self.with(ListChange::Resource(uri.into()))
    }

    fn with(mut self, change: ListChange) -> Self {
        self.0.insert(change);
        self
    }
}

/// # Changes
impl Client {
    /// Watches for changes on the server. When this returns, the server has agreed to tell of them.
    ///
    /// Servers up to 2025-11-25 tell on a stream of their own, if they have one, and on those of
    /// calls; later ones by `subscriptions/listen`. What a server does not offer to tell is in
    /// [`Subscription::declined`].
    ///
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// use futures_util::StreamExt;
    /// use mcp_client::{ListChange, SubscriptionFilter};
    ///
    /// let watch = SubscriptionFilter::new().tools().resource("file:///notes.txt");
    /// let mut changes = client.subscribe(watch).await?;
    /// while let Some(change) = changes.next().await {
    ///     match change? {
    ///         ListChange::Tools => println!("{} tools", client.list_tools().await?.tools.len()),
    ///         ListChange::Resource(uri) => println!("{:?}", client.read_resource(&uri).await?),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingCapability`] where the server offers none of it, else any [`Error`] of the exchange.
    pub async fn subscribe(&self, watch: SubscriptionFilter) -> Result<Subscription, Error> {
        if watch.0.is_empty() {
            let method = SubscriptionsListenRequest::NAME;
            return Err(Error::params(method, "there is nothing to watch"));
        }
        let queue = Arc::new(ChangeQueue::new(watch.0));
        let subscription = Resubscriber { client: self.clone(), queue: Arc::clone(&queue) };
        let subscription = Some(resubscribe(subscription).boxed());
        let mut changes = Subscription { queue, subscription, error: None };
        std::future::poll_fn(|cx| changes.poll_open(cx)).await?;
        Ok(changes)
    }
}

impl Subscription {
    /// What was to be watched and the server does not tell of.
    pub fn declined(&self) -> Vec<ListChange> {
        self.queue.refused()
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let over = self.poll_subscription(cx);
        match self.error.take() {
            Some(error) => Poll::Ready(Err(error)),
            None if self.queue.was_ever_open() => Poll::Ready(Ok(())),
            None => over.map(Ok),
        }
    }

    /// Goes on with what keeps the stream up; it is ready once there is nothing more to come.
    fn poll_subscription(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(subscription) = &mut self.subscription {
            self.error = ready!(subscription.poll_unpin(cx)).err();
            self.subscription = None;
        }
        Poll::Ready(())
    }
}

impl Stream for Subscription {
    type Item = Result<ListChange, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let over = self.poll_subscription(cx);
        match self.queue.poll_next(cx) {
            Poll::Ready(change) => Poll::Ready(Some(Ok(change))),
            Poll::Pending => over.map(|()| self.error.take().map(Err)),
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("declined", &self.declined()).finish_non_exhaustive()
    }
}
