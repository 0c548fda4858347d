//! An authorization server, a server that accepts its tokens, and a folder for credentials.

use std::{env, fs, path::PathBuf};

use mcp_testkit::{AuthorizationServer, AuthorizationServerBuilder, Bearer, TestServer};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{RelayProcess, relay, weather_server};

/// A folder for credentials, and the servers to sign in to.
pub(crate) struct SignInFixture {
    pub(crate) authorization_server: AuthorizationServer,
    pub(crate) server: TestServer,
    home: PathBuf,
}

impl SignInFixture {
    pub(crate) async fn start(name: &str) -> Self {
        Self::with(name, AuthorizationServer::builder()).await
    }

    pub(crate) async fn with(name: &str, authorization_server: AuthorizationServerBuilder) -> Self {
        let authorization_server = authorization_server.start().await.expect("a free port");
        let bearer = Bearer::issued_by(&authorization_server).scope("weather:read");
        let server = weather_server::public().bearer(bearer).start().await.expect("a free port");
        let home = format!("sign-in-{}-{name}", std::process::id());
        Self {
            authorization_server,
            server,
            home: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(home),
        }
    }

    pub(crate) fn relay(&self, arguments: &str) -> RelayProcess {
        relay(arguments)
            .env("RELAY_HOME", &self.home)
            .replace_port(&self.server)
            .replace(self.authorization_server.issuer(), "http://127.0.0.1:ISSUER")
    }

    pub(crate) fn relay_with_url(&self, arguments: &str) -> RelayProcess {
        self.relay(arguments).arg("--url").arg(self.server.url())
    }

    /// Signs in. Returns the transcript, and the page that the browser shows.
    pub(crate) async fn login(&self) -> (String, String) {
        self.login_with(self.relay_with_url("login --no-browser")).await
    }

    /// Signs in on a machine without a browser: pastes some texts, and then the URL of the callback.
    pub(crate) async fn login_by_paste(&self, texts: &str) -> String {
        let mut program = self.relay_with_url("login --no-browser --paste");
        let (mut child, mut stdin) = program.spawn_with_stdin();
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe")).lines();
        let mut lines = Vec::new();
        while let Some(line) = stderr.next_line().await.expect("the output is UTF-8") {
            if line.starts_with(self.authorization_server.issuer()) {
                let callback = self.authorization_server.visit(&line).expect("a redirect");
                let pasted = format!("{texts}{callback}\n");
                stdin.write_all(pasted.as_bytes()).await.expect("the program reads stdin");
                lines.push("AUTHORIZATION-URL".to_owned());
            } else {
                lines.push(line);
            }
        }
        let mut output = child.wait_with_output().await.expect("the program ends");
        output.stderr = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        program.transcript(&output)
    }

    pub(crate) async fn login_with(&self, mut program: RelayProcess) -> (String, String) {
        let mut child = program.spawn().await;
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe")).lines();
        let mut lines = Vec::new();
        let mut page = String::new();
        while let Some(line) = stderr.next_line().await.expect("the output is UTF-8") {
            if line.starts_with(self.authorization_server.issuer()) {
                page = browse(
                    &self
                        .authorization_server
                        .visit(&line)
                        .expect("the authorization server redirects"),
                )
                .await;
                lines.push("AUTHORIZATION-URL".to_owned());
            } else {
                lines.push(line);
            }
        }
        let page = page.replace(self.authorization_server.issuer(), "http://127.0.0.1:ISSUER");
        let mut output = child.wait_with_output().await.expect("the program ends");
        output.stderr = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        (program.transcript(&output), page)
    }
}

impl Drop for SignInFixture {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.home));
    }
}

/// Requests the callback as a browser does, follows the redirect, and returns the text of the page.
async fn browse(url: &str) -> String {
    let (host, target) = url["http://".len()..].split_once('/').expect("the URL has a path");
    let response = get(host, &format!("/{target}")).await;
    let location = response.lines().find_map(|line| line.strip_prefix("Location: "));
    let page = get(host, location.expect("the callback redirects")).await;
    let is_visible = |line: &&str| ["<title>", "<h1>", "<p>"].iter().any(|it| line.starts_with(it));
    page.lines().filter(is_visible).collect::<Vec<_>>().join("\n")
}

async fn get(host: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(host).await.expect("the server accepts connections");
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads the request");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("the server responds");
    response
}
