//! `relay login` with a real browser and a real authorization server.

use insta::assert_snapshot;

use crate::support::browser_fixture::{BrowserFixture, page_text};

#[tokio::test]
async fn signs_in_calls_a_tool_and_signs_out() {
    let Some(mut fixture) = BrowserFixture::start("in", &[]) else { return };
    let login = fixture.login().await;
    // A callback of another sign-in has no effect.
    fixture.browser.open(&format!("{}?code=1&state=2", login.page("/callback")));
    assert_eq!(fixture.browser.url(), login.page("/other"));
    assert_snapshot!(page_text(&mut fixture.browser), @"
    # Unknown sign-in · Relay
    Unknown sign-in

    Relay is waiting for a different sign-in, and ignored this one. If you started it, return to the terminal. Otherwise, close this page.
    ");

    fixture.sign_in(&login);
    fixture.browser.follow("[type=submit]");
    assert_snapshot!(fixture.result(&login), @"
    # You are signed in · Relay
    You are signed in

    You can close this page and return to the terminal.
    ");
    assert_snapshot!(login.end().await, @r#"
    exit code: 0
    --- stdout
    signed in to server "remote" through http://127.0.0.1:ISSUER
    --- stderr
    Opening a browser to sign in. If no browser opens, open this URL:
    AUTHORIZATION-URL
    ---
    "#);

    let call = fixture.relay_with_url("call add --arg a=2 --arg b=3").run().await;
    assert!(call.starts_with("exit code: 0\n"), "{call}");
    assert_snapshot!(fixture.relay_with_url("logout").run().await, @r#"
    exit code: 0
    --- stdout
    signed out of server "remote"
    --- stderr
    ---
    "#);
    let call = fixture.relay_with_url("call add --arg a=2 --arg b=3").run().await;
    assert!(call.starts_with("exit code: 3\n"), "{call}");
}

#[tokio::test]
async fn a_denied_authorization_is_shown_in_the_browser() {
    let Some(mut fixture) = BrowserFixture::start("no", &[]) else { return };
    let login = fixture.login().await;
    fixture.sign_in(&login);
    fixture.browser.follow("a[href$=abort]");
    assert_snapshot!(fixture.result(&login), @"
    # Access denied · Relay
    Access denied

    Relay was not granted access and stored no credentials. You can close this page.
    ");
    assert_snapshot!(login.end().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    Opening a browser to sign in. If no browser opens, open this URL:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER returned an error: access_denied (End-User aborted interaction)
    hint: run "relay login" again, and allow the access
    ---
    "#);
}

#[tokio::test]
async fn an_expired_code_is_shown_in_the_browser() {
    let Some(mut fixture) = BrowserFixture::start("late", &[("CODES", "expired")]) else { return };
    let login = fixture.login().await;
    fixture.sign_in(&login);
    fixture.browser.follow("[type=submit]");
    assert_snapshot!(fixture.result(&login), @r#"
    # Sign-in failed · Relay
    Sign-in failed

    http://127.0.0.1:ISSUER/token returned an error: invalid_grant (grant request is invalid). To try again, run "relay login".
    "#);
    assert_snapshot!(login.end().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    Opening a browser to sign in. If no browser opens, open this URL:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER/token returned an error: invalid_grant (grant request is invalid)
    hint: run "relay login" again
    ---
    "#);
}
