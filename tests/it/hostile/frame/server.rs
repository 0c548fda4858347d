//! The hostile server: replies by request, written to a socket byte by byte as scripted.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use super::{
    default_reply::{MESSAGES_PATH, default_reply},
    reply::{Head, Part, Reply},
    request::Request,
    secrets::{SESSION, spelled},
};

/// The bytes after which an endless reply ends.
const ENDLESS: usize = 1024 * 1024 * 1024;
/// The bytes that are written at once.
const BLOCK: usize = 16 * 1024;

/// The replies to requests by the name of the request, in turn. The last one is repeated.
pub(super) type Script = Vec<(&'static str, Reply)>;

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct HostileServer {
    pub(super) origin: String,
    task: JoinHandle<()>,
}

struct Shared {
    script: Script,
    counts: Mutex<HashMap<String, usize>>,
    /// True once the client has got a session.
    has_session: AtomicBool,
    origin: String,
    /// The messages for the stream of HTTP+SSE.
    messages: (mpsc::UnboundedSender<Vec<u8>>, Mutex<mpsc::UnboundedReceiver<Vec<u8>>>),
}

impl HostileServer {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, receiver) = mpsc::unbounded_channel();
        let messages = (sender, Mutex::new(receiver));
        let counts = Mutex::default();
        let has_session = AtomicBool::new(false);
        let shared =
            Arc::new(Shared { script, counts, has_session, origin: origin.clone(), messages });
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                connections.spawn(async move { shared.serve(BufReader::new(connection)).await });
            }
        });
        Self { origin, task }
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Serves one connection. `None` ends it.
    async fn serve(&self, mut connection: BufReader<TcpStream>) -> Option<()> {
        loop {
            let request = Request::read(&mut connection).await?;
            let reply = self.reply_to(&request).await;
            let reply = match reply {
                Some(reply) => reply,
                None if request.target.1 == MESSAGES_PATH => self.reply_on_stream(&request)?,
                None => {
                    self.has_session.fetch_or(request.names()[0] == "initialize", Relaxed);
                    default_reply(&request)
                }
            };
            self.write(&mut connection, &request, &reply).await?;
            if !reply.keep_alive {
                connection.get_mut().shutdown().await.ok()?;
                // Closing with unread bytes would reset the connection.
                connection.read_u8().await.ok();
                return None;
            }
        }
    }

    async fn reply_to(&self, request: &Request) -> Option<Reply> {
        let names = request.names();
        let name = names.iter().find(|name| self.script.iter().any(|(it, _)| it == name))?;
        let mut counts = self.counts.lock().await;
        let turn = counts.entry(name.clone()).or_default();
        *turn += 1;
        let mut replies = self.script.iter().filter(|(it, _)| it == name).map(|(_, reply)| reply);
        let last = replies.clone().next_back();
        replies.nth(*turn - 1).or(last).cloned()
    }

    /// Sends the default reply to the stream of HTTP+SSE.
    fn reply_on_stream(&self, request: &Request) -> Option<Reply> {
        let reply = default_reply(request);
        if let [Part::Bytes(body)] = &reply.parts[..]
            && request.message["id"] != serde_json::Value::Null
        {
            let body = String::from_utf8(self.expand(body, request)).ok()?.replace('\n', "");
            self.messages.0.send(format!("data: {body}\n\n").into_bytes()).ok()?;
        }
        Some(super::reply::accepted())
    }

    async fn write(
        &self,
        connection: &mut BufReader<TcpStream>,
        request: &Request,
        reply: &Reply,
    ) -> Option<()> {
        let parts: Vec<_> =
            reply.parts.iter().map(|part| self.expand_part(part, request)).collect();
        if let Some(head) = &reply.head {
            let head = head.write(&parts, reply.keep_alive);
            let head = self.expand(head.as_bytes(), request);
            connection.write_all(&head).await.ok()?;
        }
        for part in parts {
            match part {
                Part::Bytes(bytes) => connection.write_all(&bytes).await.ok()?,
                Part::Repeat(bytes, times) => repeat(connection, &bytes, times).await?,
                Part::Hold => {
                    connection.flush().await.ok()?;
                    connection.read_u8().await.ok()?;
                }
                Part::Reset => {
                    connection.flush().await.ok()?;
                    connection.get_ref().set_zero_linger().ok()?;
                    return None;
                }
                Part::Messages => loop {
                    let mut messages = self.messages.1.lock().await;
                    let message = tokio::select! {
                        message = messages.recv() => message?,
                        _ = connection.read_u8() => return None,
                    };
                    connection.write_all(&message).await.ok()?;
                },
            }
        }
        connection.flush().await.ok()
    }

    fn expand_part(&self, part: &Part, request: &Request) -> Part {
        match part {
            Part::Bytes(bytes) => Part::Bytes(self.expand(bytes, request)),
            Part::Repeat(bytes, times) => Part::Repeat(self.expand(bytes, request), *times),
            part => part.clone(),
        }
    }

    /// Replaces the placeholders.
    fn expand(&self, bytes: &[u8], request: &Request) -> Vec<u8> {
        let session = if self.has_session.load(Relaxed) { SESSION } else { "" };
        let (secrets, origin) = (spelled(session), self.origin.clone());
        let values = [("{id}", request.id()), ("{secrets}", secrets), ("{origin}", origin)];
        values.iter().fold(bytes.to_vec(), |bytes, (name, value)| replace(&bytes, name, value))
    }
}

fn replace(bytes: &[u8], name: &str, value: &str) -> Vec<u8> {
    let mut rest = bytes;
    let mut replaced = Vec::new();
    while let Some(start) = rest.windows(name.len()).position(|window| window == name.as_bytes()) {
        replaced.extend_from_slice(&rest[..start]);
        replaced.extend_from_slice(value.as_bytes());
        rest = &rest[start + name.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Writes bytes many times, in large blocks.
async fn repeat(connection: &mut BufReader<TcpStream>, bytes: &[u8], times: u64) -> Option<()> {
    let per_block = (BLOCK / bytes.len()).max(1);
    let block = bytes.repeat(per_block);
    let all = bytes.len().saturating_mul(usize::try_from(times).unwrap_or(usize::MAX));
    let mut left = all.min(ENDLESS);
    while left > 0 {
        let count = left.min(block.len());
        connection.write_all(&block[..count]).await.ok()?;
        left -= count;
    }
    Some(())
}

impl Head {
    fn write(&self, parts: &[Part], keep_alive: bool) -> String {
        // The reason is a text of the server, too.
        let mut head = format!("HTTP/1.1 {} {{secrets}}\r\nx-echo: {{secrets}}\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.has_length {
            let length: usize = parts.iter().map(Part::length).sum();
            head += &format!("content-length: {length}\r\n");
        }
        head + if keep_alive { "\r\n" } else { "connection: close\r\n\r\n" }
    }
}

impl Part {
    fn length(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Repeat(bytes, times) => {
                bytes.len().saturating_mul(usize::try_from(*times).unwrap_or(usize::MAX))
            }
            Self::Hold | Self::Reset | Self::Messages => 0,
        }
    }
}
