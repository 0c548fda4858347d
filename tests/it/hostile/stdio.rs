//! Processes: noise, lines without end, and programs that end or do not end.

use super::frame::{check, program};

#[tokio::test(flavor = "multi_thread")]
async fn hostile_lines() {
    check([
        program("good", "open; next; respond \"$good\"; next", "ok: 3"),
        program("noise", "open; next; echo \"$TOKEN\"; echo; echo '{}'; echo '[]'; respond \"$good\"; next", "ok: 3"),
        program("noise without end", "open; next; yes \"noise $TOKEN\"", "Timeout"),
        program("a line without end", "open; next; cat /dev/zero", "Timeout"),
        program("a line without its end", "open; next; printf '{\"jsonrpc\":\"2.0\"'; cat", "Timeout"),
        program("empty lines without end", "open; next; yes ''", "Timeout"),
        program("carriage returns", "open; next; printf '\\r\\n\\r'; respond \"$good\"; next", "ok: 3"),
        program("invalid UTF-8", "open; next; printf '\\377\\n'; respond \"$good\"; next", "ok: 3"),
        program("a response to nothing", "open; next; saved=$line; line='\"id\":4711,'; respond '{}'; line=$saved; respond \"$good\"; next", "ok: 3"),
        program("responses without end", "open; next; yes '{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}'", "Timeout"),
        program("notifications without end", "open; next; yes '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}'", "Timeout"),
        program("pings without end", "open; next; yes '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}'", "Timeout"),
        program("no result", "open; next; respond null; next", "InvalidResponse"),
        program("a secret error", "open; next; printf '{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1,\"message\":\"%s\"}}\\n' \"$TOKEN\"; next", "Rpc"),
        program("a long error", "open; next; printf '{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":1,\"message\":\"'; head -c 200000 /dev/zero | tr '\\0' x; printf '\"}}\\n'; next", "Rpc"),
        program("a long line of noise", "open; next; head -c 200000 /dev/zero | tr '\\0' x; echo; respond \"$good\"; next", "ok: 3"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_stateless_results() {
    let discovered = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#;
    let call =
        |result: &str| format!("next; respond '{discovered}'; next; respond '{result}'; next");
    let secret = "'\"$TOKEN\"'";
    check([
        program(
            "a secret as the result type",
            &call(&format!(r#"{{"resultType":"{secret}","content":[]}}"#)),
            "InvalidResponse",
        )
        .stateless(),
        program(
            "a secret as the method of an input request",
            &call(&format!(
                r#"{{"resultType":"input_required","inputRequests":{{"a":{{"method":"{secret}"}}}}}}"#
            )),
            "InvalidResponse",
        )
        .stateless(),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ends() {
    check([
        program("ends after a request", "next; exit 0", "Interrupted, did not run"),
        program(
            "ends with a secret",
            "next; echo \"$TOKEN\" >&2; exit 3",
            "Interrupted, did not run",
        ),
        program(
            "ends after initialize",
            "next; respond '{}'; exit 1",
            "InvalidResponse, did not run",
        ),
        program("ends after a call", "open; next; exit 1", "Interrupted"),
        program(
            "ends after half a response",
            "open; next; printf '{\"jsonrpc\":\"2.0\",\"id\":2,'; exit 1",
            "Interrupted",
        ),
        program(
            "ends inside a secret",
            "open; next; printf 'noise %.8s' \"$TOKEN\"; exit 1",
            "Interrupted",
        ),
        program("ends after a response", "open; next; respond \"$good\"; exit 1", "ok: 3"),
        program("is killed", "open; next; kill -9 $$", "Interrupted"),
        program("stops", "open; next; kill -STOP $$", "Timeout"),
        program("closes only its output", "open; next; exec >&-; cat >/dev/null", "Interrupted"),
        program(
            "closes only its input",
            "open; next; exec <&-; respond \"$good\"; sleep 60",
            "ok: 3",
        ),
        program("does not read", "sleep 60", "Timeout, did not run"),
        program(
            "ignores SIGTERM",
            "trap '' TERM; open; next; respond \"$good\"; while :; do sleep 1; done",
            "ok: 3",
        ),
        program(
            "has a grandchild",
            "open; next; (trap '' TERM; sleep 60) & respond \"$good\"; next",
            "ok: 3",
        ),
        program(
            "leaves a grandchild",
            "open; next; (trap '' TERM; sleep 60) & respond \"$good\"; exit 0",
            "ok: 3",
        ),
        program(
            "leaves a grandchild without a response",
            "open; next; sleep 60 & exit 1",
            "Interrupted",
        ),
        program(
            "floods stderr",
            "open; next; head -c 20000000 /dev/zero >&2; respond \"$good\"; next",
            "ok: 3",
        ),
        program(
            "floods stderr with lines",
            "open; next; yes \"$TOKEN\" | head -n 20000 >&2; respond \"$good\"; next",
            "ok: 3",
        ),
        program(
            "floods stderr and ends",
            "open; next; yes \"$TOKEN\" | head -n 20000 >&2; exit 1",
            "Interrupted",
        ),
        program(
            "a long line on stderr at the end",
            "open; next; head -c 200000 /dev/zero | tr '\\0' x >&2; exit 1",
            "Interrupted",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_probes() {
    let old = "ok: 2025-11-25";
    check([
        program("an unknown method", "next; printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"%s\"}}\\n' \"$TOKEN\"; open; next", old).detect(),
        program("no response", "next; open; next", old).detect(),
        program("a wrong result", "next; respond '[]'; open; next", old).detect(),
        program("noise without end", "next; yes \"$TOKEN\"", "Timeout").detect(),
        program("an end at each request", "next; exit 1", "Interrupted, did not run").detect(),
    ])
    .await;
}
