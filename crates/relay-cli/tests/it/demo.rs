//! `relay demo`.

use insta::assert_snapshot;

use crate::support::relay;

/// Replaces the ports, which the system chooses.
fn without_ports(transcript: &str) -> String {
    let mut parts = transcript.split("http://127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "http://127.0.0.1:PORT" + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

#[tokio::test]
async fn runs_all_steps() {
    assert_snapshot!(without_ports(&relay("demo").run().await), @r#"
    exit code: 0
    --- stdout
    Relay connects an application to the tools of MCP servers, for many users at once.
    It sends each user's own token, and tells the application when a user must sign in.

    In this demo, an application uses the Rust crate "relay". Each step shows its code.
    Three MCP servers run in this process. All require a bearer token:

         weather  http://127.0.0.1:PORT/mcp  responds with JSON
         library  http://127.0.0.1:PORT/mcp  responds with event streams
         bank     http://127.0.0.1:PORT/mcp  uses the authorization server http://127.0.0.1:PORT

    A fourth server, "notes", is a program that Relay starts. It uses stdin and stdout.

    1. The application lists tools for a user who has not signed in.
         relay.tools("weather").await
       Relay returns Error::Authorization, which tells the application how to sign the user in:
         reason    the request had no token
         scope     weather:read
         metadata  http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp
       No tool ran.

    2. Alice has signed in, and the application passes her token to Relay.
         let tools = relay.with_token(token).tools("weather").await?
       Alice's tools, with the names that a model sees:
         relay__weather__forecast  Weather forecast for a city, up to 7 days
         relay__weather__history   Weather of a city in a past year

    3. The model calls a tool with arguments.
         tools.call("relay__weather__forecast", json!({ "city": "Oslo", "days": 3 })).await?
       The output is text for the model, and JSON for the application:
         text        Oslo: sunny, 14, 15, 16 degrees
         structured  {"city":"Oslo","sky":"sunny","highs":[14,15,16]}

    4. Another server responds with an event stream. It requires a token of its own.
         let alice = relay.with_tokens([("weather", token), ("library", library_token)]);
         alice.tools("library").await?.call("search", json!({ "title": "Sea" })).await?
         text            The Old Man and the Sea; The Sea, the Sea
         with one token  server "library": the access token was used with server "weather", and is not sent to a second server; pass the token of each server with "Relay::with_tokens", or use a "TokenSource"

    5. A tool reports an error. Relay returns it as output, for the model to read.
         tools.call("history", json!({ "city": "Oslo", "year": 1750 })).await?
         is_error  true
         text      ERROR: no records for 1750; records begin in 1900

    6. Alice's token expires, and the model calls a tool.
         tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await
       Relay returns Error::Authorization again, with the reason:
         reason       the token was rejected
         error        invalid_token
         description  the access token expired
         scope        weather:read
         metadata     http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp
       No tool ran.

    7. Alice signs in again, and the application repeats the call with her new token.
         relay.with_token(new_token).tools("weather").await?.call(…).await?
         text  Rome: sunny, 14 degrees

    8. Bob signs in. As a meteorologist, he has one more tool, which Alice cannot use.
         relay.with_token(token_of_bob).tools("weather").await?
         Bob's tools         forecast, history, warn
         Alice's tools       forecast, history
         Alice calls "warn"  server "weather": tool "warn" not found
       No tool ran.

    9. The stdio server is shared: all users use it, and it never receives a user's token.
         relay.with_token(token_of_bob).tools("notes").await?.call("count", …).await?
         text  4 words

    10. Alice has not signed in to "bank" yet. Here, the crate "mcp-oauth" manages the sign-in.
         let alice = relay.for_user("alice", oauth.user("alice")); alice.tools("bank").await
       Relay returns Error::Authorization. It leads to the authorization server of the bank:
         authorization server  http://127.0.0.1:PORT
         application           registers there automatically
         Alice                 approves in a browser (simulated here) and returns to the application
       Now Alice's tool is available: "relay__bank__balance".

    11. The model asks for Alice's balance.
         tools.call("balance", json!({})).await?
         text  1,204 crowns

    12. Alice's token expires during the session. The application does not notice.
         tools.call("balance", json!({})).await?
         text  1,204 crowns
       The server rejected the call. Relay refreshed the token and repeated the call.

    13. Alice revokes her permission at the authorization server.
         tools.call("balance", json!({})).await
       Relay returns Error::Authorization, because Alice must sign in again:
         reason  the refresh token has expired or was revoked
       No tool ran.

    14. Alice signs in again, and the application continues to use the same tools.
         tools.call("balance", json!({})).await?
         text  1,204 crowns

    15. The application shuts down.
         relay.close().await
       Relay ended 4 sessions. It cannot end the session of the expired token.
       The servers found no protocol violation in any request.

    All steps completed as expected. Relay sent each token to its own server only, refreshed
    an expired one, kept the users' tools apart, and reported when a user had to sign in.

    To try Relay with your own server and access token, run:

      export MY_TOKEN=…
      relay tools --url https://example.com/mcp --token-env MY_TOKEN
      relay call --url https://example.com/mcp --token-env MY_TOKEN TOOL '{"key": "value"}'

    To sign in with a browser and let Relay manage the token, run:

      relay login --url https://example.com/mcp
      relay tools --url https://example.com/mcp

    Add --verbose to any command, such as "relay demo", to see the messages on the wire.
    --- stderr
    ---
    "#);
}

#[tokio::test]
async fn verbose_redacts_the_tokens() {
    let transcript = relay("demo --verbose").run().await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    assert!(transcript.contains("\n> authorization: Bearer ****\n"), "{transcript}");
    assert!(!transcript.contains("signs-in"), "{transcript}");
}
