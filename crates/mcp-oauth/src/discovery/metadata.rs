//! Metadata documents under `/.well-known/`, and their URLs.

use mcp_http::Endpoint;
use serde::Deserialize;
use url::{Position, Url};

use crate::lenient;

/// The largest number of entries that are read from any list.
pub(crate) const MAX_LIST_ENTRIES: usize = 100;

/// The protected resource metadata of an MCP server (RFC 9728, section 2).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProtectedResourceMetadata {
    /// The resource identifier. Token requests send it exactly as it is written here.
    pub(crate) resource: String,
    #[serde(default, deserialize_with = "lenient::one_or_many")]
    pub(crate) authorization_servers: Vec<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) scopes_supported: Option<Vec<String>>,
}

impl ProtectedResourceMetadata {
    /// The metadata that is assumed for a server without a document.
    pub(crate) fn without_document(endpoint: &Endpoint) -> Self {
        let resource = canonical_uri(endpoint);
        Self { resource, authorization_servers: Vec::new(), scopes_supported: None }
    }

    /// Returns `true` if the document at `found_at` is valid for `endpoint`. Its resource must be
    /// the endpoint itself, or a parent path if the document is on the origin of the endpoint.
    ///
    /// RFC 9728, section 3.3, allows only the resource that the metadata URL is derived from. Many
    /// servers name their origin in the metadata of the endpoint, and the MCP specification allows
    /// less specific resource identifiers (MCP authorization, "Canonical Server URI").
    pub(crate) fn is_valid_for(&self, endpoint: &Endpoint, found_at: &Url) -> bool {
        let Ok(resource) = Url::parse(&self.resource) else { return false };
        let endpoint = endpoint.url();
        if resource.origin() != endpoint.origin() || resource.fragment().is_some() {
            return false;
        }
        let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
        let (resource_path, endpoint_path) = (path(&resource), path(endpoint));
        if resource_path == endpoint_path {
            return resource.query().is_none() || resource.query() == endpoint.query();
        }
        let is_parent =
            endpoint_path.strip_prefix(&resource_path).is_some_and(|rest| rest.starts_with('/'));
        is_parent && resource.query().is_none() && found_at.origin() == endpoint.origin()
    }
}

/// The metadata of an authorization server (RFC 8414, section 2; OpenID Connect Discovery 1.0,
/// section 3).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AuthorizationServerMetadata {
    pub(crate) issuer: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) authorization_endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) token_endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) registration_endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) revocation_endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) device_authorization_endpoint: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) scopes_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) client_id_metadata_document_supported: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    /// A member that only OpenID providers have, and that they must have.
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) subject_types_supported: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) prompt_values_supported: Option<Vec<String>>,
    /// The issuer as the MCP server or the settings name it, perhaps with another slash at the end.
    #[serde(skip)]
    pub(crate) named_issuer: String,
    /// Set if there is no document, and the default endpoints of 2025-03-26 are assumed.
    #[serde(skip)]
    pub(crate) is_assumed: bool,
}

impl AuthorizationServerMetadata {
    /// The metadata that is assumed for a server of revision 2025-03-26 without a document (its
    /// authorization, "Fallbacks for Servers without Metadata Discovery").
    pub(crate) fn with_default_endpoints(origin: &str) -> Self {
        let [authorization, token] = ["authorize", "token"].map(|name| format!("{origin}/{name}"));
        Self {
            registration_endpoint: Some(format!("{origin}/register")),
            code_challenge_methods_supported: Some(vec!["S256".to_owned()]),
            is_assumed: true,
            ..Self::with_endpoints(origin, &authorization, &token)
        }
    }

    /// The metadata of a server of which only the endpoints are known.
    pub(crate) fn with_endpoints(issuer: &str, authorization: &str, token: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: Some(authorization.to_owned()),
            token_endpoint: Some(token.to_owned()),
            registration_endpoint: None,
            revocation_endpoint: None,
            device_authorization_endpoint: None,
            scopes_supported: None,
            code_challenge_methods_supported: None,
            token_endpoint_auth_methods_supported: None,
            client_id_metadata_document_supported: false,
            authorization_response_iss_parameter_supported: false,
            subject_types_supported: None,
            prompt_values_supported: None,
            named_issuer: issuer.to_owned(),
            is_assumed: false,
        }
    }

    /// Returns `true` if the server supports PKCE with S256, the only secure method.
    pub(crate) fn supports_pkce(&self) -> bool {
        self.code_challenge_methods_supported.iter().flatten().any(|method| method == "S256")
    }

    /// Returns `true` if the server must ignore the scope `offline_access` without the prompt
    /// `consent`, because it is an OpenID provider (OpenID Connect Core 1.0, section 11).
    pub(crate) fn demands_consent_prompt(&self) -> bool {
        let prompts = self.prompt_values_supported.as_ref();
        let supports_consent = prompts.is_none_or(|it| it.iter().any(|prompt| prompt == "consent"));
        self.subject_types_supported.is_some() && supports_consent
    }

    pub(crate) fn supports_scope(&self, scope: &str) -> bool {
        self.scopes_supported.iter().flatten().any(|supported| supported == scope)
    }
}

