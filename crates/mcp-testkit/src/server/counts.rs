//! The counters of a running server.

use super::test_server::TestServer;
use crate::base::Counts;

impl TestServer {
    /// Returns the current counters.
    pub fn counts(&self) -> Counts {
        self.shared().counters.now()
    }

    /// Waits until `wanted` returns `true`, and returns the counters of that moment.
    ///
    /// ```
    /// use mcp_testkit::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().start().await?;
    /// // The application under test uses the server, then closes its connections.
    /// server.wait_for_counts(|counts| counts.open_connections == 0 && counts.open_streams == 0).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for_counts(&self, wanted: impl FnMut(&Counts) -> bool) -> Counts {
        self.shared().counters.wait_for(wanted).await
    }
}
