//! The settings of an authorization server.

use std::{collections::BTreeMap, time::Duration};

use super::device_grant::DeviceGrant;

/// The location of the metadata. At all other locations, the server responds with 404.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MetadataLocation {
    /// `/.well-known/oauth-authorization-server`, before the path of the issuer (RFC 8414).
    #[default]
    OAuth,
    /// `/.well-known/openid-configuration`, before the path of the issuer.
    OpenId,
    /// `/.well-known/openid-configuration`, after the path of the issuer (OpenID Connect).
    OpenIdAppended,
}

/// The handling of a refresh token after it is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rotation {
    /// It is replaced by a new one. If it is used again, all tokens of the sign-in are revoked.
    #[default]
    Strict,
    /// It is replaced by a new one, but stays valid.
    Lenient,
    /// It stays valid, and no new one is issued.
    Never,
}

/// The handling of the parameter `resource` (RFC 8707).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResourceParameter {
    /// It is required, and tokens are valid only at this resource.
    #[default]
    Required,
    /// It is ignored, and tokens are valid everywhere.
    Ignored,
    /// A request with it fails with `invalid_target`, and tokens are valid everywhere.
    Rejected,
}

/// Settings that stay the same while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizationConfig {
    pub(crate) issuer_path: String,
    pub(crate) announced_issuer: Option<String>,
    pub(crate) metadata_location: MetadataLocation,
    pub(crate) pkce_methods: Vec<String>,
    pub(crate) auth_methods: Vec<String>,
    /// The methods that the token endpoint accepts, if they differ from those in the metadata.
    pub(crate) accepted_auth_methods: Option<Vec<String>>,
    pub(crate) client_id_with_basic: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) resource_parameter: ResourceParameter,
    /// The name of the parameter that determines where tokens are valid.
    pub(crate) audience_parameter: Option<String>,
    /// The parameter of the authorization request that is required for a refresh token.
    pub(crate) refresh_token_parameter: Option<(String, String)>,
    pub(crate) token_type: String,
    pub(crate) callback_names_issuer: bool,
    pub(crate) registration: bool,
    pub(crate) any_loopback_port: bool,
    pub(crate) metadata_documents: bool,
    pub(crate) access_token_lifetime: Duration,
    pub(crate) rotation: Rotation,
    pub(crate) device_grant: Option<DeviceGrant>,
    pub(crate) subject: String,
    /// The subject of each trusted assertion.
    pub(crate) trusted_assertions: BTreeMap<String, String>,
}

impl MetadataLocation {
    pub(crate) fn path(self, base: &str) -> String {
        match self {
            Self::OAuth => format!("/.well-known/oauth-authorization-server{base}"),
            Self::OpenId => format!("/.well-known/openid-configuration{base}"),
            Self::OpenIdAppended => format!("{base}/.well-known/openid-configuration"),
        }
    }
}

impl Default for AuthorizationConfig {
    fn default() -> Self {
        let auth_methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
        Self {
            issuer_path: String::new(),
            announced_issuer: None,
            metadata_location: MetadataLocation::default(),
            pkce_methods: vec!["S256".to_owned()],
            auth_methods: auth_methods.map(str::to_owned).to_vec(),
            accepted_auth_methods: None,
            client_id_with_basic: true,
            scopes: Vec::new(),
            resource_parameter: ResourceParameter::default(),
            audience_parameter: None,
            refresh_token_parameter: None,
            token_type: "Bearer".to_owned(),
            callback_names_issuer: true,
            registration: true,
            any_loopback_port: true,
            metadata_documents: false,
            access_token_lifetime: Duration::from_secs(3600),
            rotation: Rotation::default(),
            device_grant: None,
            subject: "alice".to_owned(),
            trusted_assertions: BTreeMap::new(),
        }
    }
}
