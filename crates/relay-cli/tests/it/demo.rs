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
    Three MCP servers run in this process, on loopback. All want a bearer token.
    An application asks them for tools on behalf of its users, with the crate `relay`.

         weather  http://127.0.0.1:PORT/mcp  answers with JSON
         library  http://127.0.0.1:PORT/mcp  answers with event streams
         bank     http://127.0.0.1:PORT/mcp  has an authorization server: http://127.0.0.1:PORT

    A fourth one, `notes`, is a program on stdin and stdout: this one.

    1. Nobody has signed in.
         relay.tools("weather").await
       Error::Authorization: sign the user in. It says how:
         reason    the request had no token
         scope     weather:read
         metadata  http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp
       No tool ran.

    2. Alice has signed in; the application has her token.
         let tools = relay.with_token(token).tools("weather").await?
       Her tools, by the names that a model sees:
         relay__weather__forecast  The weather of the coming days in a city
         relay__weather__history   The weather of a past year in a city

    3. The model wants to know the weather.
         tools.call("relay__weather__forecast", json!({ "city": "Oslo", "days": 3 })).await?
       The output, as text for the model and as JSON for the application:
         text        Oslo: sunny, 14, then 15, then 16 degrees
         structured  {"city":"Oslo","highs":[14,15,16],"sky":"sunny"}

    4. The other server answers with an event stream. For the application it is the same.
         user.tools("library").await?.call("search", json!({ "title": "Sea" })).await?
         text  The Old Man and the Sea; The Sea, the Sea

    5. A tool fails by itself. That is an output for the model to see, not an error.
         tools.call("history", json!({ "city": "Oslo", "year": 1750 })).await?
         is_error  true
         text      ERROR: there are no records of 1750; they begin in 1900

    6. Alice's token expires, and the model makes the next call.
         tools.call("relay__weather__forecast", json!({ "city": "Rome" })).await
       Error::Authorization again, and what it says:
         reason       the token was rejected
         error        invalid_token
         description  the access token expired
         scope        weather:read
         metadata     http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp
       No tool ran.

    7. Alice signs in again, and the call is made with the new token.
         relay.with_token(new_token).tools("weather").await?.call(…).await?
         text  Rome: sunny, 14 degrees

    8. Bob signs in, who is a meteorologist. Nothing of one user is shown to another.
         relay.with_token(token_of_bob).tools("weather").await?
         Bob's               forecast, history, warn
         Alice's             forecast, history
         Alice tries `warn`  server `weather` offers no tool `warn`
       No tool ran.

    9. A server on stdio is started when it is needed. It gets nobody's token.
         relay.tools("notes").await?.call("count", json!({ "text": "To be or not" })).await?
         text              4 words
         with Bob's token  server `notes`: access tokens are for servers on HTTP; one on stdio gets its credentials from its environment (`env`)

    10. Nor has anyone signed in to `bank`. This time, the crate `mcp-oauth` does it.
         let alice = relay.for_user("alice", oauth.user("alice")); alice.tools("bank").await
       Error::Authorization. From what it says, the way to sign in is found:
         authorization server  http://127.0.0.1:PORT
         application           registered there by itself
         Alice                 is sent there with a browser, approves, and comes back
       Her tool is `relay__bank__balance`.

    11. The model wants to know what she has.
         tools.call("balance", json!({})).await?
         text  1,204 crowns

    12. Her token expires in the middle of the session. The application does not notice.
         tools.call("balance", json!({})).await?
         text  1,204 crowns
       The call was refused, the token refreshed, and the call made once more.

    13. Alice takes the permission back, at the authorization server.
         tools.call("balance", json!({})).await
       Error::Authorization, for now only she can go on:
         reason  the sign-in has expired or was revoked
       No tool ran.

    14. She signs in again, and the same tools go on.
         tools.call("balance", json!({})).await?
         text  1,204 crowns

    15. The application ends.
         relay.close().await
       4 sessions are ended; that of the expired token cannot be.
       The servers found nothing in all requests that is against the protocol.

    All came out as announced. Next, with a server and a token of your own:

      export MY_TOKEN=…
      relay tools --url https://example.com/mcp --token-env MY_TOKEN
      relay call --url https://example.com/mcp --token-env MY_TOKEN TOOL '{"key": "value"}'

    Or sign in with a browser, and leave the token to Relay:

      relay login --url https://example.com/mcp
      relay tools --url https://example.com/mcp

    --verbose shows what goes over the wire, here and there.
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