/// Returns the URLs of protected resource metadata: under the path, then at the root (RFC 9728,
/// section 3.1).
pub(crate) fn protected_resource_urls(resource: &Url) -> [Url; 2] {
    let well_known = |path: &str| {
        let mut url = resource.clone();
        url.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
        url.set_query(None);
        url
    };
    [well_known(resource.path().trim_end_matches('/')), well_known("")]
}

/// Returns the URLs of authorization server metadata, in the order of the specification (MCP
/// authorization, "Authorization Server Metadata Discovery").
pub(crate) fn authorization_server_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    let mut urls = vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("/.well-known/openid-configuration{path}")),
    ];
    if !path.is_empty() {
        urls.push(at(format!("{path}/.well-known/openid-configuration")));
    }
    urls
}

/// Returns the resource identifier of an MCP server without metadata (RFC 8707, section 2; MCP
/// authorization, "Canonical Server URI").
fn canonical_uri(endpoint: &Endpoint) -> String {
    // The query may hold a secret key, which the authorization server must not see.
    let url = &endpoint.url()[..Position::AfterPath];
    match endpoint.url().path() {
        "/" => url.strip_suffix('/').unwrap_or(url).to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn shown(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn metadata_urls_are_in_the_order_of_the_specification() {
        // AUTH-11, AUTH-12, AUTH-17, AUTH-18, N-AUTH-01, N-AUTH-02
        let resource = protected_resource_urls(&url("https://a.example/b/mcp?k=v"));
        assert_eq!(
            shown(&resource),
            [
                "https://a.example/.well-known/oauth-protected-resource/b/mcp",
                "https://a.example/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(
            shown(&authorization_server_urls(&url("https://a.example/t"))),
            [
                "https://a.example/.well-known/oauth-authorization-server/t",
                "https://a.example/.well-known/openid-configuration/t",
                "https://a.example/t/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            shown(&authorization_server_urls(&url("https://a.example"))),
            [
                "https://a.example/.well-known/oauth-authorization-server",
                "https://a.example/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn a_metadata_document_is_valid_only_for_its_own_resource() {
        // AUTH-14, AUTH-29, AUTH-30
        let endpoint = Endpoint::parse("https://a.example/t/mcp").unwrap();
        let is_valid = |resource: &str, found_at: &str| {
            let document = ProtectedResourceMetadata {
                resource: resource.to_owned(),
                authorization_servers: Vec::new(),
                scopes_supported: None,
            };
            document.is_valid_for(&endpoint, &url(found_at))
        };
        let [own, root] = protected_resource_urls(endpoint.url()).map(String::from);
        for at in [own.as_str(), "https://a.example/anywhere", "https://b.example/x"] {
            assert!(is_valid("https://a.example/t/mcp", at), "{at}");
            assert!(is_valid("HTTPS://A.EXAMPLE:443/t/mcp/", at), "{at}");
        }
        // A parent on the same origin, found there.
        for at in [own.as_str(), root.as_str(), "https://a.example/anywhere"] {
            for parent in ["https://a.example", "https://a.example/", "https://a.example/t"] {
                assert!(is_valid(parent, at), "{parent} at {at}");
            }
        }
        for (resource, at) in [
            ("https://a.example?key", own.as_str()),
            ("https://a.example/t/m", own.as_str()),
            ("https://a.example/other", root.as_str()),
            ("https://a.example", "https://b.example/.well-known/oauth-protected-resource"),
            ("https://b.example/t/mcp", own.as_str()),
            ("http://a.example/t/mcp", own.as_str()),
            ("https://a.example:444/t/mcp", own.as_str()),
            ("https://a.example/t/mc", own.as_str()),
            ("https://a.example/t/mcp/more", own.as_str()),
            ("https://a.example/t/mcp?other", own.as_str()),
            ("https://a.example/t/mcp#x", own.as_str()),
            ("mcp", own.as_str()),
        ] {
            assert!(!is_valid(resource, at), "{resource} at {at}");
        }
    }

    #[test]
    fn null_members_count_as_absent() {
        let json =
            r#"{ "resource": "r", "authorization_servers": null, "scopes_supported": null }"#;
        let resource: ProtectedResourceMetadata = serde_json::from_str(json).unwrap();
        assert!(resource.authorization_servers.is_empty() && resource.scopes_supported.is_none());
        let mut json = serde_json::json!({ "issuer": "i" });
        for name in [
            "authorization_endpoint",
            "authorization_response_iss_parameter_supported",
            "client_id_metadata_document_supported",
            "code_challenge_methods_supported",
            "registration_endpoint",
        ] {
            json[name] = serde_json::Value::Null;
        }
        let server: AuthorizationServerMetadata = serde_json::from_value(json).unwrap();
        assert!(!server.supports_pkce() && !server.client_id_metadata_document_supported);
        assert!(!server.authorization_response_iss_parameter_supported);
    }

    #[test]
    fn the_canonical_uri_has_no_query_and_no_default_port() {
        // AUTH-29, AUTH-30
        for (endpoint, name) in [
            ("https://A.example:443", "https://a.example"),
            ("https://a.example/mcp", "https://a.example/mcp"),
            ("http://localhost:80/", "http://localhost"),
            ("https://a.example:8443/?key=s3cret", "https://a.example:8443"),
        ] {
            assert_eq!(canonical_uri(&Endpoint::parse(endpoint).unwrap()), name);
        }
    }
}
