//! A server that is not there.

use std::net::Ipv4Addr;

use tokio::net::TcpSocket;

/// A port on which nobody listens, and that nobody else gets meanwhile: bound, but not listening.
pub(crate) struct Absent(TcpSocket);

impl Absent {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self(socket)
    }

    /// The URL that its MCP endpoint would have.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.0.local_addr().expect("an address"))
    }
}
