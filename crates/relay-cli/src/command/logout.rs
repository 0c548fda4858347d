//! `relay logout`: signs the user out of a server.

use anyhow::Result;

use crate::{
    input::LogoutArgs,
    output::{Exit, Printer},
    setup::Setup,
    sign_in::{PRINCIPAL, existing_store, oauth_client},
};

/// Deletes the credentials of a server and revokes their tokens.
pub(crate) async fn logout(args: &LogoutArgs, printer: &Printer) -> Result<Exit> {
    let setup = Setup::for_sign_in(&args.target, printer)?;
    let (server, endpoint) = setup.sign_in_target(&args.target)?;
    let store = existing_store()?;
    let keys = match &store {
        Some(store) => {
            mcp_oauth::Store::keys(store, Some(PRINCIPAL), endpoint.url().as_str()).await
        }
        None => Ok(Vec::new()),
    };
    let keys = keys.map_err(|source| mcp_oauth::Error::Store { source })?;
    let is_signed_in = !keys.is_empty();
    if let Some(store) = store.filter(|_| is_signed_in || args.forget_client) {
        let client = oauth_client(store, "http://127.0.0.1/callback")
            .server_settings(endpoint.url().as_str(), setup.oauth_settings(&server))
            .build()?;
        client.user(PRINCIPAL).sign_out(&endpoint).await?;
        if args.forget_client {
            client.forget_registration(&endpoint).await?;
        }
    }
    match is_signed_in {
        true => printer.print_result(&format!("signed out of server \"{server}\""))?,
        false => printer.warn(format_args!("not signed in to server \"{server}\"")),
    }
    Ok(Exit::Success)
}
