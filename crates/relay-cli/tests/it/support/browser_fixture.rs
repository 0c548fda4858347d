//! A real browser, a real authorization server, and a server that accepts its tokens.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use peers::{Browser, Program as Peer, Server};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::pipe,
    process::Child,
    time,
};
use url::Url;

use super::{RelayProcess, relay};

/// The longest time until the program opens the browser.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(60);

/// A browser, a folder for credentials, and the servers to sign in to.
pub(crate) struct BrowserFixture {
    pub(crate) browser: Browser,
    issuer: Server,
    server: Server,
    home: PathBuf,
}

/// A process `relay login` that has opened the browser.
pub(crate) struct Login {
    program: RelayProcess,
    child: Child,
    /// The authorization URL.
    url: Url,
}

impl BrowserFixture {
    /// Starts the browser and the servers. Returns `None` if one of them is not installed.
    pub(crate) fn start(name: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let browser = Browser::start()?;
        let issuer = Server::start(Peer::OidcProvider, settings)?;
        let server = Server::start(Peer::FastMcp, &[("ISSUER", issuer.origin())])?;
        let home = format!("browser-{}-{name}", process::id());
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(home);
        fs::create_dir_all(&home).expect("the folder can be created");
        Some(Self { browser, issuer, server, home })
    }

    fn relay(&self, arguments: &str) -> RelayProcess {
        relay(arguments)
            .env("RELAY_HOME", &self.home)
            .replace(self.server.origin(), "http://127.0.0.1:SERVER")
            .replace(self.issuer.origin(), "http://127.0.0.1:ISSUER")
    }

    pub(crate) fn relay_with_url(&self, arguments: &str) -> RelayProcess {
        self.relay(arguments).arg("--url").arg(&self.server.url())
    }

    /// Starts `relay login`. A script in place of the browser passes the URL to the test.
    pub(crate) async fn login(&self) -> Login {
        let fifo = self.home.join("fifo");
        let made = process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("mkfifo is installed").success());
        let script = self.home.join("browser");
        fs::write(&script, format!("#!/bin/sh\necho \"$1\" > '{}'\n", fifo.display()))
            .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o700)))
            .expect("the script can be written");
        let mut program = self.relay_with_url("login").env("BROWSER", &script);
        let child = program.spawn().await;
        let url = time::timeout(BROWSER_TIMEOUT, first_line(&fifo))
            .await
            .expect("the program opens a browser");
        let shown = url.replace(self.issuer.origin(), "http://127.0.0.1:ISSUER");
        let program = program.replace(&shown, "AUTHORIZATION-URL");
        Login { program, child, url: url.parse().expect("a URL") }
    }

    /// Signs Alice in. The authorization server then asks for her consent.
    pub(crate) fn sign_in(&mut self, login: &Login) {
        self.browser.open(login.url.as_str());
        self.browser.fill("[name=login]", "alice");
        self.browser.fill("[name=password]", "x");
        self.browser.follow("[type=submit]");
    }

    /// Returns the text of the last page and checks its headers. The page and the history must not
    /// contain the code or the state.
    pub(crate) fn result(&mut self, login: &Login) -> String {
        let browser = &mut self.browser;
        assert_eq!(browser.url(), login.page("/result"));
        assert_eq!(browser.header("cache-control"), Some("no-store"));
        assert_eq!(browser.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(browser.header("x-content-type-options"), Some("nosniff"));
        let policy = browser.header("content-security-policy").expect("there is a policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        // The policy allows its own style.
        let margin = browser.evaluate("getComputedStyle(document.querySelector('p')).marginTop");
        assert_eq!(margin, "0px");
        let complaints = browser.complaints().iter();
        let own: Vec<_> = complaints.filter(|it| it.contains(&login.page(""))).collect();
        assert!(own.is_empty(), "{own:?}");
        let html = browser.evaluate("document.documentElement.outerHTML");
        let history = browser.history().join("\n");
        for text in [html.as_str().expect("there is a page"), &history] {
            assert!(!text.contains("code=") && !text.contains(&login.param("state")), "{text}");
        }
        let text = page_text(browser);
        text.replace(self.issuer.origin(), "http://127.0.0.1:ISSUER")
    }
}

/// Returns the title and the text of the current page.
pub(crate) fn page_text(browser: &mut Browser) -> String {
    format!("# {}\n{}", browser.title(), browser.text())
}

impl Login {
    fn param(&self, name: &str) -> String {
        let mut pairs = self.url.query_pairs();
        pairs.find(|(key, _)| key == name).expect("it exists").1.into_owned()
    }

    /// Returns the URL of a page of the program.
    pub(crate) fn page(&self, path: &str) -> String {
        self.param("redirect_uri").replace("/callback", path)
    }

    pub(crate) async fn end(self) -> String {
        let output = self.child.wait_with_output().await.expect("the program ends");
        self.program.transcript(&output)
    }
}

impl Drop for BrowserFixture {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.home));
    }
}

async fn first_line(fifo: &Path) -> String {
    // Open for writing, too, so that reading does not end before the script writes.
    let fifo = pipe::OpenOptions::new().read_write(true).open_receiver(fifo).expect("it exists");
    let line = BufReader::new(fifo).lines().next_line().await.expect("the line is UTF-8");
    line.expect("there is a line")
}
