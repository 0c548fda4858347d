//! `relay login`, `relay logout`, `relay status`, and what uses a sign-in.

use std::{env, fs, path::PathBuf};

use insta::assert_snapshot;
use mcp_testkit::{
    AuthorizationServer, AuthorizationServerBuilder, Bearer, Decision, KnownClient, OAuthEndpoint,
    Reply, TestServer,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::support::{
    relay_process::{Program, relay},
    weather_server as weather,
};

/// A person with a folder for sign-ins, and servers to sign in to.
struct World {
    accounts: AuthorizationServer,
    server: TestServer,
    home: PathBuf,
}

impl World {
    async fn start(name: &str) -> Self {
        Self::with(name, AuthorizationServer::builder()).await
    }

    async fn with(name: &str, accounts: AuthorizationServerBuilder) -> Self {
        let accounts = accounts.start().await.expect("a free port");
        let bearer = Bearer::issued_by(&accounts).scope("weather:read");
        let server = weather::open().bearer(bearer).start().await.expect("a free port");
        let home = format!("sign-in-{}-{name}", std::process::id());
        Self { accounts, server, home: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(home) }
    }

    fn relay(&self, arguments: &str) -> Program {
        relay(arguments)
            .env("RELAY_HOME", &self.home)
            .hiding_port(&self.server)
            .hiding(self.accounts.issuer(), "http://127.0.0.1:ACCOUNTS")
    }

    fn at_server(&self, arguments: &str) -> Program {
        self.relay(arguments).arg("--url").arg(self.server.url())
    }

    /// Signs in; gives what the program did, and the page that the browser shows.
    async fn login(&self) -> (String, String) {
        self.login_by(self.at_server("login --no-browser")).await
    }

    async fn login_by(&self, mut program: Program) -> (String, String) {
        let mut child = program.start().await;
        let mut stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe")).lines();
        let mut lines = Vec::new();
        let mut page = String::new();
        while let Some(line) = stderr.next_line().await.expect("it prints UTF-8") {
            if line.starts_with(self.accounts.issuer()) {
                page = browse(&self.accounts.visit(&line).expect("people are sent back")).await;
                lines.push("AUTHORIZATION-URL".to_owned());
            } else {
                lines.push(line);
            }
        }
        let page = page.replace(self.accounts.issuer(), "http://127.0.0.1:ACCOUNTS");
        let mut output = child.wait_with_output().await.expect("the program ends");
        output.stderr = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        (program.transcript(&output), page)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.home));
    }
}

/// Goes to a page on this machine, as a browser does, and on to where it leads; gives what it says.
async fn browse(url: &str) -> String {
    let (host, target) = url["http://".len()..].split_once('/').expect("it has a path");
    let answer = get(host, &format!("/{target}")).await;
    let location = answer.lines().find_map(|line| line.strip_prefix("Location: "));
    let page = get(host, location.expect("it leads on, away from the code")).await;
    let said = |line: &&str| ["<title>", "<h1>", "<p>"].iter().any(|it| line.starts_with(it));
    page.lines().filter(said).collect::<Vec<_>>().join("\n")
}

