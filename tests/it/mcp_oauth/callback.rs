//! Callbacks that do not belong to a sign-in: mix-up, injected codes, replays.

use mcp_oauth::{EncryptionKey, Error};

use super::support::{OAuthMocks, error_text, query_params};

/// Completes a sign-in with a changed callback.
async fn finish_with_callback(
    mocks: &OAuthMocks,
    edit: impl Fn(&str) -> String,
) -> Result<String, String> {
    let application = mocks.application();
    let sign_in = mocks.begin(&application).await.expect("the sign-in begins");
    let callback = edit(&mocks.callback(&sign_in));
    match application.complete_sign_in(sign_in.pending, &callback).await {
        Ok(_) => Ok("signed in".to_owned()),
        Err(error) => Err(error_text(&error)),
    }
}

#[tokio::test]
async fn code_of_another_issuer_is_not_redeemed() {
    // N-AUTH-04, N-AUTH-05: mix-up (RFC 9207)
    let supported = OAuthMocks::start().await;
    let unsupported = OAuthMocks::with_metadata(|it| {
        it.issuer["authorization_response_iss_parameter_supported"] = false.into();
    })
    .await;
    for mocks in [&supported, &unsupported] {
        let iss = format!("&iss={}", mocks.issuer.uri().replace(':', "%3A").replace('/', "%2F"));
        let replaced = |by: &str| {
            let (iss, by) = (iss.clone(), by.to_owned());
            move |callback: &str| {
                assert!(callback.contains(&iss), "{callback}");
                callback.replace(&iss, &by)
            }
        };
        for (other, named) in [
            ("&iss=https%3A%2F%2Fevil.example", "https://evil.example"),
            (&*format!("{iss}%2F"), &*format!("{}/", mocks.issuer.uri())),
            ("&iss=", "an invalid URL"),
        ] {
            let error = finish_with_callback(mocks, replaced(other)).await.unwrap_err();
            let expected = mocks.issuer.uri();
            let reason = format!(r#"the parameter "iss" is "{named}", expected "{expected}""#);
            assert!(error.ends_with(&reason), "{error}");
        }
        assert_eq!(mocks.token_requests().await.len(), 0);
        let without = finish_with_callback(mocks, replaced("")).await;
        let is_advertised = std::ptr::eq(mocks, &raw const supported);
        assert_eq!(without.is_err(), is_advertised, "{without:?}");
        finish_with_callback(mocks, str::to_owned).await.unwrap();
    }
}

#[tokio::test]
async fn error_of_another_issuer_is_not_shown() {
    // N-AUTH-06
    let mocks = OAuthMocks::start().await;
    let error = "&error=access_denied&error_description=visit%20evil.example";
    let own_error =
        finish_with_callback(&mocks, |callback| format!("{callback}{error}")).await.unwrap_err();
    assert!(
        own_error.ends_with("returned an error: access_denied (visit evil.example)"),
        "{own_error}"
    );
    let other = |callback: &str| {
        let (before, _) = callback.split_once("&iss=").expect("the callback has an issuer");
        format!("{before}&iss=https://evil.example{error}")
    };
    let other_error = finish_with_callback(&mocks, other).await.unwrap_err();
    let reason = r#"invalid callback: the parameter "iss" is "https://evil.example", expected "#;
    assert!(other_error.starts_with(reason) && !other_error.contains("visit"), "{other_error}");
    assert_eq!(mocks.token_requests().await.len(), 0);
}

#[tokio::test]
async fn code_requires_the_state_of_its_sign_in() {
    // AUTH-32, N-AUTH-16: code injection, cross-site request forgery
    let mocks = OAuthMocks::start().await;
    let other = mocks.begin(&mocks.application()).await.unwrap();
    let other_error = mocks.callback(&other);
    let state = |callback: &str| query_params(&callback.parse().expect("a URL"))["state"].clone();
    for (what, edit) in [
        ("another's", Box::new(|_: &str| other_error.clone()) as Box<dyn Fn(&str) -> String>),
        ("none", Box::new(|it: &str| it.replace(&format!("&state={}", state(it)), ""))),
        ("an empty one", Box::new(|it: &str| it.replace(&state(it), ""))),
        ("a part of it", Box::new(|it: &str| it.replace(&state(it), &state(it)[1..]))),
    ] {
        let error = finish_with_callback(&mocks, edit).await.unwrap_err();
        assert!(error.ends_with(r#"the parameter "state" does not match"#), "{what}: {error}");
    }
    for twice in ["code=b", "state=b", "iss=b", "error=b"] {
        let error =
            finish_with_callback(&mocks, |it| format!("{it}&{twice}&{twice}")).await.unwrap_err();
        assert!(error.ends_with("has a duplicate parameter"), "{twice}: {error}");
    }
    let error =
        finish_with_callback(&mocks, |it| it.replace("code=5ecret-code&", "")).await.unwrap_err();
    assert!(error.ends_with(r#"the parameter "code" is missing"#), "{error}");
    assert_eq!(mocks.token_requests().await.len(), 0);
}

#[tokio::test]
async fn encrypted_pending_sign_in_completes_in_another_process() {
    let mocks = OAuthMocks::start().await;
    let [here, there] = [mocks.application(), mocks.application()];
    let key = EncryptionKey::generate();
    let sign_in = mocks.begin(&here).await.unwrap();
    let encrypted = sign_in.pending.encrypt(&key);
    assert!(!encrypted.contains(sign_in.pending.state()));
    error_text(&std::io::Error::other(format!("{sign_in:?}")));
    assert!(mcp_oauth::PendingSignIn::decrypt(&EncryptionKey::generate(), &encrypted).is_err());
    let pending = mcp_oauth::PendingSignIn::decrypt(&key, &encrypted).unwrap();
    assert_eq!((pending.principal(), pending.state()), ("ann", sign_in.pending.state()));
    // The query alone is enough, as a web application receives it.
    let callback = mocks.callback(&sign_in);
    let query = callback.split_once('?').unwrap().1;
    there.complete_sign_in(pending, query).await.unwrap();
    let token = mocks.token(&here.user("ann")).await.unwrap();
    assert_eq!(token.as_deref(), Some("5ecret-access-0"));
    assert_eq!(mocks.token(&here.user("bob")).await.unwrap(), None);
}

#[tokio::test]
async fn pending_sign_in_expires_after_an_hour() {
    const PURPOSE: &str = "mcp-oauth pending sign-in";
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    let key = EncryptionKey::generate();
    let sign_in = mocks.begin(&application).await.unwrap();
    let encrypted = key.decrypt(PURPOSE, &sign_in.pending.encrypt(&key)).unwrap();
    let mut pending: serde_json::Value = serde_json::from_slice(&encrypted).unwrap();
    let begun_at = pending["begun_at"].as_u64().unwrap();
    for (age, outcome) in [(59 * 60, Ok(())), (61 * 60, Err(()))] {
        pending["begun_at"] = (begun_at - age).into();
        let encrypted = key.encrypt(PURPOSE, pending.to_string().as_bytes());
        let old = mcp_oauth::PendingSignIn::decrypt(&key, &encrypted).unwrap();
        let finished = application.complete_sign_in(old, &mocks.callback(&sign_in)).await;
        let finished = finished.map(drop).map_err(|error| {
            assert!(error_text(&error).ends_with("the sign-in expired after one hour"), "{error}");
        });
        assert_eq!(finished, outcome, "{age}");
    }
    assert_eq!(mocks.token_requests().await.len(), 1);
}

#[tokio::test]
async fn rejected_code_signs_no_user_in() {
    let of_client = ["invalid_client", "unauthorized_client"];
    for error in of_client.into_iter().chain(["invalid_grant", "server_error"]) {
        for at_callback in [false, true] {
            let mocks = OAuthMocks::start().await;
            let application = mocks.application();
            let sign_in = mocks.begin(&application).await.unwrap();
            let mut callback = mocks.callback(&sign_in);
            match at_callback {
                true => callback = callback.replace("code=5ecret-code", &format!("error={error}")),
                false => {
                    // After "invalid_client", the other authentication method is tried once.
                    let attempts = if error == "invalid_client" { 2 } else { 1 };
                    mocks.respond_times(attempts, super::support::token_error(error)).await;
                }
            }
            let rejection =
                application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
            assert!(
                matches!(&rejection, Error::ErrorResponse { error: code, .. } if code == error)
            );
            assert_eq!(mocks.token(&application.user("ann")).await.unwrap(), None);
            // An unknown client registers again, after it has fetched the metadata again.
            mocks.begin(&application).await.unwrap();
            let again = usize::from(of_client.contains(&error));
            assert_eq!(mocks.request_count("/register").await, 1 + again, "{error}");
            assert_eq!(mocks.request_count("/.well-known/oauth-authorization-server").await, 2);
        }
    }
}

#[tokio::test]
async fn forged_callback_does_not_drop_cached_metadata() {
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    let sign_in = mocks.begin(&application).await.unwrap();
    let forged = mocks.callback(&sign_in).replace("state=", "state=x");
    let error = application.complete_sign_in(sign_in.pending, &forged).await.unwrap_err();
    assert!(matches!(error, Error::InvalidCallback { .. }), "{error:?}");
    mocks.begin(&application).await.unwrap();
    assert_eq!(mocks.request_count("/.well-known/oauth-authorization-server").await, 1);
}

#[tokio::test]
async fn registration_can_be_forgotten() {
    let mocks = OAuthMocks::start().await;
    let application = mocks.application();
    for number in 1..3 {
        // The metadata of the authorization server is cached for a while.
        mocks.begin(&application).await.unwrap();
        mocks.begin(&application).await.unwrap();
        assert_eq!(mocks.request_count("/register").await, number);
        assert_eq!(mocks.request_count("/.well-known/oauth-authorization-server").await, 1);
        application.forget_registration(&mocks.endpoint()).await.unwrap();
    }
}
