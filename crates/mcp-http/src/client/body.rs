//! Reading bodies within bounds.

use std::{fmt, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use mcp_client::Brief;
use tokio::{runtime::Handle, time};

use crate::{client::http_client::Response, error::Error, message::redaction::Secrets};

/// As much of a failure's body as is kept, in bytes.
const BEGINNING: usize = 64 * 1024;
/// The time that a failure's body may take: its status is what matters.
const PATIENCE: Duration = Duration::from_secs(1);

/// The memory that a body gets before it has come, in bytes: its length is only announced.
const MOST_AT_ONCE: usize = 2 * 1024 * 1024;

/// The beginning of the body that came with a failure, without the secrets of the request.
///
/// `Display` gives some of it in one line, `Debug` its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(pub(crate) Bytes);

impl Body {
    /// The bytes of the body, at most 64 KiB.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Brief(&String::from_utf8_lossy(&self.0)).fmt(f)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// The whole body, if it is no longer than `limit` bytes.
pub(crate) async fn read(mut response: Response, limit: usize) -> Result<Bytes, Error> {
    let too_large =
        |response: &Response| Err(Error::TooLarge { endpoint: response.endpoint.clone(), limit });
    let announced = response.announced_length().unwrap_or(0);
    if announced > limit as u64 {
        return too_large(&response);
    }
    let capacity = usize::try_from(announced).map_or(MOST_AT_ONCE, |all| all.min(MOST_AT_ONCE));
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await? else {
        return if first.len() > limit { too_large(&response) } else { Ok(first) };
    };
    let mut body = Vec::with_capacity(capacity);
    body.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > limit {
            return too_large(&response);
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await?;
    }
    Ok(body.into())
}

/// The beginning of a failure's body, without the secrets of its request.
pub(crate) async fn beginning(response: Response, secrets: &Secrets) -> Body {
    let (beginning, cut_off) = read_beginning(response).await;
    Body(match cut_off {
        true => secrets.mask_cut_off(&beginning),
        false => secrets.mask_bytes(beginning),
    })
}

/// The beginning of a failure's body, and whether there was more: what is longer, late, or breaks
/// off, is left.
async fn read_beginning(mut response: Response) -> (Bytes, bool) {
    let mut body = Vec::new();
    let mut ended = false;
    let reading = async {
        while let Ok(chunk) = response.chunk().await {
            let Some(chunk) = chunk else {
                ended = true;
                break;
            };
            body.extend_from_slice(&chunk[..chunk.len().min(BEGINNING - body.len())]);
            if body.len() == BEGINNING {
                break;
            }
        }
    };
    // Whether it ended or time did, what has come is the beginning.
    let _ = time::timeout(PATIENCE, reading).await;
    (body.into(), !ended)
}

/// Reads what little may be left of a body, so that its connection can be used again.
///
/// Mostly the end is here already; only a server that keeps it back is waited for, elsewhere.
pub(crate) fn leave(mut response: Response) {
    const LONGEST: Duration = Duration::from_secs(1);
    const MOST: usize = 64 * 1024;
    let mut rest = Box::pin(async move {
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > MOST {
                break;
            }
        }
    });
    if rest.as_mut().now_or_never().is_none()
        && let Ok(runtime) = Handle::try_current()
    {
        runtime.spawn(time::timeout(LONGEST, rest));
    }
}
