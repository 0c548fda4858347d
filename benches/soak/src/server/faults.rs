//! The faults of the faulty server, one after the other.

use std::time::Duration;

use anyhow::Result;
use mcp_testkit::{Barrier, Fault, On, Reply, TestServer};
use tokio::time;

use super::http_servers::HttpServers;
use crate::{
    options::Injected,
    plan::{FAULTY, JSON},
};

/// The number of ticks between two restarts of the server.
const TICKS_OF_A_RESTART: u64 = 150;

pub(crate) struct Faults {
    injected: Injected,
    ticks: u64,
}

impl Faults {
    pub(crate) fn new(injected: Injected) -> Self {
        Self { injected, ticks: 0 }
    }

    /// Switches the next fault on, and the last one off.
    pub(crate) async fn next(&mut self, servers: &mut HttpServers) -> Result<()> {
        self.ticks += 1;
        if self.injected == Injected::Error && self.ticks.is_multiple_of(10) {
            servers.get(JSON).script(On::method("tools/call").first(1), Reply::status(500));
        }
        if self.ticks.is_multiple_of(TICKS_OF_A_RESTART) {
            let restarts = self.ticks / TICKS_OF_A_RESTART;
            return servers.restart(FAULTY, restarts.is_multiple_of(2)).await;
        }
        let server = servers.get(FAULTY);
        server.clear_script();
        begin(server, fastrand::u8(..14));
        Ok(())
    }
}

fn begin(server: &TestServer, fault: u8) {
    let call = || On::method("tools/call").first(2);
    let any = || On::any().first(2);
    match fault {
        0 => server.script(any(), Reply::status(503).header("retry-after", "1")),
        1 => server.script(any(), Reply::status(502)),
        // Only once, because a request is repeated only once in a new session.
        2 => server.script(On::any().first(1), Fault::LoseSession),
        3 => server.script(call(), Fault::CutStream(0)),
        4 => server.script(call(), Fault::TruncatedSse),
        5 => server.script(call(), Fault::ResetMidBody),
        6 => server.script(any(), Fault::Close),
        7 => server.script(any(), Fault::Reset),
        8 => server.script(any(), Fault::Hold(opened_after(Duration::from_millis(700)))),
        // Longer than the timeout of the client.
        9 => server.script(call(), Fault::Hold(opened_after(Duration::from_secs(4)))),
        10 => server.script(call(), Fault::ByteByByte(Duration::from_millis(1))),
        11 => server.script(call(), Fault::Duplicate),
        12 => server.end_sessions(),
        _ => {
            server.close_streams();
            server.reset_next_connections(2);
        }
    }
}

fn opened_after(delay: Duration) -> Barrier {
    let barrier = Barrier::new();
    let opened = barrier.clone();
    tokio::spawn(async move {
        time::sleep(delay).await;
        opened.open();
    });
    barrier
}