async fn get(host: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(host).await.expect("the page is there");
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

#[tokio::test]
async fn a_sign_in_is_used_until_it_ends() {
    let world = World::start("life").await;
    let (transcript, page) = world.login().await;
    assert_snapshot!(transcript, @"
    exit code: 0
    --- stdout
    signed in to `remote` by http://127.0.0.1:ACCOUNTS
    --- stderr
    Open this URL in a browser on this machine, and sign in there:
    AUTHORIZATION-URL
    ---
    ");
    assert_snapshot!(page, @"
    <title>You are signed in · Relay</title>
    <h1>You are signed in</h1>
    <p>You can close this page. Relay goes on in the terminal.</p>
    ");
    assert_snapshot!(world.relay("status").run().await, @"
    exit code: 0
    --- stdout
    http://127.0.0.1:PORT/mcp	http://127.0.0.1:ACCOUNTS	signed in; renewed by itself
    --- stderr
    ---
    ");
    let called = || async { world.at_server("call forecast --arg city=Oslo").run().await };
    assert_snapshot!(called().await, @"
    exit code: 0
    --- stdout
    Oslo: sunny
    --- stderr
    ---
    ");

    // Another process refreshes, and the one after that knows the new token.
    world.accounts.expire_access_tokens();
    assert!(called().await.starts_with("exit code: 0\n"));
    assert!(called().await.starts_with("exit code: 0\n"));
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);

    world.accounts.revoke_refresh_tokens();
    world.accounts.expire_access_tokens();
    assert_snapshot!(called().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server `remote` wants the user to sign in: http://127.0.0.1:PORT/mcp rejected the access token, scope "weather:read" (the access token expired)
      caused by: the sign-in has expired or was revoked: sign in to http://127.0.0.1:PORT/mcp again
    hint: `relay login --url URL` signs in with a browser; or get a new access token for the scope `weather:read` where http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp says; put it in place of the server's `api_key`, or into a variable for --token-env NAME
    ---
    "#);
    assert!(world.login().await.0.starts_with("exit code: 0\n"));
    assert!(called().await.starts_with("exit code: 0\n"));

    assert_snapshot!(world.at_server("logout").run().await, @"
    exit code: 0
    --- stdout
    signed out of `remote`
    --- stderr
    ---
    ");
    assert_eq!(world.accounts.count(OAuthEndpoint::Revocation), 1);
    assert_snapshot!(world.at_server("logout").run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    warning: nobody was signed in to `remote`
    ---
    ");
    assert_snapshot!(world.relay("status").run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    warning: nobody is signed in anywhere
    ---
    ");
    assert_eq!(world.accounts.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_person_may_refuse() {
    let world = World::start("refused").await;
    world.accounts.decide(Decision::Refuse);
    let (transcript, page) = world.login().await;
    assert_snapshot!(transcript, @"
    exit code: 3
    --- stdout
    --- stderr
    Open this URL in a browser on this machine, and sign in there:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ACCOUNTS refused: access_denied (the person said no)
    ---
    ");
    assert_snapshot!(page, @"
    <title>You said no · Relay</title>
    <h1>You said no</h1>
    <p>Relay was not let in, and can do nothing on your behalf. Nothing was kept.</p>
    ");
}

#[tokio::test]
async fn a_sign_in_that_goes_wrong_says_so_on_the_page() {
    let world = World::start("wrong").await;
    let refused =
        Reply::status(400).chunk(r#"{"error":"invalid_grant","error_description":"<b>"}"#);
    world.accounts.script(OAuthEndpoint::Token, refused);
    let (transcript, page) = world.login().await;
    assert_snapshot!(transcript, @"
    exit code: 3
    --- stdout
    --- stderr
    Open this URL in a browser on this machine, and sign in there:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ACCOUNTS/token refused: invalid_grant (<b>)
    ---
    ");
    assert_snapshot!(page, @"
    <title>You are not signed in · Relay</title>
    <h1>You are not signed in</h1>
    <p>It did not work: http://127.0.0.1:ACCOUNTS/token refused: invalid_grant (&lt;b&gt;). To try again, run `relay login` once more.</p>
    ");
}

#[tokio::test]
async fn nobody_signs_in_to_a_program() {
    let text = "[servers.files]\ncommand = 'true'";
    assert_snapshot!(relay("login files").file("relay.toml", text).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: server `files` is a program, which nobody signs in to
    hint: what it has to know it is given by `env` or `inherit_env`
    ---
    ");
}

#[tokio::test]
async fn a_program_needs_none_of_the_sign_ins() {
    let world = World::start("program").await;
    let text = format!(
        "[servers.far]\ntransport = 'sse'\nurl = '{}'\n\n[servers.near]\ncommand = '{}'\nargs = ['demo-server']",
        world.server.url(),
        env!("CARGO_BIN_EXE_relay"),
    );
    let login = world.relay("login far --no-browser").file("relay.toml", &text);
    let (transcript, _) = world.login_by(login).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    assert_snapshot!(world.relay("tools near").file("relay.toml", &text).run().await, @"
    exit code: 0
    --- stdout
    relay__near__count	count	Counts the words of a text
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn sign_ins_need_a_place() {
    let world = World::start("place").await;
    let program = relay("login --no-browser").url(&world.server).env("RELAY_HOME", "/dev/null/x");
    assert_snapshot!(program.run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: /dev/null/x/sign-ins cannot be used for sign-ins
      caused by: Not a directory (os error 20)
    ---
    ");
}

#[tokio::test]
async fn two_processes_at_once_use_a_refresh_token_once() {
    let world = World::start("two").await;
    assert!(world.login().await.0.starts_with("exit code: 0\n"));
    world.accounts.expire_access_tokens();
    let call = || world.at_server("call forecast --arg city=Oslo").run();
    for transcript in <[String; 2]>::from(tokio::join!(call(), call())) {
        assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    }
    // Whoever used it twice would have lost the sign-in.
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);
    assert_eq!(world.accounts.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_was_registered_by_hand_signs_in_and_refreshes() {
    let known = KnownClient::new("by-hand").secret("s3cret-of-hand");
    let known = known.redirect_uri("http://127.0.0.1/callback");
    let accounts = AuthorizationServer::builder().registration(false).client(known);
    let world = World::with("by-hand", accounts).await;
    assert_snapshot!(world.login().await.0, @"
    exit code: 2
    --- stdout
    --- stderr
    error: http://127.0.0.1:ACCOUNTS registers no clients by itself: register this application there, and set its client id for http://127.0.0.1:PORT/mcp
    hint: register it to come back to http://127.0.0.1/callback, on the port of --port if it has to be one, and give --client-id ID
    ---
    ");
    let login = "login --no-browser --client-id by-hand --client-secret-env CLIENT_SECRET";
    assert_snapshot!(world.login_by(world.at_server(login)).await.0, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the variable `CLIENT_SECRET` (--client-secret-env) is not set
    hint: it has to hold the secret of the client
    ---
    ");
    let program = world.at_server(login).env("CLIENT_SECRET", "s3cret-of-hand");
    let (transcript, _) = world.login_by(program).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    // What comes later need not know of it.
    world.accounts.expire_access_tokens();
    let called = world.at_server("call forecast --arg city=Oslo").run().await;
    assert!(called.starts_with("exit code: 0\n"), "{called}");
    assert_eq!(world.accounts.count(OAuthEndpoint::Token), 2);
    assert_eq!(world.accounts.count(OAuthEndpoint::Registration), 0);
}
