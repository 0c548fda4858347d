//! Messages of failed sign-ins. Each says what failed, at which URL, the values that differ, and what to
//! do next.

use insta::assert_snapshot;
use mcp_testkit::{
    AuthorizationServerBuilder, Decision, DeviceGrant, KnownClient, OAuthEndpoint, Reply,
};

use crate::support::SignInFixture;

type Builder = AuthorizationServerBuilder;

/// A failure: its name, the authorization server, what happens there, and the command line.
type Case = (&'static str, fn(Builder) -> Builder, fn(&SignInFixture), &'static str);

const LOGIN: &str = "login --no-browser";
const DEVICE: &str = "login --device";

/// The command line of a client that was registered by hand with another secret.
const BY_HAND: &str = "login --no-browser --client-id by-hand --client-secret-env SECRET";

const CASES: [Case; 22] = [
    (
        "metadata of another issuer",
        |it| it.announced_issuer("https://other.example"),
        |_| {},
        LOGIN,
    ),
    ("no PKCE in the metadata", |it| it.pkce_methods(["plain"]), |_| {}, LOGIN),
    ("no registration", |it| it.registration(false), |_| {}, LOGIN),
    ("the metadata cannot be read", |it| it, |it| always(it, OAuthEndpoint::Metadata, 500), LOGIN),
    (
        "rejected registration",
        |it| it,
        |it| reject(it, OAuthEndpoint::Registration, "invalid_redirect_uri"),
        LOGIN,
    ),
    ("invalid registration", |it| it, |it| respond(it, OAuthEndpoint::Registration, "{}"), LOGIN),
    (
        "registration without an endpoint",
        |it| it,
        |it| always(it, OAuthEndpoint::Registration, 404),
        LOGIN,
    ),
    (
        "the user denies access",
        |it| it,
        |it| it.authorization_server.set_decision(Decision::Deny),
        LOGIN,
    ),
    ("error of the server in the callback", |it| it, |it| fail(it, "server_error"), LOGIN),
    ("unknown scope", |it| it, |it| fail(it, "invalid_scope"), LOGIN),
    (
        "callback of another issuer",
        |it| it,
        |it| name_issuer(it, Some("https://evil.example")),
        LOGIN,
    ),
    ("callback without an issuer", |it| it, |it| name_issuer(it, None), LOGIN),
    ("the token endpoint is down", |it| it, |it| always(it, OAuthEndpoint::Token, 503), LOGIN),
    ("rejected code", |it| it, |it| reject(it, OAuthEndpoint::Token, "invalid_grant"), LOGIN),
    ("a page instead of tokens", |it| it, |it| respond(it, OAuthEndpoint::Token, "<html>"), LOGIN),
    ("no access token", |it| it, |it| respond(it, OAuthEndpoint::Token, "{}"), LOGIN),
    (
        "unusable access token",
        |it| it,
        |it| respond(it, OAuthEndpoint::Token, r#"{"access_token":"a\nb"}"#),
        LOGIN,
    ),
    ("wrong client secret", by_hand, |_| {}, BY_HAND),
    ("no codes for other devices", |it| it, |_| {}, DEVICE),
    (
        "denied on another device",
        device,
        |it| it.authorization_server.set_decision(Decision::Deny),
        DEVICE,
    ),
    (
        "expired code",
        |it| it.device_grant(DeviceGrant::new().errors(["expired_token"])),
        |_| {},
        DEVICE,
    ),
    (
        "unsafe link",
        |it| it.device_grant(DeviceGrant::new().verification_uri("ms-settings:a")),
        |_| {},
        DEVICE,
    ),
];

fn device(builder: Builder) -> Builder {
    builder.device_grant(DeviceGrant::new())
}

fn by_hand(builder: Builder) -> Builder {
    let client = KnownClient::new("by-hand").secret("another secret");
    builder.registration(false).client(client.redirect_uri("http://127.0.0.1/callback"))
}

fn always(fixture: &SignInFixture, endpoint: OAuthEndpoint, status: u16) {
    for _ in 0..10 {
        fixture.authorization_server.script(endpoint, Reply::status(status));
    }
}

fn reject(fixture: &SignInFixture, endpoint: OAuthEndpoint, code: &str) {
    let error = format!(r#"{{"error":"{code}","error_description":"see the log, entry 17"}}"#);
    fixture.authorization_server.script(endpoint, Reply::status(400).chunk(error));
}

fn respond(fixture: &SignInFixture, endpoint: OAuthEndpoint, body: &str) {
    let reply = Reply::status(200).header("content-type", "application/json");
    fixture.authorization_server.script(endpoint, reply.chunk(body.to_owned()));
}

fn fail(fixture: &SignInFixture, code: &str) {
    fixture.authorization_server.set_decision(Decision::Fail(code.to_owned()));
}

fn name_issuer(fixture: &SignInFixture, issuer: Option<&str>) {
    fixture.authorization_server.callback_issuer(issuer);
}

#[tokio::test]
async fn failed_sign_ins_say_what_to_do() {
    let mut messages = String::new();
    for (number, (name, builder, script, arguments)) in CASES.into_iter().enumerate() {
        let server = builder(mcp_testkit::AuthorizationServer::builder());
        let fixture = SignInFixture::with(&format!("message-{number}"), server).await;
        script(&fixture);
        let login = fixture.relay_with_url(arguments).env("SECRET", "the secret");
        let transcript = match arguments {
            DEVICE => login.run().await,
            _ => fixture.login_with(login).await.0,
        };
        let lines = transcript.lines().filter(|line| {
            ["exit code", "error", "  caused by", "hint", "warning"]
                .iter()
                .any(|it| line.starts_with(it))
        });
        messages += &format!("# {name}\n{}\n\n", lines.collect::<Vec<_>>().join("\n"));
    }
    assert_snapshot!(messages);
}
