//! `relay login --device`: signs the user in on another device.

use std::io::{self, IsTerminal};

use anyhow::Result;
use mcp_oauth::{DeviceSignIn, Error};

use super::login::Login;
use crate::{
    output::{Exit, Printer},
    sign_in::{PRINCIPAL, qr_code},
};

/// The redirect URI of the client, which this sign-in does not use.
const REDIRECT_URI: &str = "http://127.0.0.1/callback";

impl Login {
    /// Prints the code and the URL, and waits for the user to approve.
    pub(super) async fn run_on_device(&self, printer: &Printer) -> Result<Exit> {
        let client = self.client(REDIRECT_URI)?;
        let probe = self.probe().await?;
        let user = client.user(PRINCIPAL);
        let sign_in = user.begin_device_sign_in(&self.endpoint, probe.challenge()).await;
        if let Err(Error::DeviceSignInUnavailable { .. }) = &sign_in {
            probe.warn(printer);
        }
        let sign_in = sign_in?;
        printer.print_lines(&instructions(&sign_in));
        if io::stderr().is_terminal() {
            let url = sign_in.verification_uri_complete.as_ref();
            let url = url.unwrap_or(&sign_in.verification_uri);
            if let Some(code) = qr_code(url.as_str()) {
                printer.print_lines(&code);
            }
        }
        let credentials = client.complete_device_sign_in(sign_in).await?;
        self.print_success(&credentials, printer)?;
        Ok(Exit::Success)
    }
}

fn instructions(sign_in: &DeviceSignIn) -> String {
    let DeviceSignIn { user_code, verification_uri, .. } = sign_in;
    let with_code = match &sign_in.verification_uri_complete {
        Some(url) => {
            format!("\nIf you open this URL instead, check that the page shows the code:\n{url}")
        }
        None => String::new(),
    };
    format!(
        "To sign in, open this URL in a browser on any device:\n{verification_uri}\nThen enter the \
         code: {user_code}{with_code}\nThe code expires in {}.",
        lifetime(sign_in.expires_in.as_secs())
    )
}

fn lifetime(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}
