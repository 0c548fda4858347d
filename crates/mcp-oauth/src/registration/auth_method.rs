//! The choice of an authentication method that an authorization server supports.

use mcp_http::TokenEndpointAuthMethod as Method;

use crate::discovery::AuthorizationServerMetadata;

/// The methods with a client secret, the preferred one first. Servers disagree about the encoding
/// of `client_secret_basic`, and agree about `client_secret_post`.
pub(crate) const WITH_SECRET: [Method; 2] = [Method::ClientSecretPost, Method::ClientSecretBasic];

/// Returns the first method that a server supports. If the server lists no methods, it supports
/// `client_secret_basic` (RFC 8414, section 2), and the others are assumed to work as well.
pub(crate) fn first_supported(
    methods: &[Method],
    server: &AuthorizationServerMetadata,
) -> Option<Method> {
    if server.token_endpoint_auth_methods_supported.is_none()
        && methods.contains(&Method::ClientSecretBasic)
    {
        return Some(Method::ClientSecretBasic);
    }
    methods.iter().copied().find(|method| is_supported(*method, server))
}

/// Returns `true` if a server supports the method. A server that lists no methods is assumed to
/// support each of them.
pub(crate) fn is_supported(method: Method, server: &AuthorizationServerMetadata) -> bool {
    let supported = server.token_endpoint_auth_methods_supported.as_ref();
    supported.is_none_or(|methods| methods.iter().any(|name| name == method.as_str()))
}
