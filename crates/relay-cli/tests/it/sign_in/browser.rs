//! `relay login` with a real browser, which goes through the pages of a real authorization server.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use insta::assert_snapshot;
use peers::{Browser, Program as Peer, Server};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::unix::pipe,
    process::Child,
    time,
};
use url::Url;

use crate::support::relay_process::{Program, relay};

/// How long the program may take until it opens the browser.
const LONGEST: Duration = Duration::from_secs(60);

/// A person with a browser and a folder for sign-ins, and servers to sign in to.
struct World {
    browser: Browser,
    issuer: Server,
    server: Server,
    home: PathBuf,
}

/// `relay login`, once it has opened the browser.
struct Login {
    program: Program,
    child: Child,
    /// What the browser is to open.
    url: Url,
}

impl World {
    /// `None` where something is not installed.
    fn start(name: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let browser = Browser::start()?;
        let issuer = Server::start(Peer::OidcProvider, settings)?;
        let server = Server::start(Peer::FastMcp, &[("ISSUER", issuer.origin())])?;
        let home = format!("browser-{}-{name}", process::id());
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(home);
        fs::create_dir_all(&home).expect("a folder can be made");
        Some(Self { browser, issuer, server, home })
    }

    fn relay(&self, arguments: &str) -> Program {
        relay(arguments)
            .env("RELAY_HOME", &self.home)
            .hiding(self.server.origin(), "http://127.0.0.1:SERVER")
            .hiding(self.issuer.origin(), "http://127.0.0.1:ISSUER")
    }

    fn at_server(&self, arguments: &str) -> Program {
        self.relay(arguments).arg("--url").arg(&self.server.url())
    }

    /// Starts `relay login`, with a program in place of the browser that hands the URL to the test.
    async fn login(&self) -> Login {
        let handed = self.home.join("handed");
        let made = process::Command::new("mkfifo").arg(&handed).status();
        assert!(made.expect("there is mkfifo").success());
        let script = self.home.join("browser");
        fs::write(&script, format!("#!/bin/sh\necho \"$1\" > '{}'\n", handed.display()))
            .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o700)))
            .expect("a script can be written");
        let mut program = self.at_server("login").env("BROWSER", &script);
        let child = program.start().await;
        let url = time::timeout(LONGEST, first_line(&handed)).await.expect("it opens a browser");
        let shown = url.replace(self.issuer.origin(), "http://127.0.0.1:ISSUER");
        let program = program.hiding(&shown, "AUTHORIZATION-URL");
        Login { program, child, url: url.parse().expect("a URL") }
    }

    /// Alice signs in, and is asked whether the program may act for her.
    fn sign_in(&mut self, login: &Login) {
        self.browser.open(login.url.as_str());
        self.browser.fill("[name=login]", "alice");
        self.browser.fill("[name=password]", "x");
        self.browser.follow("[type=submit]");
    }

    /// What the page says in the end, which neither shows nor keeps what the browser came back with.
    fn result(&mut self, login: &Login) -> String {
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
        let seen = browser.history().join("\n");
        for text in [html.as_str().expect("there is a page"), &seen] {
            assert!(!text.contains("code=") && !text.contains(&login.param("state")), "{text}");
        }
        let said = said(browser);
        said.replace(self.issuer.origin(), "http://127.0.0.1:ISSUER")
    }
}

/// What a page says.
fn said(browser: &mut Browser) -> String {
    format!("# {}\n{}", browser.title(), browser.text())
}

impl Login {
    fn param(&self, name: &str) -> String {
        let mut pairs = self.url.query_pairs();
        pairs.find(|(key, _)| key == name).expect("it is there").1.into_owned()
    }

    /// The URL of a page of the program.
    fn page(&self, path: &str) -> String {
        self.param("redirect_uri").replace("/callback", path)
    }

    async fn end(self) -> String {
        let output = self.child.wait_with_output().await.expect("the program ends");
        self.program.transcript(&output)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.home));
    }
}

async fn first_line(fifo: &Path) -> String {
    // Open for writing too, so that it does not end before somebody writes.
    let fifo = pipe::OpenOptions::new().read_write(true).open_receiver(fifo).expect("it is there");
    let line = BufReader::new(fifo).lines().next_line().await.expect("it is UTF-8");
    line.expect("there is a line")
}

#[tokio::test]
async fn a_person_signs_in_calls_a_tool_and_signs_out() {
    let Some(mut world) = World::start("in", &[]) else { return };
    let login = world.login().await;
    // What is not the answer to this sign-in changes nothing.
    world.browser.open(&format!("{}?code=1&state=2", login.page("/callback")));
    assert_eq!(world.browser.url(), login.page("/other"));
    assert_snapshot!(said(&mut world.browser), @"
    # Not the sign-in under way · Relay
    Not the sign-in under way

    Relay waits for another sign-in, and has done nothing with this one. If you have started it yourself, go back to the terminal; otherwise close this page.
    ");

    world.sign_in(&login);
    world.browser.follow("[type=submit]");
    assert_snapshot!(world.result(&login), @"
    # You are signed in · Relay
    You are signed in

    You can close this page. Relay goes on in the terminal.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 0
    --- stdout
    signed in to `remote` by http://127.0.0.1:ISSUER
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    ---
    ");

    let call = world.at_server("call add --arg a=2 --arg b=3").run().await;
    assert!(call.starts_with("exit code: 0\n"), "{call}");
    assert_snapshot!(world.at_server("logout").run().await, @"
    exit code: 0
    --- stdout
    signed out of `remote`
    --- stderr
    ---
    ");
    let call = world.at_server("call add --arg a=2 --arg b=3").run().await;
    assert!(call.starts_with("exit code: 3\n"), "{call}");
}

#[tokio::test]
async fn a_person_says_no() {
    let Some(mut world) = World::start("no", &[]) else { return };
    let login = world.login().await;
    world.sign_in(&login);
    world.browser.follow("a[href$=abort]");
    assert_snapshot!(world.result(&login), @"
    # You said no · Relay
    You said no

    Relay was not let in, and can do nothing on your behalf. Nothing was kept.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 3
    --- stdout
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER refused: access_denied (End-User aborted interaction)
    ---
    ");
}

#[tokio::test]
async fn a_code_comes_too_late() {
    let Some(mut world) = World::start("late", &[("CODES", "expired")]) else { return };
    let login = world.login().await;
    world.sign_in(&login);
    world.browser.follow("[type=submit]");
    assert_snapshot!(world.result(&login), @"
    # You are not signed in · Relay
    You are not signed in

    It did not work: http://127.0.0.1:ISSUER/token refused: invalid_grant (grant request is invalid). To try again, run `relay login` once more.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 3
    --- stdout
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER/token refused: invalid_grant (grant request is invalid)
    ---
    ");
}
