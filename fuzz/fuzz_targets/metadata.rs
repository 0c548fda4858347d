//! Server metadata. The first line is the URL of a server, the second that of its metadata, and the
//! rest is the document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mcp_http::Endpoint;
use url::Url;

#[path = "../../crates/mcp-oauth/src/lenient.rs"]
#[allow(dead_code, reason = "only metadata is read, and no token")]
mod lenient;
#[path = "../../crates/mcp-oauth/src/discovery/metadata.rs"]
#[expect(dead_code, reason = "the targets do not use the defaults for missing metadata")]
mod metadata;

use metadata::{
    AuthorizationServerMetadata, ProtectedResourceMetadata, authorization_server_urls,
    protected_resource_urls,
};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let [endpoint, found_at, document] = [(); 3].map(|()| lines.next().unwrap_or_default());
    authorization_server(document);
    let (Ok(endpoint), Ok(found_at)) = (Endpoint::parse(endpoint), Url::parse(found_at)) else {
        return;
    };
    for url in protected_resource_urls(endpoint.url()) {
        assert_eq!(url.origin(), endpoint.url().origin());
        assert!(url.path().starts_with("/.well-known/oauth-protected-resource"));
    }
    assert!(
        ProtectedResourceMetadata::without_document(&endpoint).is_valid_for(&endpoint, &found_at)
    );
    if let Ok(document) = serde_json::from_str::<ProtectedResourceMetadata>(document)
        && document.is_valid_for(&endpoint, &found_at)
    {
        is_part_of(&document.resource, endpoint.url(), &found_at);
        let other = Endpoint::parse("https://other.example/mcp").expect("a usable URL");
        assert!(other == endpoint || !document.is_valid_for(&other, &found_at));
    }
});

fn authorization_server(document: &str) {
    let Ok(document) = serde_json::from_str::<AuthorizationServerMetadata>(document) else {
        return;
    };
    let Ok(issuer) = Url::parse(&document.issuer) else { return };
    for url in authorization_server_urls(&issuer) {
        assert_eq!((url.host(), url.port()), (issuer.host(), issuer.port()));
    }
}

/// Checks that the resource identifier has the origin of this server, and its path or a parent
/// path. Metadata for a parent path must come from the well-known URL of that path.
fn is_part_of(resource: &str, endpoint: &Url, found_at: &Url) {
    let resource = Url::parse(resource).expect("the resource is a URL");
    assert_eq!(resource.origin(), endpoint.origin());
    let [above, below] = [&resource, endpoint].map(|url| url.path().trim_end_matches('/'));
    if above != below {
        assert!(format!("{below}/").starts_with(&format!("{above}/")));
        let own = format!("/.well-known/oauth-protected-resource{above}");
        assert_eq!(found_at.path().trim_end_matches('/'), own);
        assert_eq!(found_at.origin(), endpoint.origin());
    }
}
