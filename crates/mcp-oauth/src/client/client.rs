//! The OAuth client of an application, for all its users and MCP servers.

use std::{fmt, sync::Arc};

use mcp_http::Endpoint;

use super::{
    state::ClientState,
    user_tokens::{UserTokens, Users},
};
use crate::{error::Error, registration::ClientMetadata};

/// An application that signs people in to MCP servers: its name, where people come back to, what it
/// is registered as, and its store. Clones share everything.
///
/// A web application redirects to what [`UserTokens::begin_sign_in`] gives, keeps the
/// [`PendingSignIn`](crate::PendingSignIn) sealed, and at the callback calls [`finish`](Self::complete_sign_in),
/// in whichever process that is.
///
/// ```no_run
/// # async fn run(
/// #     session: &mut std::collections::HashMap<&str, String>,
/// #     key: mcp_oauth::EncryptionKey,
/// #     callback: String,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_http::{Client, Endpoint, HttpTransport, Unauthorized};
/// use mcp_oauth::{OAuthClient, PendingSignIn};
///
/// let application = OAuthClient::builder("Our application", "https://app.example/callback").build()?;
/// let ann = application.user("ann");
/// let server = Endpoint::parse("https://mcp.example.com/mcp")?;
/// let transport = HttpTransport::builder(server.url().as_str()).token_source(ann.clone()).build()?;
/// let Err(error) = Client::new(transport).list_tools().await else { return Ok(()) };
///
/// let sign_in = ann.begin_sign_in(&server, Unauthorized::find_in(&error)).await?;
/// session.insert("sign-in", sign_in.pending.encrypt(&key));
/// println!("redirect to {}", sign_in.authorization_url);
/// // The callback, elsewhere and later:
/// let pending = PendingSignIn::decrypt(&key, &session["sign-in"])?;
/// application.complete_sign_in(pending, &callback).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OAuthClient {
    pub(crate) state: Arc<ClientState>,
    pub(crate) users: Arc<Users>,
}

impl OAuthClient {
    /// The tokens of one principal, a name of the application's own choice, at any server: the same
    /// ones for all who ask, for as long as any of them is kept.
    pub fn user(&self, principal: impl Into<String>) -> UserTokens {
        UserTokens::new(&self.state, &self.users, principal.into())
    }

    /// Forgets what the application has registered itself as for a server, so that the next sign-in
    /// there does so anew.
    ///
    /// It does that by itself once it is told that it is not known any more. Some authorization
    /// servers tell only the person, on a page of theirs, and send nobody back.
    ///
    /// # Errors
    /// [`Error::Store`].
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
