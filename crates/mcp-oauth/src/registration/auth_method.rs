//! The check that an authorization server supports an authentication method.

use crate::{discovery::AuthorizationServerMetadata, store::TokenEndpointAuthMethod};

impl TokenEndpointAuthMethod {
    /// Returns `true` if a server supports the method. A server that lists no methods is assumed to
    /// support each of them.
    pub(crate) fn is_supported_by(self, server: &AuthorizationServerMetadata) -> bool {
        let supported = server.token_endpoint_auth_methods_supported.as_ref();
        supported.is_none_or(|methods| methods.iter().any(|method| method == self.as_str()))
    }
}
