//! A store with a record that cannot be read, or that cannot remove client registrations.

use futures_util::future::BoxFuture;
use mcp_http::mcp_client::BoxError;
use mcp_oauth::{
    Error, InvalidRecord, InvalidRecordReason, MemoryStore, OAuthClient, Record, Store, StoreKey,
    StoreLock,
};

use super::support::{OAuthMocks, error_text, token_error};

/// A store with faults. Clones share the records, and not the faults.
#[derive(Clone)]
struct FaultyStore {
    inner: MemoryStore,
    unreadable: Option<StoreKey>,
    keeps_registrations: bool,
}

impl Store for FaultyStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        match self.unreadable.as_ref() == Some(key) {
            true => Box::pin(async move {
                Err(InvalidRecord::new(key, InvalidRecordReason::Corrupt).into())
            }),
            false => self.inner.load(key),
        }
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        self.inner.save(key, record)
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        match self.keeps_registrations && key.principal.is_none() {
            true => Box::pin(async { Err("the disk is full".into()) }),
            false => self.inner.remove(key),
        }
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        self.inner.keys(principal, server)
    }

    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        self.inner.keys_of_principal(principal)
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        self.inner.lock(key)
    }
}

fn application(mocks: &OAuthMocks, store: &FaultyStore) -> OAuthClient {
    mocks.builder().store(store.clone()).build().expect("usable settings")
}

#[tokio::test]
async fn unreadable_record_of_another_issuer_does_not_hide_the_credentials() {
    let mocks = OAuthMocks::start().await;
    let mut store =
        FaultyStore { inner: mocks.store.clone(), unreadable: None, keeps_registrations: false };
    mocks.sign_in(&application(&mocks, &store)).await;
    let server = mocks.endpoint().url().to_string();
    let own = StoreKey::new(Some("ann"), &server, mocks.issuer.uri());
    let other = StoreKey::new(Some("ann"), &server, "https://other.example");
    let record = store.load(&own).await.unwrap().unwrap();
    store.save(&other, &record).await.unwrap();
    store.unreadable = Some(other.clone());
    // The record of another issuer may come first or last.
    let token = mocks.token(&application(&mocks, &store).user("ann")).await.unwrap();
    assert_eq!(token.as_deref(), Some("5ecret-access-0"));
    store.unreadable = Some(own.clone());
    let token = mocks.token(&application(&mocks, &store).user("ann")).await.unwrap();
    assert_eq!(token.as_deref(), Some("5ecret-access-0"));
    // It is an error if there is no other record.
    store.remove(&other).await.unwrap();
    let error = mocks.token(&application(&mocks, &store).user("ann")).await.unwrap_err();
    error_text(&*error);
    // The next sign-in replaces all of them.
    store.save(&other, &record).await.unwrap();
    store.unreadable = Some(other);
    mocks.sign_in(&application(&mocks, &store)).await;
    assert_eq!(store.keys(Some("ann"), &server).await.unwrap(), [own]);
}

#[tokio::test]
async fn rejected_client_is_reported_although_its_registration_cannot_be_removed() {
    let mocks = OAuthMocks::start().await;
    let store =
        FaultyStore { inner: mocks.store.clone(), unreadable: None, keeps_registrations: true };
    let application = application(&mocks, &store);
    let sign_in = mocks.begin(&application).await.unwrap();
    let callback = mocks.callback(&sign_in);
    mocks.respond_times(2, token_error("invalid_client")).await;
    let error = application.complete_sign_in(sign_in.pending, &callback).await.unwrap_err();
    let is_rejection =
        matches!(&error, Error::ErrorResponse { error, .. } if error == "invalid_client");
    assert!(is_rejection, "{error:?}");
    // If the application asks for it, the failure is an error.
    let error = application.forget_registration(&mocks.endpoint()).await.unwrap_err();
    assert!(matches!(&error, Error::Store { .. }), "{error:?}");
}
