//! `relay logout`: the end of a sign-in.

use anyhow::Result;

use crate::{
    input::args,
    output::{Exit, Output},
    setup::Setup,
    sign_in::{PRINCIPAL, application, known_store},
};

/// Forgets a sign-in, and tells the authorization server.
pub(crate) async fn logout(args: &args::Logout, output: &Output) -> Result<Exit> {
    let (server, endpoint) = Setup::of_target(&args.target, output)?.target(&args.target)?;
    let store = known_store()?;
    let keys = match &store {
        Some(store) => {
            mcp_oauth::Store::keys(store, Some(PRINCIPAL), endpoint.url().as_str()).await
        }
        None => Ok(Vec::new()),
    };
    let keys = keys.map_err(|source| mcp_oauth::Error::Store { source })?;
    let Some(store) = store.filter(|_| !keys.is_empty()) else {
        output.warn(format_args!("nobody was signed in to `{server}`"));
        return Ok(Exit::Done);
    };
    application(store, "http://127.0.0.1/callback")
        .build()?
        .user(PRINCIPAL)
        .sign_out(&endpoint)
        .await?;
    output.result(&format!("signed out of `{server}`"))?;
    Ok(Exit::Done)
}
