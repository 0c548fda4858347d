//! Work that runs to completion even if its caller is dropped.

use std::panic;

use crate::error::Error;

/// Runs work in a separate task, so that it completes even if the caller is dropped. A panic of the
/// work continues in the caller.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(reason) => panic::resume_unwind(reason),
        Err(_) => Err(Error::Interrupted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "of the work")]
    async fn a_panic_reaches_the_caller() {
        let _: Result<(), _> = run_to_completion(async { panic!("of the work") }).await;
    }
}
