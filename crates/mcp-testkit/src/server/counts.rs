//! The counts of a running server, and waiting for them.

use super::test_server::TestServer;
use crate::base::Counts;

impl TestServer {
    /// The counts of this moment.
    pub fn counts(&self) -> Counts {
        self.shared().counters.now()
    }

    /// Waits until the counts are as wanted, and returns them.
    ///
    /// ```
    /// use mcp_testkit::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().start().await?;
    /// // The application under test works with the server, and is dropped.
    /// server.when(|counts| counts.open_connections == 0 && counts.open_streams == 0).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn when(&self, wanted: impl FnMut(&Counts) -> bool) -> Counts {
        self.shared().counters.wait_for(wanted).await
    }
}
