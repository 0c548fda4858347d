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
    # Not the sign-in under way · Relay
    Not the sign-in under way

    Relay waits for another sign-in, and has done nothing with this one. If you have started it yourself, go back to the terminal; otherwise close this page.
    ");

    fixture.sign_in(&login);
    fixture.browser.follow("[type=submit]");
    assert_snapshot!(fixture.result(&login), @"
    # You are signed in · Relay
    You are signed in

    You can close this page. Relay goes on in the terminal.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 0
    --- stdout
    signed in to `remote` by http://127.0.0.1:ISSUER
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    ---
    ");

    let call = fixture.relay_with_url("call add --arg a=2 --arg b=3").run().await;
    assert!(call.starts_with("exit code: 0\n"), "{call}");
    assert_snapshot!(fixture.relay_with_url("logout").run().await, @"
    exit code: 0
    --- stdout
    signed out of `remote`
    --- stderr
    ---
    ");
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
    # You said no · Relay
    You said no

    Relay was not let in, and can do nothing on your behalf. Nothing was kept.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 3
    --- stdout
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER refused: access_denied (End-User aborted interaction)
    ---
    ");
}

#[tokio::test]
async fn an_expired_code_is_shown_in_the_browser() {
    let Some(mut fixture) = BrowserFixture::start("late", &[("CODES", "expired")]) else { return };
    let login = fixture.login().await;
    fixture.sign_in(&login);
    fixture.browser.follow("[type=submit]");
    assert_snapshot!(fixture.result(&login), @"
    # You are not signed in · Relay
    You are not signed in

    It did not work: http://127.0.0.1:ISSUER/token refused: invalid_grant (grant request is invalid). To try again, run `relay login` once more.
    ");
    assert_snapshot!(login.end().await, @"
    exit code: 3
    --- stdout
    --- stderr
    A browser opens to sign you in. If it does not, open this URL in one:
    AUTHORIZATION-URL
    error: http://127.0.0.1:ISSUER/token refused: invalid_grant (grant request is invalid)
    ---
    ");
}
