//! An HTTP server on the loopback interface that receives the callback of a sign-in.
//!
//! RFC 8252, section 7.3.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use anyhow::{Context, Result};
use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    select, time,
};

use super::page::Page;

const CALLBACK: &str = "/callback";
/// The path that a callback is redirected to, so that the code stays out of the address bar and the
/// history of the browser.
const RESULT: &str = "/result";
/// The path that a callback of another sign-in is redirected to.
const UNKNOWN_SIGN_IN: &str = "/other";

/// The largest request that is read, in bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// The longest time that a browser may take to send a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest number of connections without a request. Browsers open connections in advance.
const MAX_PENDING: usize = 64;

/// A server that waits for the callback of one sign-in.
pub(crate) struct LoopbackServer {
    listener: TcpListener,
    /// The same port of the IPv6 loopback address, to which browsers may resolve `localhost`.
    listener_v6: Option<TcpListener>,
    /// The host and port of the redirect URI.
    authority: String,
    pending: FuturesUnordered<BoxFuture<'static, Option<Request>>>,
}

/// A request of a browser.
struct Request {
    stream: TcpStream,
    /// Path and query.
    target: String,
}

/// A callback of the sign-in. The browser is waiting for the response.
pub(crate) struct Callback {
    stream: TcpStream,
    /// The query of the callback.
    pub(crate) query: String,
}

impl LoopbackServer {
    /// The host of the redirect URI, unless the settings of the server name another one.
    pub(crate) const DEFAULT_HOST: &str = "127.0.0.1";

    /// Listens on a port of the loopback interface. Port 0 selects any free port. `host` is the host
    /// of the redirect URI: `127.0.0.1` or `localhost`.
    pub(crate) async fn open(host: &str, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.with_context(|| match port {
            0 => "cannot listen on 127.0.0.1".to_owned(),
            port => format!("cannot listen on 127.0.0.1:{port}"),
        })?;
        let port = listener.local_addr()?.port();
        let listener_v6 = match host {
            Self::DEFAULT_HOST => None,
            _ => listen_v6(port).await?,
        };
        let authority = format!("{host}:{port}");
        Ok(Self { listener, listener_v6, authority, pending: FuturesUnordered::new() })
    }

    /// Returns the URL of the callback.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{CALLBACK}", self.authority)
    }

    /// Waits for the callback with this `state`. Rejects other requests.
    pub(crate) async fn wait_for_callback(&mut self, state: &str) -> Result<Callback> {
        loop {
            let request = self.next_request().await?;
            match request.query() {
                Some(query) if has_state(query, state) => {
                    let query = query.to_owned();
                    return Ok(Callback { stream: request.stream, query });
                }
                Some(_) => request.respond("303 See Other", &location(UNKNOWN_SIGN_IN), "").await,
                None => request.reject().await,
            }
        }
    }

    /// Redirects the browser to a page and shows it. Waits at most 10 seconds for the browser to
    /// request the page.
    pub(crate) async fn show_page(&mut self, callback: Callback, page: &Page<'_>) {
        let redirected = Request { stream: callback.stream, target: String::new() };
        redirected.respond("303 See Other", &location(RESULT), "").await;
        let shown = async {
            while let Ok(request) = self.next_request().await {
                if request.target == RESULT {
                    return request.show(page).await;
                }
                request.reject().await;
            }
        };
        // A browser that is gone misses only the page.
        drop(time::timeout(REQUEST_TIMEOUT, shown).await);
    }

    /// Returns the next request. A connection without a request does not block the others.
    async fn next_request(&mut self) -> Result<Request> {
        loop {
            select! {
                accepted = accept(&self.listener, self.listener_v6.as_ref()),
                    if self.pending.len() < MAX_PENDING => {
                    let request = read_request(accepted?, self.authority.clone());
                    let request = time::timeout(REQUEST_TIMEOUT, request);
                    self.pending.push(Box::pin(async { request.await.ok().flatten() }));
                }
                Some(read) = self.pending.next() => {
                    if let Some(request) = read {
                        return Ok(request);
                    }
                }
            }
        }
    }
}

/// Accepts a connection on either address.
async fn accept(
    listener: &TcpListener,
    listener_v6: Option<&TcpListener>,
) -> io::Result<TcpStream> {
    let (stream, _) = match listener_v6 {
        Some(listener_v6) => select! {
            accepted = listener.accept() => accepted?,
            accepted = listener_v6.accept() => accepted?,
        },
        None => listener.accept().await?,
    };
    Ok(stream)
}

/// Listens on a port of the IPv6 loopback address. Returns `None` if this machine has none.
///
/// Another program that listens there would receive the callback.
async fn listen_v6(port: u16) -> Result<Option<TcpListener>> {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Err(error).with_context(|| format!("cannot listen on [::1]:{port}"))
        }
        Err(_) => Ok(None),
    }
}

/// Reads a GET request for this server. Rejects a request with another `Host`, because a foreign
/// domain name may resolve to the loopback address (DNS rebinding).
async fn read_request(mut stream: TcpStream, authority: String) -> Option<Request> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > MAX_REQUEST_BYTES || stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let request = String::from_utf8(request).ok()?;
    let mut lines = request.lines();
    let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?.to_owned();
    let is_expected_host = |line: &str| {
        let header = line.split_once(':');
        header.is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("host") && value.trim() == authority
        })
    };
    lines.any(is_expected_host).then_some(Request { stream, target })
}

