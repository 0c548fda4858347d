//! `relay login`, `relay logout` and `relay status`, and commands that use the stored credentials.

use insta::assert_snapshot;
use mcp_testkit::{AuthorizationServer, Decision, KnownClient, OAuthEndpoint, On, Reply};

use crate::support::{SignInFixture, relay};

#[tokio::test]
async fn credentials_are_refreshed_until_revoked_or_signed_out() {
    let fixture = SignInFixture::start("life").await;
    let (transcript, page) = fixture.login().await;
    assert_snapshot!(transcript, @r#"
    exit code: 0
    --- stdout
    signed in to server "remote" through http://127.0.0.1:ISSUER
    --- stderr
    To sign in, open this URL in a browser on this machine:
    AUTHORIZATION-URL
    ---
    "#);
    assert_snapshot!(page, @"
    <title>You are signed in · Relay</title>
    <h1>You are signed in</h1>
    <p>You can close this page and return to the terminal.</p>
    ");
    assert_snapshot!(fixture.relay("status").run().await, @"
    exit code: 0
    --- stdout
    http://127.0.0.1:PORT/mcp	http://127.0.0.1:ISSUER	signed in (refreshes automatically)	weather:read
    --- stderr
    ---
    ");
    let call = || async { fixture.relay_with_url("call forecast --arg city=Oslo").run().await };
    assert_snapshot!(call().await, @"
    exit code: 0
    --- stdout
    Oslo: sunny
    --- stderr
    ---
    ");

    // One process refreshes the token, and the next one uses the new token.
    fixture.authorization_server.expire_access_tokens();
    assert!(call().await.starts_with("exit code: 0\n"));
    assert!(call().await.starts_with("exit code: 0\n"));
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);

    fixture.authorization_server.revoke_refresh_tokens();
    fixture.authorization_server.expire_access_tokens();
    assert_snapshot!(call().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "remote": authorization required: http://127.0.0.1:PORT/mcp rejected the access token (the access token expired); required scope "weather:read"
      caused by: the refresh token has expired or was revoked; sign in to http://127.0.0.1:PORT/mcp
      caused by: http://127.0.0.1:ISSUER/token returned an error: invalid_grant (unknown refresh token)
    hint: run "relay login --url URL" to sign in with a browser, or get a new access token with scope "weather:read" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; set the server's "api_key" to it, or store it in an environment variable and use --token-env NAME
    ---
    "#);
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    assert!(call().await.starts_with("exit code: 0\n"));

    assert_snapshot!(fixture.relay_with_url("logout").run().await, @r#"
    exit code: 0
    --- stdout
    signed out of server "remote"
    --- stderr
    ---
    "#);
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Revocation), 1);
    assert_snapshot!(fixture.relay_with_url("logout").run().await, @r#"
    exit code: 0
    --- stdout
    --- stderr
    warning: not signed in to server "remote"
    ---
    "#);
    assert_snapshot!(fixture.relay("status").run().await, @"
    exit code: 0
    --- stdout
    --- stderr
    warning: not signed in to any server
    ---
    ");
    assert_eq!(fixture.authorization_server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_denied_authorization_exits_with_3() {
    let fixture = SignInFixture::start("denied").await;
    fixture.authorization_server.set_decision(Decision::Deny);
    let (transcript, page) = fixture.login().await;
    assert_snapshot!(transcript, @r#"
    exit code: 3
    --- stdout
    --- stderr
    To sign in, open this URL in a browser on this machine:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER returned an error: access_denied (the user denied the request)
    hint: run "relay login" again, and allow the access
    ---
    "#);
    assert_snapshot!(page, @"
    <title>Access denied · Relay</title>
    <h1>Access denied</h1>
    <p>Relay was not granted access and stored no credentials. You can close this page.</p>
    ");
}

#[tokio::test]
async fn a_failed_token_request_is_shown_on_the_page() {
    let fixture = SignInFixture::start("wrong").await;
    let invalid_grant =
        Reply::status(400).chunk(r#"{"error":"invalid_grant","error_description":"<b>"}"#);
    fixture.authorization_server.script(OAuthEndpoint::Token, invalid_grant);
    let (transcript, page) = fixture.login().await;
    assert_snapshot!(transcript, @r#"
    exit code: 3
    --- stdout
    --- stderr
    To sign in, open this URL in a browser on this machine:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER/token returned an error: invalid_grant (<b>)
    hint: run "relay login" again
    ---
    "#);
    assert_snapshot!(page, @"
    <title>Sign-in failed · Relay</title>
    <h1>Sign-in failed</h1>
    <p>http://127.0.0.1:ISSUER/token returned an error: invalid_grant (&lt;b&gt;). To try again, run &quot;relay login&quot;.</p>
    ");
}

#[tokio::test]
async fn an_unavailable_authorization_server_exits_with_5_and_keeps_the_sign_in() {
    let fixture = SignInFixture::start("away").await;
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    fixture.authorization_server.expire_access_tokens();
    // More attempts than the call makes.
    for _ in 0..10 {
        fixture.authorization_server.script(OAuthEndpoint::Token, Reply::status(503));
    }
    let tools = || async { fixture.relay_with_url("tools").run().await };
    assert_snapshot!(tools().await, @r#"
    exit code: 5
    --- stdout
    --- stderr
    error: server "remote": no access token is available at the moment
      caused by: request to http://127.0.0.1:ISSUER/token failed
      caused by: HTTP status 503 Service Unavailable
    ---
    "#);
    for _ in 0..10 {
        if tools().await.starts_with("exit code: 0\n") {
            return;
        }
    }
    panic!("the sign-in was lost");
}

#[tokio::test]
async fn a_server_that_refuses_the_first_request_may_still_have_metadata() {
    let json_rpc = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no token"}}"#;
    for (name, refusal) in [
        ("403", Reply::status(403)),
        ("400", Reply::status(400).chunk("no token")),
        ("rpc", Reply::status(200).header("content-type", "application/json").chunk(json_rpc)),
    ] {
        let fixture = SignInFixture::start(name).await;
        for method in ["server/discover", "initialize"] {
            fixture.server.script(On::method(method), refusal.clone());
        }
        let (transcript, _) = fixture.login().await;
        assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    }
}

#[tokio::test]
async fn a_client_that_is_no_longer_known_registers_again_once() {
    let fixture = SignInFixture::start("again").await;
    let unknown = || Reply::status(401).chunk(r#"{"error":"invalid_client"}"#);
    fixture.authorization_server.script(OAuthEndpoint::Token, unknown());
    assert_snapshot!(fixture.login().await.0, @r#"
    exit code: 0
    --- stdout
    signed in to server "remote" through http://127.0.0.1:ISSUER
    --- stderr
    To sign in, open this URL in a browser on this machine:
    AUTHORIZATION-URL
    warning: http://127.0.0.1:ISSUER/token returned an error: invalid_client; registering again
    To sign in, open this URL in a browser on this machine:
    AUTHORIZATION-URL
    ---
    "#);
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 2);
    for _ in 0..2 {
        fixture.authorization_server.script(OAuthEndpoint::Token, unknown());
    }
    assert!(fixture.login().await.0.starts_with("exit code: 3\n"));
}

#[tokio::test]
async fn a_client_is_registered_once_until_it_is_forgotten() {
    let fixture = SignInFixture::start("forget").await;
    for (logout, registrations) in [("logout", 1), ("logout --forget-client", 1), ("logout", 2)] {
        assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
        let count = fixture.authorization_server.count(OAuthEndpoint::Registration);
        assert_eq!(count, registrations, "{logout}");
        let transcript = fixture.relay_with_url(logout).run().await;
        assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    }
}

#[tokio::test]
async fn scopes_can_be_chosen() {
    let fixture = SignInFixture::start("scope").await;
    let login = fixture.relay_with_url("login --no-browser --scope a").arg("--scope").arg("b c");
    assert!(fixture.login_with(login).await.0.starts_with("exit code: 0\n"));
    let status = fixture.relay("status").run().await;
    assert!(status.contains("\ta b c\n"), "{status}");
}

#[tokio::test]
async fn a_login_requests_the_scopes_of_a_refused_call_once() {
    let fixture = SignInFixture::start("wider").await;
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    let challenge = r#"Bearer error="insufficient_scope", scope="weather:write""#;
    let refusal = Reply::status(403).header("www-authenticate", challenge);
    fixture.server.script(On::method("tools/call"), refusal);
    let call = || async { fixture.relay_with_url("call forecast --arg city=Oslo").run().await };
    assert!(call().await.contains("run \"relay login --url URL\""));
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    let status = fixture.relay("status").run().await;
    assert!(status.contains("\tweather:read weather:write\n"), "{status}");
    assert_snapshot!(call().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "remote": tool "forecast": authorization required: http://127.0.0.1:PORT/mcp requires an access token with a wider scope (insufficient_scope); required scope "weather:write"
      caused by: http://127.0.0.1:PORT/mcp requires scopes that a sign-in does not grant: "weather:write"
    hint: ask the owner of the server for these scopes; then sign in again
    ---
    "#);
}

#[tokio::test]
async fn a_server_without_oauth_is_named() {
    let server = crate::support::weather_server::public().start().await.unwrap();
    assert_snapshot!(relay("login --no-browser").url(&server).run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: http://127.0.0.1:PORT/mcp offers no OAuth sign-in: it has no metadata and no registration endpoint
      caused by: http://127.0.0.1:PORT/register returned HTTP status 404 Not Found without an error code
    hint: if the server takes an API key or another token, store it in an environment variable, and use --token-env NAME with the other commands
    ---
    ");
    for method in ["server/discover", "initialize"] {
        server.script(On::method(method), Reply::status(403).chunk("no API key"));
    }
    assert_snapshot!(relay("login --no-browser").url(&server).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    warning: server "remote": HTTP status 403
    error: http://127.0.0.1:PORT/mcp offers no OAuth sign-in: it has no metadata and no registration endpoint
      caused by: http://127.0.0.1:PORT/register returned HTTP status 404 Not Found without an error code
    hint: if the server takes an API key or another token, store it in an environment variable, and use --token-env NAME with the other commands
    ---
    "#);
}

#[tokio::test]
async fn login_to_a_stdio_server_is_a_usage_error() {
    let text = "[servers.files]\ncommand = 'true'";
    assert_snapshot!(relay("login files").file("relay.toml", text).run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "files": cannot sign in to a stdio server
    hint: pass its credentials with "env" or "inherit_env" in the configuration
    ---
    "#);
}

#[tokio::test]
async fn stdio_servers_work_while_signed_in_to_another_server() {
    let fixture = SignInFixture::start("program").await;
    let text = format!(
        "[servers.far]\ntransport = 'sse'\nurl = '{}'\n\n[servers.near]\ncommand = '{}'\nargs = ['demo-server']",
        fixture.server.url(),
        env!("CARGO_BIN_EXE_relay"),
    );
    let login = fixture.relay("login far --no-browser").file("relay.toml", &text);
    let (transcript, _) = fixture.login_with(login).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    assert_snapshot!(fixture.relay("tools near").file("relay.toml", &text).run().await, @"
    exit code: 0
    --- stdout
    relay__near__count	count	Counts the words of a text
    --- stderr
    ---
    ");
}

#[tokio::test]
async fn a_shared_server_gets_its_own_key_and_no_stored_token() {
    let fixture = SignInFixture::start("shared").await;
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    let url = fixture.server.url();
    let text = format!("[servers.far]\nurl = '{url}'\napi_key = 'the-key'\nshared = true");
    let before = fixture.server.requests().len();
    let program = fixture.relay("tools far").file("relay.toml", &text);
    let transcript = program.run().await;
    assert!(transcript.starts_with("exit code: 3\n"), "{transcript}");
    let requests = fixture.server.requests().split_off(before);
    assert!(requests.iter().all(|request| request.bearer_token() == Some("the-key")));
    assert!(!requests.is_empty());
    let login = fixture.relay("login far").file("relay.toml", &text);
    assert_snapshot!(login.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: server "far": cannot sign in to a shared server
    hint: set its "api_key", or remove "shared" in the configuration
    ---
    "#);
}

#[tokio::test]
async fn an_unusable_credentials_folder_is_a_usage_error() {
    let fixture = SignInFixture::start("place").await;
    let program = relay("login --no-browser").url(&fixture.server).env("RELAY_HOME", "/dev/null/x");
    assert_snapshot!(program.run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: cannot store credentials in "/dev/null/x/sign-ins"
      caused by: Not a directory (os error 20)
    ---
    "#);
}

#[tokio::test]
async fn concurrent_processes_use_a_refresh_token_once() {
    let fixture = SignInFixture::start("two").await;
    assert!(fixture.login().await.0.starts_with("exit code: 0\n"));
    fixture.authorization_server.expire_access_tokens();
    let call = || fixture.relay_with_url("call forecast --arg city=Oslo").run();
    for transcript in <[String; 2]>::from(tokio::join!(call(), call())) {
        assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    }
    // A second use of the refresh token would have revoked the credentials.
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
    assert_eq!(fixture.authorization_server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_preregistered_client_signs_in_and_refreshes() {
    let known = KnownClient::new("by-hand").secret("s3cret-of-hand");
    let known = known.redirect_uri("http://127.0.0.1/callback");
    let authorization_server = AuthorizationServer::builder().registration(false).client(known);
    let fixture = SignInFixture::with("by-hand", authorization_server).await;
    assert_snapshot!(fixture.login().await.0, @"
    exit code: 2
    --- stdout
    --- stderr
    error: http://127.0.0.1:ISSUER does not support dynamic client registration; register this application there and set its client ID for http://127.0.0.1:PORT/mcp
    hint: register a client with the redirect URI http://127.0.0.1/callback, and use --client-id ID; if the port must be fixed, register http://127.0.0.1:PORT/callback, and use --port PORT
    ---
    ");
    let login = "login --no-browser --client-id by-hand --client-secret-env CLIENT_SECRET";
    assert_snapshot!(fixture.login_with(fixture.relay_with_url(login)).await.0, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: environment variable "CLIENT_SECRET" (--client-secret-env) is not set
    hint: set it to the client secret
    ---
    "#);
    let program = fixture.relay_with_url(login).env("CLIENT_SECRET", "s3cret-of-hand");
    let (transcript, _) = fixture.login_with(program).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    // Later commands do not need the client ID and secret.
    fixture.authorization_server.expire_access_tokens();
    let called = fixture.relay_with_url("call forecast --arg city=Oslo").run().await;
    assert!(called.starts_with("exit code: 0\n"), "{called}");
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Registration), 0);
}

#[tokio::test]
async fn settings_of_the_file_apply_to_the_sign_in_and_to_later_commands() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    let redirect_uri = format!("http://localhost:{port}/callback");
    let known = KnownClient::new("by-hand").secret("s3cret-of-hand").redirect_uri(redirect_uri);
    let authorization_server =
        AuthorizationServer::builder().registration(false).pkce_methods([""; 0]).client(known);
    let fixture = SignInFixture::with("settings", authorization_server).await;
    let text = format!(
        "[servers.far]\nurl = '{}'\n[servers.far.oauth]\nclient_id = 'by-hand'\n\
         client_secret = '${{CLIENT_SECRET}}'\nscopes = ['weather:write']\n\
         authorization_parameters = {{ access_type = 'offline' }}\nredirect_host = 'localhost'\n",
        fixture.server.url(),
    );
    let relay = |arguments: &str, text: &str| {
        let program = fixture.relay(arguments).env("CLIENT_SECRET", "s3cret-of-hand");
        program.file("relay.toml", text)
    };
    assert_snapshot!(relay("login far --no-browser", &text).run().await, @r#"
    exit code: 1
    --- stdout
    --- stderr
    error: http://127.0.0.1:ISSUER/authorize cannot be trusted: its metadata does not list "S256" in "code_challenge_methods_supported", so it may not support PKCE; "dangerously_assume_pkce" in the settings of the server allows it
    hint: the operator of that URL can correct this; "relay login --help" lists the options for servers that deviate from the specification
    ---
    "#);
    drop(free);
    // The command line and the file add up.
    let text = format!("{text}dangerously_assume_pkce = true\n");
    let login = format!("login far --no-browser --port {port} --param hd=x");
    let (transcript, _) = fixture.login_with(relay(&login, &text)).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    fixture.authorization_server.expire_access_tokens();
    let called = relay("call far forecast --arg city=Oslo", &text).run().await;
    assert!(called.starts_with("exit code: 0\n"), "{called}");
    assert_eq!(fixture.authorization_server.count(OAuthEndpoint::Token), 2);
    assert_eq!(fixture.authorization_server.violations(), Vec::<String>::new());
}
