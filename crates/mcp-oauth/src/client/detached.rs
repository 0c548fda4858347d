//! Work that runs to completion even if its caller is dropped.

use crate::error::Error;

/// Runs work in a separate task, so that it completes even if the caller is dropped.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|error| Error::Store { source: error.into() })?
}
