//! Token sources that have no better token after a 401.

use std::{error::Error, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, pending, ready};
use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::{
    AccessToken, HttpTransport, TokenRequest, TokenSource, Unauthorized, UnauthorizedReason,
    mcp_client::BoxError,
};
use tokio::sync::Notify;

use crate::support::{
    ALICE, Script, ScriptedServer, ScriptedTokenSource, advance_time, describe_error,
    describe_result, stateful_client, status, with_timeout,
};

fn client_with_source(server: &ScriptedServer, source: impl TokenSource) -> Client {
    stateful_client(
        HttpTransport::builder(server.url()).token_source(source).build().expect("a usable URL"),
    )
}

/// A token source that returns Alice's token, and `renewed()` after it was rejected.
fn source_with_refresh(
    renewed: impl Fn() -> Result<Option<AccessToken>, BoxError> + Send + Sync + 'static,
) -> ScriptedTokenSource {
    ScriptedTokenSource::new(
        move |_, rejected| if rejected { renewed() } else { Ok(Some(ALICE.into())) },
    )
}

#[tokio::test]
async fn rejected_token_stays_unauthorized_whatever_the_source_returns() {
    // AUTH-07, AUTH-40: the error has the cause, and a useless token is not tried
    let mut shown = String::new();
    for (what, source) in [
        ("a failure", source_with_refresh(|| Err("the keychain is locked".into()))),
        ("an unusable token", source_with_refresh(|| Ok(Some("5ecret of alice".into())))),
        ("the same token", source_with_refresh(|| Ok(Some(ALICE.into())))),
        ("no token", source_with_refresh(|| Ok(None))),
    ] {
        let response = status(401).header("www-authenticate", "Bearer scope=a");
        let server = Script::new().on("tools/call", response).start().await;
        let error = client_with_source(&server, source).call_tool("add", ()).await.unwrap_err();
        let unauthorized = Unauthorized::find_in(&error).unwrap();
        assert_eq!(unauthorized.reason, UnauthorizedReason::Rejected);
        assert_eq!(unauthorized.source().is_some(), describe_error(&error).lines().count() == 3);
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
        shown += &format!("{what}: {}\n", describe_error(&error));
    }
    assert_snapshot!(shown, @r#"
    a failure: [server]/mcp rejected the access token; required scope "a"
      the keychain is locked
    -> Unauthorized, did not run
    an unusable token: [server]/mcp rejected the access token; required scope "a"
      the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Unauthorized, did not run
    the same token: [server]/mcp rejected the access token; required scope "a"
    -> Unauthorized, did not run
    no token: [server]/mcp rejected the access token; required scope "a"
    -> Unauthorized, did not run
    "#);
}

/// A token source that returns Alice's token, and never responds after it was rejected.
struct StalledRefresh(Arc<Notify>);

impl TokenSource for StalledRefresh {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        if request.rejected.is_none() {
            return Box::pin(ready(Ok(Some(ALICE.into()))));
        }
        self.0.notify_one();
        Box::pin(pending())
    }
}

#[tokio::test]
async fn refresh_that_takes_too_long_is_a_temporary_failure() {
    // AUTH-07: before the request timeout
    let server = Script::new().on("tools/call", status(401)).start().await;
    let refresh_called = Arc::new(Notify::new());
    let client = client_with_source(&server, StalledRefresh(Arc::clone(&refresh_called)));
    let wait = async {
        with_timeout(refresh_called.notified()).await;
        advance_time(Duration::from_secs(21)).await;
    };
    let (called, ()) = tokio::join!(client.call_tool("add", ()), wait);
    assert_snapshot!(describe_result(called), @"
    no access token is available at the moment
      the token source timed out after 20s
    -> CredentialsUnavailable, did not run
    ");
}
