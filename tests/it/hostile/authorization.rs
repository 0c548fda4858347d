//! Authorization servers: metadata, registration and tokens.

use super::frame::{Case, Operation::SignIn, Reply, body, case, check, json, raw, status};

const RESOURCE: &str = "resource metadata";
const ISSUER: &str = "issuer metadata";

fn resource(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, SignIn, RESOURCE, reply, expected)
}

/// The metadata of the authorization server, with `"name":value` in place of a good member.
fn issuer(name: &str, member: &str, value: &str, expected: &'static str) -> Case {
    let mut members = vec![
        ("issuer", "\"{origin}\"".to_owned()),
        ("authorization_endpoint", "\"{origin}/authorize\"".to_owned()),
        ("token_endpoint", "\"{origin}/token\"".to_owned()),
        ("registration_endpoint", "\"{origin}/register\"".to_owned()),
        ("code_challenge_methods_supported", "[\"S256\"]".to_owned()),
    ];
    members.retain(|(name, _)| *name != member);
    members.push((member, value.to_owned()));
    let members: Vec<_> =
        members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    case(name, SignIn, ISSUER, json(format!("{{{}}}", members.join(","))), expected)
}

fn registration(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, SignIn, "/register", reply, expected)
}

fn token(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, SignIn, "/token", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_metadata() {
    let untrusted = "begin: Untrusted";
    // Without usable metadata, the server is its own authorization server, as in 2025-03-26.
    let default = "ok: a token";
    let long = format!("\"{{origin}}/{}\"", "x".repeat(200_000));
    check([
        resource("a web page", body(200, "text/html", "x"), default),
        resource("no JSON", json("x"), default),
        resource("a list", json("[]"), default),
        resource("a body without end", json("").endless(" "), untrusted),
        resource("a body that is held", json("{").hold().header("x", "y"), default),
        resource("no body", raw("").hold(), "begin: Unreachable").within(20),
        resource(
            "another resource",
            json(r#"{"resource":"http://127.0.0.1:9/x","authorization_servers":["{origin}"]}"#),
            untrusted,
        ),
        resource(
            "no servers",
            json(r#"{"resource":"{origin}/mcp","authorization_servers":[]}"#),
            default,
        ),
        resource(
            "an internal server",
            json(
                r#"{"resource":"{origin}/mcp","authorization_servers":["http://169.254.169.254"]}"#,
            ),
            untrusted,
        ),
        resource(
            "a private server",
            json(r#"{"resource":"{origin}/mcp","authorization_servers":["https://10.0.0.1"]}"#),
            untrusted,
        ),
        resource(
            "a file as a server",
            json(r#"{"resource":"{origin}/mcp","authorization_servers":["file:///x"]}"#),
            untrusted,
        ),
        resource(
            "a redirect to another origin",
            status(302).header("location", "http://127.0.0.1:9/"),
            default,
        ),
        resource(
            "a redirect to itself",
            status(302).header("location", "/.well-known/oauth-protected-resource/mcp"),
            default,
        ),
        resource("a failure", status(500), "begin: Unreachable"),
        issuer("another issuer", "issuer", "\"https://example.com/x\"", untrusted),
        issuer("no issuer", "issuer", "null", untrusted),
        issuer("a long issuer", "issuer", &long, untrusted),
        issuer(
            "a script to open",
            "authorization_endpoint",
            "\"javascript:alert('x')\"",
            untrusted,
        ),
        issuer(
            "an unencrypted page",
            "authorization_endpoint",
            "\"http://example.com/\"",
            untrusted,
        ),
        issuer(
            "an internal token endpoint",
            "token_endpoint",
            "\"http://169.254.169.254/token\"",
            untrusted,
        ),
        issuer(
            "an unencrypted token endpoint",
            "token_endpoint",
            "\"http://example.com/token\"",
            untrusted,
        ),
        issuer("no token endpoint", "token_endpoint", "null", untrusted),
        issuer("a number as a token endpoint", "token_endpoint", "1", untrusted),
        issuer(
            "an internal registration endpoint",
            "registration_endpoint",
            "\"http://169.254.169.254/\"",
            untrusted,
        ),
        issuer("no PKCE", "code_challenge_methods_supported", "[\"plain\"]", untrusted),
        issuer("a text as PKCE", "code_challenge_methods_supported", "\"x\"", untrusted),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_registration() {
    let error = |error: &str| body(400, "application/json", error);
    check([
        registration("no JSON", body(201, "application/json", "x"), "begin: Untrusted"),
        registration("no id", body(201, "application/json", "{}"), "begin: Untrusted"),
        registration(
            "a number as an id",
            body(201, "application/json", "{\"client_id\":1}"),
            "begin: Untrusted",
        ),
        registration(
            "a body without end",
            body(201, "application/json", "").endless(" "),
            "begin: Untrusted",
        ),
        registration(
            "an error",
            error(r#"{"error":"invalid_redirect_uri","error_description":"x"}"#),
            "begin: ErrorResponse",
        ),
        registration(
            "a long error",
            error(&format!(r#"{{"error":"{}","error_description":"x"}}"#, "x".repeat(200_000))),
            "begin: ErrorResponse",
        ),
        registration(
            "an error with control characters",
            error("{\"error\":\"a\\u001b[31m\\r\\n\\u202e\"}"),
            "begin: ErrorResponse",
        ),
        registration(
            "a redirect",
            status(307).header("location", "http://127.0.0.1:9/x"),
            "begin: Unreachable",
        ),
        registration("a failure", status(503), "begin: Unreachable"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_tokens() {
    let granted = |members: &str| json(format!("{{{members}}}"));
    let error = |error: &str| body(400, "application/json", error);
    check([
        token("good", granted(r#""access_token":"5ecret-a","token_type":"Bearer""#), "ok: a token"),
        token("a line break in the token", granted(r#""access_token":"5ecret-a\r\nx-injected: 1","token_type":"Bearer""#), "complete: Untrusted"),
        token("an empty token", granted(r#""access_token":"","token_type":"Bearer""#), "complete: Untrusted"),
        token("a number as a token", granted(r#""access_token":1,"token_type":"Bearer""#), "complete: Untrusted"),
        token("no token", granted(r#""token_type":"Bearer""#), "complete: Untrusted"),
        token("an unknown type", granted(r#""access_token":"5ecret-a","token_type":"{secrets}""#), "ok: a token"),
        token("a negative lifetime", granted(r#""access_token":"5ecret-a","token_type":"Bearer","expires_in":-1"#), "ok: a token"),
        token("a huge lifetime", granted(r#""access_token":"5ecret-a","token_type":"Bearer","expires_in":18446744073709551615"#), "ok: a token"),
        token("a larger lifetime", granted(r#""access_token":"5ecret-a","token_type":"Bearer","expires_in":1e400"#), "complete: Untrusted"),
        token("a text as a lifetime", granted(r#""access_token":"5ecret-a","token_type":"Bearer","expires_in":"{secrets}""#), "ok: a token"),
        token("a lifetime of 0", granted(r#""access_token":"5ecret-a","token_type":"Bearer","expires_in":0"#), "ok: a token"),
        token("a line break in the refresh token", granted(r#""access_token":"5ecret-a","token_type":"Bearer","refresh_token":"5ecret\r\n""#), "ok: a token"),
        token("an array as scopes", granted(r#""access_token":"5ecret-a","token_type":"Bearer","scope":["{secrets}"]"#), "ok: a token"),
        token("a long token", granted(&format!(r#""access_token":"5ecret{}","token_type":"Bearer""#, "x".repeat(200_000))), "ok: a token"),
        token("no JSON", json("access_token=5ecret&token_type=Bearer"), "complete: Untrusted"),
        token("a body without end", json("").endless(" "), "complete: Untrusted"),
        token("reset", raw("").reset(), "complete: Unreachable"),
        token("an error", error(r#"{"error":"invalid_grant","error_description":"{secrets}"}"#), "complete: ErrorResponse"),
        token("an error with a secret", error(r#"{"error":"{secrets}"}"#), "complete: ErrorResponse"),
        token("a long error", error(&format!(r#"{{"error":"x","error_description":"{}"}}"#, "{secrets}".repeat(1_000))), "complete: ErrorResponse"),
        token("a number as an error", error(r#"{"error":1}"#), "complete: UnexpectedStatus"),
        token("an error with status 200", json(r#"{"error":"invalid_grant","error_description":"{secrets}"}"#), "complete: ErrorResponse"),
        token("a redirect", status(307).header("location", "http://127.0.0.1:9/{secrets}"), "complete: Unreachable"),
        token("a failure", status(503), "complete: Unreachable"),
    ])
    .await;
}
