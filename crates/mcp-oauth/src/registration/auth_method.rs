//! The token endpoint authentication methods that an authorization server supports.

use crate::{discovery::AuthorizationServerMetadata, store::TokenEndpointAuthMethod};

impl TokenEndpointAuthMethod {
    /// Whether a server takes it. One that does not say takes what a client has registered.
    pub(crate) fn is_supported_by(self, server: &AuthorizationServerMetadata) -> bool {
        let supported = server.token_endpoint_auth_methods_supported.as_ref();
        supported.is_none_or(|methods| methods.iter().any(|method| method == self.as_str()))
    }
}
