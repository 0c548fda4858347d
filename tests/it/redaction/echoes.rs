//! A server that echoes the secrets of a request in every spelling, wherever it can.

use mcp_client::mcp_types::Revision;
use mcp_http::{Headers, HttpCallOptions, HttpTransport, SseTransport, mcp_client::CallOptions};
use relay::{Relay, Server};

use super::{
    spelling::{assert_contains_none, spellings},
    support::{Answer, Output, RawServer, as_event, http},
};
use crate::support::{PROTOCOL_VERSIONS, client_with_version, with_timeout};

// The secrets have no parts in common, and no equals sign that makes a part of a header a secret of
// its own.
pub(super) const TOKEN: &str = "t0ken+/=Kd83~vQ";
pub(super) const SESSION: &str = "s3ssion/+=Wm27~xB";
pub(super) const HEADER: &str = "h3ader+/~Rj94pLz";
pub(super) const CALL_HEADER: &str = "c4ll-fG6/+~Yn15tHs";
pub(super) const QUERY: &str = "qu3ry/+=Zc60~eUi";

/// The responses that contain a text in every place.
fn responses(text: &str) -> Vec<(&'static str, String)> {
    let json = "application/json";
    let error = format!(
        r#"{{"jsonrpc":"2.0","id":$id,"error":{{"code":-32000,"message":"bad {text}","data":{{"{text}":["{text}"]}}}}}}"#
    );
    let challenge = format!(
        "www-authenticate: Bearer realm=\"{text}\", error=invalid_token, error_description=\"{text}\", scope=\"{text}\", resource_metadata=\"http://127.0.0.1/{text}\", {text}=\"{text}\"\r\n"
    );
    let redirect = |target: &str| {
        http("307 Temporary Redirect", &format!("location: {target}\r\n"), "text/plain", "")
    };
    let events = |events: &str| http("200 OK", "", "text/event-stream", events);
    let of_kind = |members: &str| format!(r#"{{"jsonrpc":"2.0",{members}}}"#);
    let other_id = of_kind(&format!(r#""id":"{text}","result":{{}}"#));
    let other_error = of_kind(&format!(r#""id":"{text}","error":{{"code":1,"message":"{text}"}}"#));
    let request = of_kind(&format!(r#""id":"{text}","method":"{text}","params":{{}}"#));
    let notification = of_kind(&format!(r#""method":"{text}","params":{{}}"#));
    vec![
        ("a reason", http(&format!("500 {text}"), "", "text/plain", "")),
        (
            "a header",
            http(
                "500 Failed",
                &format!("x-echo: {text}\r\nretry-after: {text}\r\n"),
                "text/plain",
                "",
            ),
        ),
        ("a body", http("500 Failed", "", "text/html", &format!("<p>{text}</p>\n{text}"))),
        ("a body with 200", http("200 OK", "", "text/html", text)),
        ("a media type", http("200 OK", "", &format!("text/{text}"), text)),
        ("a challenge", http("401 Unauthorized", &challenge, "text/plain", text)),
        (
            "a challenge of scope",
            http(
                "403 Forbidden",
                &challenge.replace("invalid_token", "insufficient_scope"),
                "text/plain",
                text,
            ),
        ),
        ("a redirect", redirect(&format!("/{text}?{text}"))),
        ("an odd redirect", redirect(&format!("javascript:{text}"))),
        ("an invalid redirect", redirect(&format!("http://[{text}"))),
        ("a JSON-RPC error", http("200 OK", "", json, &error)),
        ("a JSON-RPC error with 400", http("400 Bad Request", "", json, &error)),
        ("a JSON-RPC error of another id", http("200 OK", "", json, &other_error)),
        ("a result of another id", http("200 OK", "", json, &other_id)),
        (
            "a result of another type",
            http("200 OK", "", json, &of_kind(&format!(r#""id":$id,"result":"{text}""#))),
        ),
        ("invalid JSON", http("200 OK", "", json, &format!("{{{text}"))),
        (
            "events",
            events(&format!(
                ": {text}\nevent: {text}\nid: {text}\ndata: {text}\n\ndata: {error}\n\n"
            )),
        ),
        ("an invalid event", events(&format!("data: {text}\n\n"))),
        (
            "messages",
            events(&format!(
                "data: {request}\n\ndata: {notification}\n\ndata: {other_id}\n\ndata: {error}\n\n"
            )),
        ),
    ]
}

/// Returns a transport with all secrets, except those of the session and the call.
pub(super) fn transport(server: &RawServer) -> HttpTransport {
    let query: String = url::form_urlencoded::byte_serialize(QUERY.as_bytes()).collect();
    HttpTransport::builder(format!("{}?key={query}", server.url))
        .bearer_token(TOKEN)
        .header("x-key", HEADER)
        .build()
        .expect("a usable URL")
}

pub(super) fn options() -> CallOptions {
    CallOptions::new().headers(Headers::new().with("x-call", format!("Token {CALL_HEADER}")))
}

/// Checks what comes out of a call, for each place of a response and every `step`th spelling of the
/// secrets. No six bytes of a secret may be shown.
async fn check(name: &str, step: usize, secrets: &[&str], call: impl AsyncFn(String) -> Output) {
    let windows = |secret: &&'_ str| -> Vec<String> {
        secret.as_bytes().windows(6).map(|part| String::from_utf8_lossy(part).into()).collect()
    };
    let parts: Vec<String> = secrets.iter().flat_map(windows).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    for (spelling, spell) in spellings().into_iter().step_by(step) {
        let text = secrets.iter().map(|secret| spell(secret)).collect::<Vec<_>>().join(" ");
        for (place, response) in responses(&text) {
            let output = with_timeout(call(response)).await;
            for (form, text) in output.texts() {
                let what = format!("{name}, {spelling}, {place}, {form}");
                assert_contains_none(text, &parts, &what);
            }
        }
    }
}

#[tokio::test]
async fn no_secret_of_a_streamable_http_request_comes_out() {
    // AUTH-05, HTTP-25
    for revision in PROTOCOL_VERSIONS {
        // A stateless version has no session.
        let session = (revision == Revision::V2025_11_25).then_some(SESSION);
        let secrets: Vec<_> =
            [TOKEN, HEADER, CALL_HEADER, QUERY].into_iter().chain(session).collect();
        check(revision.as_str(), 3, &secrets, async |response| {
            let server = RawServer::start(Answer::Http, SESSION, response).await;
            let client = client_with_version(transport(&server), revision);
            let client = client.with_options(options());
            Output::of(client.list_tools()).await
        })
        .await;
    }
}

#[tokio::test]
async fn no_secret_of_an_http_sse_request_comes_out() {
    // AUTH-05
    check("HTTP+SSE", 4, &[TOKEN, HEADER, CALL_HEADER, QUERY, SESSION], async |response| {
        let (answer, response) = as_event(response);
        let server = RawServer::start(answer, SESSION, response).await;
        let transport = SseTransport::new(transport(&server));
        let client = client_with_version(transport, Revision::V2025_11_25);
        let client = client.with_options(options());
        Output::of(client.list_tools()).await
    })
    .await;
}

#[tokio::test]
async fn no_secret_of_a_request_comes_out_of_relay() {
    // AUTH-05
    check("relay", 6, &[TOKEN, HEADER, CALL_HEADER, QUERY], async |response| {
        let server = RawServer::start(Answer::Http, SESSION, response).await;
        let query: String = url::form_urlencoded::byte_serialize(QUERY.as_bytes()).collect();
        let settings = Server::http(format!("{}?key={query}", server.url))
            .header("x-key", HEADER)
            .header("x-call", CALL_HEADER);
        let relay = Relay::builder().server("main", settings).build().expect("valid settings");
        Output::of(async { relay.with_token(TOKEN).tools("main").await.map(drop) }).await
    })
    .await;
}
