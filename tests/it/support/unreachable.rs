//! A port on which no server listens.

use std::net::Ipv4Addr;

use tokio::net::TcpSocket;

/// A port that refuses connections.
///
/// The socket is bound but does not listen, so that no other process can take the port meanwhile.
pub(crate) struct UnreachableServer(TcpSocket);

impl UnreachableServer {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self(socket)
    }

    /// The URL of an MCP endpoint on this port.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.0.local_addr().expect("an address"))
    }
}