impl Request {
    /// Returns the query of a callback, if the request is one.
    fn query(&self) -> Option<&str> {
        self.target.strip_prefix(CALLBACK)?.strip_prefix('?')
    }

    async fn reject(self) {
        match self.target.as_str() {
            UNKNOWN_SIGN_IN => self.show(&Page::UNKNOWN_SIGN_IN).await,
            _ => self.respond("404 Not Found", "", "").await,
        }
    }

    async fn show(self, page: &Page<'_>) {
        self.respond("200 OK", &Page::headers(), &page.to_html()).await;
    }

    /// Sends a response and closes the connection.
    async fn respond(mut self, status: &str, headers: &str, body: &str) {
        let response = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        drop(self.stream.write_all(response.as_bytes()).await);
        drop(self.stream.shutdown().await);
    }
}

fn location(path: &str) -> String {
    format!("Location: {path}\r\n")
}

/// Returns whether a query has this `state`.
fn has_state(query: &str, state: &str) -> bool {
    query.split('&').any(|pair| pair.strip_prefix("state=") == Some(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a request and returns the response.
    async fn send(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        drop(stream.read_to_string(&mut response).await);
        response
    }

    fn port_of(loopback: &LoopbackServer) -> u16 {
        loopback.listener.local_addr().unwrap().port()
    }

    fn get(port: u16, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
    }

    #[tokio::test]
    async fn accepts_only_a_callback_with_the_own_host_and_state() {
        let mut loopback = LoopbackServer::open("127.0.0.1", 0).await.unwrap();
        let port = port_of(&loopback);
        // A browser opens a connection in advance and sends nothing.
        let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let others = async {
            for request in [
                "GET /callback?code=1&state=x HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
                get(port, "/callback?code=1&state=x").replace("GET", "POST"),
                get(port, "/favicon.ico"),
                get(port, "/callback"),
                get(port, RESULT),
                "\r\n\r\n".to_owned(),
            ] {
                let response = send(port, &request).await;
                assert!(response.is_empty() || response.contains(" 404 "), "{request}{response}");
            }
            let foreign = send(port, &get(port, "/callback?code=1&state=y&x=state=x")).await;
            assert!(foreign.contains("303 See Other\r\nLocation: /other\r\n"), "{foreign}");
            let page = send(port, &get(port, UNKNOWN_SIGN_IN)).await;
            assert!(page.contains("<h1>Unknown sign-in</h1>"), "{page}");
            let matching = send(port, &get(port, "/callback?code=2&state=x")).await;
            assert!(matching.contains("303 See Other\r\nLocation: /result\r\n"), "{matching}");
            send(port, &get(port, RESULT)).await
        };
        let callback = async {
            let callback = loopback.wait_for_callback("x").await.unwrap();
            assert_eq!(callback.query, "code=2&state=x");
            loopback.show_page(callback, &Page { heading: "A <b>", text: "& \"c\"" }).await;
        };
        let both = time::timeout(REQUEST_TIMEOUT / 2, async { tokio::join!(others, callback) });
        let (page, ()) =
            both.await.expect("a connection without a request does not block the others");
        assert!(page.contains("<h1>A &lt;b&gt;</h1>\n<p>&amp; &quot;c&quot;</p>"), "{page}");
    }

    #[tokio::test]
    async fn a_request_that_is_too_long_is_not_read_further() {
        let mut loopback = LoopbackServer::open("127.0.0.1", 0).await.unwrap();
        let long = format!("GET /{}", "x".repeat(4 * MAX_REQUEST_BYTES));
        let mut stream = TcpStream::connect(("127.0.0.1", port_of(&loopback))).await.unwrap();
        let closed = async {
            drop(stream.write_all(long.as_bytes()).await);
            drop(stream.read_to_end(&mut Vec::new()).await);
        };
        tokio::select! {
            _ = loopback.next_request() => panic!("the request has no end"),
            closed = time::timeout(REQUEST_TIMEOUT / 2, closed) => closed.expect("it is closed"),
        }
    }

    #[tokio::test]
    async fn show_page_stops_waiting_for_a_browser_that_is_gone() {
        let mut loopback = LoopbackServer::open("127.0.0.1", 0).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port_of(&loopback))).await.unwrap();
        let request = get(port_of(&loopback), "/callback?state=x");
        stream.write_all(request.as_bytes()).await.unwrap();
        let callback = loopback.wait_for_callback("x").await.unwrap();
        time::pause();
        loopback.show_page(callback, &Page::UNKNOWN_SIGN_IN).await;
    }

    #[tokio::test]
    async fn localhost_is_served_on_both_loopback_addresses() {
        let mut loopback = LoopbackServer::open("localhost", 0).await.unwrap();
        let port = port_of(&loopback);
        assert_eq!(loopback.url(), format!("http://localhost:{port}/callback"));
        let mut addresses = vec!["127.0.0.1"];
        // Some machines have no IPv6.
        addresses.extend(loopback.listener_v6.is_some().then_some("::1"));
        for address in addresses {
            let mut stream = TcpStream::connect((address, port)).await.unwrap();
            let request = get(port, "/callback?state=x").replace("127.0.0.1", "localhost");
            stream.write_all(request.as_bytes()).await.unwrap();
            let callback = time::timeout(REQUEST_TIMEOUT / 2, loopback.wait_for_callback("x"));
            assert_eq!(callback.await.expect("it arrives").unwrap().query, "state=x");
        }
    }
}
