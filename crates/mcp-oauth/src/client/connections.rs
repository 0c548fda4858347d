//! The connections of a user to MCP servers: listing and disconnecting them.

use std::collections::BTreeSet;

use super::{detached::run_to_completion, user_tokens::UserTokens};
use crate::{
    clock::now,
    error::Error,
    store::{Credentials, LastError, Record, StoreKey},
};

/// The connection of a user to an MCP server, without its tokens. Returned by
/// [`UserTokens::connections`].
///
/// `Debug` omits the query of the server's URL, because it may contain an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserConnection {
    /// The user, the MCP server and the authorization server. The URL of the server is complete, so
    /// do not display it. [`server`](Self::server) returns the part to display.
    pub key: StoreKey,
    /// The scopes of the access token.
    pub granted_scopes: BTreeSet<String>,
    /// The scopes that the MCP server has required since the last sign-in. The next sign-in requests
    /// them.
    pub required_scopes: BTreeSet<String>,
    /// The time of the last sign-in or refresh, in seconds since 1970. `None` if the record cannot
    /// be read.
    pub issued_at: Option<u64>,
    /// The time at which the access token expires, in seconds since 1970. `None` if it is unknown.
    pub expires_at: Option<u64>,
    /// `true` if there is a refresh token, so that the access token is refreshed without the user.
    pub can_refresh: bool,
    /// The last failure since the last sign-in or refresh.
    pub last_error: Option<LastError>,
}

impl UserConnection {
    fn new(key: StoreKey, credentials: Credentials) -> Self {
        Self {
            key,
            granted_scopes: credentials.granted_scopes,
            required_scopes: credentials.challenged_scopes,
            issued_at: Some(credentials.issued_at),
            expires_at: credentials.expires_at,
            can_refresh: credentials.refresh_token.is_some(),
            last_error: credentials.last_error,
        }
    }

    /// A connection whose record cannot be read.
    fn unreadable(key: StoreKey, error: &Error) -> Self {
        Self {
            key,
            granted_scopes: BTreeSet::new(),
            required_scopes: BTreeSet::new(),
            issued_at: None,
            expires_at: None,
            can_refresh: false,
            last_error: Some(LastError { at: now(), message: error.chain(), needs_sign_in: true }),
        }
    }

    /// Returns the URL of the MCP server without its query, for display.
    pub fn server(&self) -> &str {
        self.key.server_without_query()
    }

    /// Returns the issuer of the authorization server.
    pub fn issuer(&self) -> &str {
        &self.key.issuer
    }

    /// Returns `true` if the user must sign in again: the access token cannot be refreshed and has
    /// expired or was rejected, or the MCP server requires further scopes.
    ///
    /// No request is sent, so a token that was revoked elsewhere is not noticed.
    pub fn needs_sign_in(&self) -> bool {
        let has_failed = self.last_error.as_ref().is_some_and(|error| error.needs_sign_in);
        let is_expired = self.expires_at.is_some_and(|at| at <= now());
        has_failed || is_expired && !self.can_refresh || !self.required_scopes.is_empty()
    }
}

impl UserTokens {
    /// Lists the connections of the user, by the URL of the MCP server. Sends no request.
    ///
    /// The list contains no tokens. A record that cannot be read is listed with its error.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Store`] if the store cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use mcp_oauth::{Error, OAuthClient};
    ///
    /// #[tokio::main(flavor = "current_thread")]
    /// async fn main() -> Result<(), Error> {
    ///     let application =
    ///         OAuthClient::builder("Our application", "https://app.example/callback").build()?;
    ///     for connection in application.user("ann").connections().await? {
    ///         let scopes: Vec<_> = connection.granted_scopes.iter().map(String::as_str).collect();
    ///         println!("{}: {}", connection.server(), scopes.join(" "));
    ///         if connection.needs_sign_in() {
    ///             println!("please connect again");
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn connections(&self) -> Result<Vec<UserConnection>, Error> {
        let client = self.client();
        let mut connections = Vec::new();
        for key in client.keys_of_principal(self.principal()).await? {
            match client.load(&key).await {
                Ok(Some(Record::Credentials(credentials))) => {
                    connections.push(UserConnection::new(key, *credentials));
                }
                Ok(_) => {}
                Err(error) if error.is_temporary() => return Err(error),
                Err(error) => connections.push(UserConnection::unreadable(key, &error)),
            }
        }
        connections.sort_by(|one, other| {
            (&one.key.server, &one.key.issuer).cmp(&(&other.key.server, &other.key.issuer))
        });
        Ok(connections)
    }

    /// Removes one connection, and revokes its tokens like [`sign_out`](Self::sign_out).
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if it is the connection of another user, and
    /// [`Error::Store`] if the store cannot be read or written.
    pub async fn disconnect(&self, connection: &UserConnection) -> Result<(), Error> {
        let key = connection.key.clone();
        if key.principal.as_deref() != Some(self.principal()) {
            return Err(Error::configuration(format!(
                "the connection to {} belongs to another user than {:?}",
                connection.server(),
                self.principal(),
            )));
        }
        run_to_completion(self.clone().remove_credentials(vec![key])).await
    }

    /// Removes all connections of the user, and revokes their tokens like
    /// [`sign_out`](Self::sign_out). Use it to delete an account.
    ///
    /// Records that cannot be read are removed, too. If one cannot be removed, the others are, and
    /// the error is returned. Other processes may use an access token from their memory until it
    /// expires, unless its authorization server revokes it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Store`] if the store cannot be read or written.
    pub async fn disconnect_all(&self) -> Result<(), Error> {
        let keys = self.client().keys_of_principal(self.principal()).await?;
        run_to_completion(self.clone().remove_credentials(keys)).await
    }
}
