//! The settings for a sign-in, from the configuration and the command line.

use anyhow::Result;
use relay::OAuthSettings;

use super::{args::LoginArgs, secrets::secret_from_env, usage_error::UsageError};

/// Returns the settings of the configuration, with those of the command line in their place.
pub(crate) fn login_settings(configured: OAuthSettings, args: &LoginArgs) -> Result<OAuthSettings> {
    let mut settings = configured;
    if let Some(id) = &args.client_id {
        // The secret of another client must not be sent.
        settings.client_secret = None;
        settings.token_endpoint_auth_method = args.token_endpoint_auth_method;
        settings = settings.client_id(id);
    }
    if let Some(name) = &args.client_secret_env {
        let secret = secret_from_env("--client-secret-env", name, "secret", "the client secret")?;
        settings = settings.client_secret(secret);
    }
    if !args.scopes.is_empty() {
        settings = settings.scopes(args.scopes.iter().flat_map(|scope| scope.split_whitespace()));
    }
    for (name, value) in &args.parameters {
        settings.authorization_parameters.retain(|(configured, _)| configured != name);
        settings = settings.authorization_parameter(name, value);
    }
    if args.dangerously_omit_resource {
        settings = settings.dangerously_omit_resource();
    }
    if let (Some(authorization), Some(token)) = (&args.authorization_endpoint, &args.token_endpoint)
    {
        settings.metadata_url = None;
        settings = settings.endpoints(authorization, token);
    }
    if let Some(url) = &args.metadata_url {
        (settings.authorization_endpoint, settings.token_endpoint) = (None, None);
        settings = settings.metadata_url(url);
    }
    let replace = |configured: &mut Option<String>, given: &Option<String>| {
        configured.clone_from(if given.is_some() { given } else { return });
    };
    replace(&mut settings.prompt, &args.prompt);
    replace(&mut settings.resource, &args.resource);
    replace(&mut settings.authorization_server, &args.authorization_server);
    replace(&mut settings.redirect_host, &args.redirect_host);
    settings.redirect_port = args.port.or(settings.redirect_port);
    settings.allow_hosts.extend(args.allow_hosts.iter().cloned());
    settings.dangerously_allow_insecure_http |= args.allow_insecure_http;
    settings.dangerously_assume_pkce |= args.dangerously_assume_pkce;
    settings.dangerously_accept_issuers.extend(args.dangerously_accept_issuer.iter().cloned());
    settings.validate().map_err(|error| UsageError::new(error.to_string()))?;
    Ok(settings)
}
