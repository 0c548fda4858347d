//! Work that goes on though its caller stops waiting.

use crate::error::Error;

/// Goes on with what has begun, though whoever waits for it is dropped.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|error| Error::Store { source: error.into() })?
}
