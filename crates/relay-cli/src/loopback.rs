//! Where a browser comes back to after a sign-in: a page on this machine (RFC 8252, section 7.3).

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time,
};

const PATH: &str = "/callback";
/// The largest request that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// How long a browser may take to send its request.
const LONGEST: Duration = Duration::from_secs(10);

/// The page while nobody has come back yet.
pub(crate) struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// A browser that has come back and waits for what it is to show.
pub(crate) struct Visit {
    stream: TcpStream,
    /// What it came back with.
    pub(crate) query: String,
}

impl Loopback {
    /// Opens the page on any free port.
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port of this machine can be had")?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The URL of the page.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for a browser that comes to the page. Whatever else comes is turned away.
    pub(crate) async fn visit(&self) -> Result<Visit> {
        loop {
            let (mut stream, _) = self.listener.accept().await?;
            let target = time::timeout(LONGEST, self.target(&mut stream)).await;
            let Ok(Some(target)) = target else { continue };
            match target.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('?')) {
                Some(query) => return Ok(Visit { stream, query: query.to_owned() }),
                None => respond(&mut stream, "404 Not Found", "").await,
            }
        }
    }

    /// The target of a GET to this very page. A name that was made to lead here is not its name.
    async fn target(&self, stream: &mut TcpStream) -> Option<String> {
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            if request.len() > LARGEST || stream.read_buf(&mut request).await.ok()? == 0 {
                return None;
            }
        }
        let request = String::from_utf8(request).ok()?;
        let mut lines = request.lines();
        let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
        let own = format!("127.0.0.1:{}", self.port);
        let is_own = |line: &str| {
            let header = line.split_once(':');
            header.is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("host") && value.trim() == own
            })
        };
        lines.any(is_own).then(|| target.to_owned())
    }
}

impl Visit {
    /// Whether it is the answer to the sign-in of this `state`.
    pub(crate) fn is_of(&self, state: &str) -> bool {
        self.query.split('&').any(|pair| pair.strip_prefix("state=") == Some(state))
    }

    /// Shows a heading and a sentence.
    pub(crate) async fn show(mut self, heading: &str, text: &str) {
        let (heading, text) = (escaped(heading), escaped(text));
        let page = format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{heading}</title>\n\
             <h1>{heading}</h1>\n<p>{text}</p></html>\n"
        );
        respond(&mut self.stream, "200 OK", &page).await;
    }
}

/// Answers and ends the connection. A browser that is gone misses nothing but the page.
async fn respond(stream: &mut TcpStream, status: &str, page: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\nContent-Security-Policy: default-src 'none'\r\n\
         Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// The text without any markup: some of it comes from servers.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a request, and gives the answer.
    async fn send(loopback: &Loopback, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", loopback.port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer).await);
        answer
    }

    #[tokio::test]
    async fn only_a_browser_that_means_this_page_is_a_visit() {
        let loopback = Loopback::open().await.unwrap();
        let own = format!("Host: 127.0.0.1:{}\r\n\r\n", loopback.port);
        let others = async {
            for request in [
                "GET /callback?code=1 HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
                format!("POST /callback?code=1 HTTP/1.1\r\n{own}"),
                format!("GET /favicon.ico HTTP/1.1\r\n{own}"),
                format!("GET /callback HTTP/1.1\r\n{own}"),
                "\r\n\r\n".to_owned(),
            ] {
                assert!(!send(&loopback, &request).await.contains("200 OK"), "{request}");
            }
            send(&loopback, &format!("GET /callback?code=2&state=x HTTP/1.1\r\n{own}")).await
        };
        let visit = async {
            let visit = loopback.visit().await.unwrap();
            assert_eq!(visit.query, "code=2&state=x");
            assert!(visit.is_of("x") && !visit.is_of("code=2"));
            visit.show("A <b>", "& \"c\"").await;
        };
        let (page, ()) = tokio::join!(others, visit);
        assert!(page.contains("<h1>A &lt;b&gt;</h1>\n<p>&amp; &quot;c&quot;</p>"), "{page}");
    }
}
