//! `relay login` on a machine without a browser: a pasted URL, or a code on another device.

use insta::assert_snapshot;
use mcp_testkit::{AuthorizationServer, Decision, DeviceGrant};

use crate::support::{SignInFixture, relay};

async fn start(name: &str, grant: DeviceGrant) -> SignInFixture {
    SignInFixture::with(name, AuthorizationServer::builder().device_grant(grant)).await
}

#[tokio::test]
async fn the_url_of_the_callback_can_be_pasted() {
    let fixture = SignInFixture::start("paste").await;
    let texts = "\nhttp://127.0.0.1/callback?code=5ecret&state=other\nwhat?\n";
    assert_snapshot!(fixture.login_by_paste(texts).await, @r#"
    exit code: 0
    --- stdout
    signed in to server "remote" through http://127.0.0.1:ISSUER
    --- stderr
    To sign in, open this URL in a browser:
    AUTHORIZATION-URL
    If the browser is on another machine, its last page cannot be loaded. Then paste the URL of that page here:
    warning: invalid callback: the parameter "state" does not match; paste the whole URL of the last page
    warning: invalid callback: the parameter "state" does not match; paste the whole URL of the last page
    ---
    "#);
    assert_eq!(fixture.authorization_server.violations(), Vec::<String>::new());
    let call = fixture.relay_with_url("call forecast --arg city=Oslo").run().await;
    assert!(call.starts_with("exit code: 0\n"), "{call}");
}

#[tokio::test]
async fn a_browser_can_still_call_back_at_the_end_of_stdin() {
    let fixture = SignInFixture::start("paste-end").await;
    let login = fixture.relay_with_url("login --no-browser --paste").stdin("nothing\n");
    let (transcript, page) = fixture.login_with(login).await;
    assert!(transcript.starts_with("exit code: 0\n"), "{transcript}");
    assert!(page.contains("You are signed in"), "{page}");
}

#[tokio::test]
async fn a_user_signs_in_with_a_code_on_another_device() {
    let grant = DeviceGrant::new().errors(["authorization_pending"]);
    let fixture = start("device", grant).await;
    assert_snapshot!(fixture.relay_with_url("login --device").run().await, @r#"
    exit code: 0
    --- stdout
    signed in to server "remote" through http://127.0.0.1:ISSUER
    --- stderr
    To sign in, open this URL in a browser on any device:
    http://127.0.0.1:ISSUER/device
    Then enter the code: WDJB-MJHT
    If you open this URL instead, check that the page shows the code:
    http://127.0.0.1:ISSUER/device?user_code=WDJB-MJHT
    The code expires in 10 minutes.
    ---
    "#);
    let status = fixture.relay("status").run().await;
    assert!(status.contains("signed in (refreshes automatically)"), "{status}");
    assert_eq!(fixture.authorization_server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_denied_or_expired_code_exits_with_3() {
    let fixture = start("device-denied", DeviceGrant::new().complete_uri(false)).await;
    fixture.authorization_server.set_decision(Decision::Deny);
    assert_snapshot!(fixture.relay_with_url("login --device").run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    To sign in, open this URL in a browser on any device:
    http://127.0.0.1:ISSUER/device
    Then enter the code: WDJB-MJHT
    The code expires in 10 minutes.
    error: http://127.0.0.1:ISSUER/token returned an error: access_denied (the user denied the request)
    hint: run "relay login" again, and allow the access
    ---
    "#);
    let fixture = start("device-late", DeviceGrant::new().errors(["expired_token"])).await;
    assert_snapshot!(fixture.relay_with_url("login --device").run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    To sign in, open this URL in a browser on any device:
    http://127.0.0.1:ISSUER/device
    Then enter the code: WDJB-MJHT
    If you open this URL instead, check that the page shows the code:
    http://127.0.0.1:ISSUER/device?user_code=WDJB-MJHT
    The code expires in 10 minutes.
    error: the sign-in to http://127.0.0.1:PORT/mcp expired before it was completed
    hint: run "relay login" again, and sign in in time
    ---
    "#);
}

#[tokio::test]
async fn a_server_without_codes_is_named_with_the_alternative() {
    let fixture = SignInFixture::start("no-device").await;
    assert_snapshot!(fixture.relay_with_url("login --device").run().await, @r#"
    exit code: 2
    --- stdout
    --- stderr
    error: http://127.0.0.1:ISSUER offers no sign-in with a code: its metadata has no device authorization endpoint
    hint: run "relay login" without --device; if the browser is on another machine, paste the URL that it is redirected to
    ---
    "#);
    assert_snapshot!(relay("login a --device --no-browser").run().await, @"
    exit code: 2
    --- stdout
    --- stderr
    error: the argument '--device' cannot be used with '--no-browser'

    Usage: relay login [OPTIONS] SERVER
           relay login [OPTIONS] --url URL

    For more information, try '--help'.
    ---
    ");
}
