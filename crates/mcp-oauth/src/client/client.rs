//! The OAuth client of an application, for all its users and MCP servers.

use std::{fmt, sync::Arc};

use mcp_http::Endpoint;

use super::{
    state::ClientState,
    user_tokens::{UserTokens, Users},
};
use crate::{error::Error, registration::ClientMetadata};

/// An application that signs users in to MCP servers.
///
/// It has the application's name, redirect URI, client registrations and store. Clones share them.
///
/// A web application signs a user in with these steps:
///
/// 1. It calls [`UserTokens::begin_sign_in`], and redirects the user to the authorization URL.
/// 2. It encrypts the [`PendingSignIn`](crate::PendingSignIn) into the user's session or a cookie.
/// 3. At the callback it decrypts the pending sign-in, and calls
///    [`complete_sign_in`](Self::complete_sign_in). This may be in another process.
///
/// The application lists a user's connections with [`UserTokens::connections`], and ends them with
/// [`UserTokens::disconnect`] and [`UserTokens::disconnect_all`].
///
/// # Examples
///
/// ```no_run
/// use std::{collections::HashMap, error::Error};
///
/// use mcp_http::{Endpoint, Unauthorized, mcp_client};
/// use mcp_oauth::{EncryptionKey, OAuthClient, PendingSignIn};
///
/// /// Handles an error of an MCP request. Returns the URL to redirect the user to.
/// async fn begin(
///     application: &OAuthClient,
///     error: &mcp_client::Error,
///     session: &mut HashMap<&str, String>,
///     key: &EncryptionKey,
/// ) -> Result<String, Box<dyn Error>> {
///     let server = Endpoint::parse("https://mcp.example.com/mcp")?;
///     let tokens = application.user("ann");
///     let sign_in = tokens.begin_sign_in(&server, Unauthorized::find_in(error)).await?;
///     session.insert("sign-in", sign_in.pending.encrypt(key));
///     Ok(sign_in.authorization_url.into())
/// }
///
/// /// Handles a request to the redirect URI.
/// async fn callback(
///     application: &OAuthClient,
///     query: &str,
///     session: &mut HashMap<&str, String>,
///     key: &EncryptionKey,
/// ) -> Result<(), Box<dyn Error>> {
///     let pending = session.remove("sign-in").ok_or("no sign-in has begun")?;
///     let pending = PendingSignIn::decrypt(key, &pending)?;
///     println!("connecting {} to {}", pending.principal(), pending.server());
///     application.complete_sign_in(pending, query).await?;
///     Ok(())
/// }
///
/// /// Shows the user's connections.
/// async fn settings_page(application: &OAuthClient) -> Result<String, Box<dyn Error>> {
///     let mut page = String::new();
///     for connection in application.user("ann").connections().await? {
///         let state = if connection.needs_sign_in() { "connect again" } else { "connected" };
///         page += &format!("{}: {state}, {:?}\n", connection.server(), connection.granted_scopes);
///     }
///     Ok(page)
/// }
///
/// /// Deletes the account of a user.
/// async fn delete_account(application: &OAuthClient) -> Result<(), Box<dyn Error>> {
///     Ok(application.user("ann").disconnect_all().await?)
/// }
/// ```
#[derive(Clone)]
pub struct OAuthClient {
    pub(crate) state: Arc<ClientState>,
    pub(crate) users: Arc<Users>,
}

impl OAuthClient {
    /// Returns the token source of one principal, for any number of MCP servers.
    ///
    /// The application chooses the principal, for example its own user ID. All calls for one
    /// principal return clones of the same token source while any clone exists.
    pub fn user(&self, principal: impl Into<String>) -> UserTokens {
        UserTokens::new(&self.state, &self.users, principal.into())
    }

    /// Removes the dynamic client registrations for an MCP server. The next sign-in registers the
    /// application again.
    ///
    /// This happens automatically if an authorization server reports that it does not know the
    /// client. Some authorization servers report this only to the user on an error page, and do not
    /// redirect back. Call this method in that case.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Store`] if the store cannot be read or written.
    pub async fn forget_registration(&self, server: &Endpoint) -> Result<(), Error> {
        let server = server.url().as_str();
        for key in self.state.keys(None, server).await? {
            self.state.forget_registration(server, &key.issuer).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClientMetadata { name, .. } = &self.state.client_metadata;
        f.debug_struct("OAuthClient").field("name", name).finish_non_exhaustive()
    }
}
