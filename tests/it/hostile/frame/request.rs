//! Requests, as far as the hostile server reads them.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
};

/// A request of the client.
#[derive(Debug)]
pub(super) struct Request {
    /// The HTTP method and the path.
    pub(super) target: (String, String),
    /// The message, or null.
    pub(super) message: Value,
}

impl Request {
    /// Reads the next request. `None` if the client has closed the connection.
    pub(super) async fn read(connection: &mut BufReader<TcpStream>) -> Option<Self> {
        let first = read_line(connection).await?;
        let mut words = first.split_whitespace().map(str::to_owned);
        let target = (words.next()?, words.next()?);
        let mut length = 0;
        loop {
            let line = read_line(connection).await?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.ok()?;
        Some(Self { target, message: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// The names that a script may use for this request, the most specific first.
    pub(super) fn names(&self) -> [String; 3] {
        let (method, path) = &self.target;
        let path = match path {
            path if path.starts_with("/.well-known/oauth-protected-resource") => {
                "resource metadata"
            }
            path if path.starts_with("/.well-known/") => "issuer metadata",
            path => path,
        };
        let rpc = match self.message["method"].as_str() {
            Some(rpc) => rpc,
            None if self.message.is_object() => "response",
            None => "",
        };
        [rpc.to_owned(), path.to_owned(), method.clone()]
    }

    /// The id of the message as JSON.
    pub(super) fn id(&self) -> String {
        self.message["id"].to_string()
    }
}

async fn read_line(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = connection.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
