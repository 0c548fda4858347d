//! The search for one valid metadata document at several URLs.

use serde::de::DeserializeOwned;
use url::{Origin, Url};

use crate::{error::Error, http::GuardedClient};

/// A search that remembers its first error, and the origins that cannot be reached.
pub(super) struct Search<'a> {
    http: &'a GuardedClient,
    first_error: Option<Error>,
    unreachable: Vec<Origin>,
}

impl<'a> Search<'a> {
    pub(super) fn new(http: &'a GuardedClient) -> Self {
        Self { http, first_error: None, unreachable: Vec::new() }
    }

    /// Returns the document at a URL, if there is one and it is valid. Records the error otherwise.
    pub(super) async fn try_url<T: DeserializeOwned>(
        &mut self,
        url: &Url,
        validate: impl Fn(&Url, T) -> Result<T, Error>,
    ) -> Option<T> {
        if self.unreachable.contains(&url.origin()) {
            return None;
        }
        let found = match self.http.get_json(url).await {
            Ok(document) => document.map(|document| validate(url, document)).transpose(),
            Err(error) => Err(error),
        };
        found.unwrap_or_else(|error| {
            if error.is_unreachable_host() {
                self.unreachable.push(url.origin());
            }
            self.record(error);
            None
        })
    }

    /// Records an error, if it is the first.
    pub(super) fn record(&mut self, error: Error) {
        tracing::debug!(%error, "no usable metadata");
        self.first_error.get_or_insert(error);
    }

    /// Returns the first error, or `None` if there was no document and no error.
    pub(super) fn finish<T>(self) -> Result<Option<T>, Error> {
        self.first_error.map_or(Ok(None), Err)
    }
}
