//! Reading the body of a response within limits.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::{runtime::Handle, time};

use super::response::Response;
use crate::{error::Error, error_body::ErrorBody};

/// The time limit for reading an error response's body. It is short because the status is enough
/// for an error.
const PREFIX_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum memory to allocate before the body arrives, in bytes. The announced length may be
/// wrong.
const MAX_PREALLOCATION: usize = 2 * 1024 * 1024;

impl Response {
    /// Reads the whole body. Returns an error if it is longer than `limit` bytes.
    pub(crate) async fn read_all(mut self, limit: usize) -> Result<Bytes, Error> {
        let too_large =
            |response: &Self| Err(Error::TooLarge { endpoint: response.endpoint.clone(), limit });
        let announced = self.announced_length().unwrap_or(0);
        if announced > limit as u64 {
            return too_large(&self);
        }
        let capacity =
            usize::try_from(announced).map_or(MAX_PREALLOCATION, |all| all.min(MAX_PREALLOCATION));
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else {
            return if first.len() > limit { too_large(&self) } else { Ok(first) };
        };
        let mut body = Vec::with_capacity(capacity);
        body.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if body.len() + chunk.len() > limit {
                return too_large(&self);
            }
            body.extend_from_slice(&chunk);
            next = self.chunk().await?;
        }
        Ok(body.into())
    }

    /// Reads the beginning of an error response's body. Also returns whether it is incomplete,
    /// because the body is too long, too slow, or interrupted.
    pub(crate) async fn read_prefix(mut self) -> (Bytes, bool) {
        let mut body = Vec::new();
        let mut ended = false;
        let reading = async {
            while let Ok(chunk) = self.chunk().await {
                let Some(chunk) = chunk else {
                    ended = true;
                    break;
                };
                body.extend_from_slice(&chunk[..chunk.len().min(ErrorBody::LIMIT - body.len())]);
                if body.len() == ErrorBody::LIMIT {
                    break;
                }
            }
        };
        // On a timeout, the part that has arrived is the beginning.
        let _ = time::timeout(PREFIX_TIMEOUT, reading).await;
        (body.into(), !ended)
    }

    /// Reads the rest of the body, so that the connection can be reused.
    ///
    /// Usually the rest has already arrived. If it has not, a separate task waits for it.
    pub(crate) fn drain(mut self) {
        const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
        const DRAIN_LIMIT: usize = 64 * 1024;
        let mut rest = Box::pin(async move {
            let mut read = 0;
            while let Ok(Some(chunk)) = self.chunk().await {
                read += chunk.len();
                if read > DRAIN_LIMIT {
                    break;
                }
            }
        });
        if rest.as_mut().now_or_never().is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(time::timeout(DRAIN_TIMEOUT, rest));
        }
    }
}
