//! A barrier that holds responses until a test opens it.

use std::sync::Arc;

use tokio::sync::watch;

/// A barrier that holds responses until a test opens it, so that the test needs no sleep.
///
/// A new barrier is closed. After it is opened, it stays open. Clones share the state. Pass it to
/// [`Fault::Hold`](crate::Fault::Hold) or [`Reply::hold`](crate::Reply::hold).
///
/// ```
/// use mcp_testkit::{Fault, Barrier, On, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::builder().start().await?;
/// let barrier = Barrier::new();
/// server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
/// // After the application has sent a call, `barrier.wait_for_arrivals(1).await` waits until its response is
/// // ready and held.
/// barrier.open();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Barrier(Arc<watch::Sender<State>>);

#[derive(Debug, Default)]
struct State {
    open: bool,
    reached: usize,
}

impl Barrier {
    /// Returns a closed barrier.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the barrier. All waiting responses continue, and later ones do not wait.
    pub fn open(&self) {
        self.0.send_modify(|state| state.open = true);
    }

    /// Waits until `count` responses in total have reached the barrier. Responses that reach it
    /// after it was opened count too.
    pub async fn wait_for_arrivals(&self, count: usize) {
        self.wait_for(|state| state.reached >= count).await;
    }

    pub(crate) async fn wait(&self) {
        self.0.send_modify(|state| state.reached += 1);
        self.wait_for(|state| state.open).await;
    }

    async fn wait_for(&self, condition: impl FnMut(&State) -> bool) {
        // It fails only if the sender is dropped, and `self` holds the sender.
        drop(self.0.subscribe().wait_for(condition).await);
    }
}
