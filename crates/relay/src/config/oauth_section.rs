//! Parsing of the section `oauth` of a server in `relay.toml`.

use std::{num::NonZeroU16, ops::Range};

use mcp_http::OAuthSettings;
use toml::Spanned;

use super::{entry::OAuthEntry, server_section::ServerSection};
use crate::error::Error;

impl ServerSection<'_> {
    /// Returns the settings for sign-ins, if there are any.
    pub(crate) fn oauth(
        &self,
        section: Option<&Spanned<OAuthEntry>>,
        is_shared: bool,
    ) -> Result<Option<OAuthSettings>, Error> {
        let Some(section) = section else { return Ok(None) };
        if is_shared {
            let reason = "\"oauth\" is not allowed for a shared server: no user signs in to it";
            return Err(self.error(reason, section.span()));
        }
        let settings = self.oauth_settings(section.get_ref())?;
        settings.validate().map_err(|error| {
            let at = section.get_ref().span(error.setting).unwrap_or(section.span());
            self.error(&error.to_string(), at)
        })?;
        Ok(Some(settings))
    }

    fn oauth_settings(&self, entry: &OAuthEntry) -> Result<OAuthSettings, Error> {
        let text = |value: &Option<Spanned<String>>| {
            value.as_ref().map(|value| self.resolved(value)).transpose()
        };
        // An empty text counts as absent, so that a variable with an empty default turns it off.
        let filled = |value| Ok::<_, Error>(text(value)?.filter(|text| !text.is_empty()));
        let texts = |values: &[Spanned<String>]| {
            values.iter().map(|value| self.resolved(value)).collect::<Result<Vec<_>, _>>()
        };
        let mut settings = OAuthSettings::new()
            .allow_hosts(texts(&entry.allow_hosts)?)
            .dangerously_assume_pkce(entry.dangerously_assume_pkce)
            .dangerously_accept_issuers(texts(&entry.dangerously_accept_issuers)?);
        settings.client_id = filled(&entry.client_id)?;
        settings.client_secret = filled(&entry.client_secret)?.map(Into::into);
        if let Some(method) = &entry.token_endpoint_auth_method {
            let parsed = self.resolved(method)?.parse();
            let parsed = parsed.map_err(|error: mcp_http::InvalidOAuthSetting| {
                self.error(&error.to_string(), method.span())
            })?;
            settings.token_endpoint_auth_method = Some(parsed);
        }
        if let Some(scopes) = &entry.scopes {
            settings = settings.scopes(texts(scopes)?);
        }
        settings.authorization_parameters =
            self.resolved_values(&entry.authorization_parameters)?;
        settings.prompt = text(&entry.prompt)?;
        settings.resource = filled(&entry.resource)?;
        if let Some(omitted) = entry.dangerously_omit_resource.as_ref().filter(|it| *it.get_ref()) {
            if settings.resource.is_some() {
                let reason = "set either \"resource\" or \"dangerously_omit_resource\"";
                return Err(self.error(reason, omitted.span()));
            }
            settings = settings.dangerously_omit_resource();
        }
        settings.redirect_host = text(&entry.redirect_host)?;
        settings.redirect_port = entry.redirect_port.map(NonZeroU16::get);
        settings.authorization_server = text(&entry.authorization_server)?;
        settings.metadata_url = text(&entry.metadata_url)?;
        settings.authorization_endpoint = text(&entry.authorization_endpoint)?;
        settings.token_endpoint = text(&entry.token_endpoint)?;
        Ok(settings)
    }
}

impl OAuthEntry {
    /// Returns the position of a setting in the file.
    fn span(&self, setting: &str) -> Option<Range<usize>> {
        let value = match setting {
            "client_secret" => self.client_secret.as_ref(),
            "token_endpoint_auth_method" => self.token_endpoint_auth_method.as_ref(),
            "authorization_parameters" => self.authorization_parameters.values().next(),
            "redirect_host" => self.redirect_host.as_ref(),
            "authorization_server" => self.authorization_server.as_ref(),
            "metadata_url" => self.metadata_url.as_ref(),
            "authorization_endpoint" => self.authorization_endpoint.as_ref(),
            "token_endpoint" => self.token_endpoint.as_ref(),
            "allow_hosts" => self.allow_hosts.first(),
            _ => None,
        };
        value.map(Spanned::span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Server, config::toml_file::tests::read};

    #[test]
    fn reads_all_keys_of_a_sign_in() {
        let text = r#"
            [servers.a]
            url = "https://a.example/mcp"
            dangerously_allow_insecure_http = true
            [servers.a.oauth]
            client_id = "our-app"
            client_secret = "${KEY}"
            token_endpoint_auth_method = "client_secret_basic"
            scopes = ["read", "write"]
            authorization_parameters = { access_type = "offline" }
            prompt = "consent"
            resource = "urn:our:api"
            redirect_host = "localhost"
            redirect_port = 3118
            authorization_server = "https://login.example"
            authorization_endpoint = "https://login.example/a"
            token_endpoint = "https://login.example/t"
            allow_hosts = ["10.0.0.1"]
            dangerously_assume_pkce = true
            dangerously_accept_issuers = ["https://other.example"]
        "#;
        let config = read(text).unwrap();
        let expected = OAuthSettings::new()
            .client_id("our-app")
            .client_secret("s3cret")
            .token_endpoint_auth_method(mcp_http::TokenEndpointAuthMethod::ClientSecretBasic)
            .scopes(["read", "write"])
            .authorization_parameter("access_type", "offline")
            .prompt("consent")
            .resource("urn:our:api")
            .redirect_host("localhost")
            .redirect_port(3118)
            .authorization_server("https://login.example")
            .endpoints("https://login.example/a", "https://login.example/t")
            .allow_hosts(["10.0.0.1"])
            .dangerously_assume_pkce(true)
            .dangerously_accept_issuers(["https://other.example"])
            .dangerously_allow_insecure_http(true);
        assert_eq!(config.servers["a"].oauth_settings(), expected);
        assert!(!format!("{config:?}").contains("s3cret"));
        let url = "https://a.example/mcp".to_owned();
        assert_eq!(crate::Relay::new(config).unwrap().oauth_settings(), [(url, expected)]);
        let others = "url = 'https://a.example/'\n[servers.a.oauth]\nclient_id = '${NONE:-}'\n\
                      dangerously_omit_resource = true\nmetadata_url = 'https://a.example/m'";
        let config = read(&format!("[servers.a]\n{others}")).unwrap();
        let expected =
            OAuthSettings::new().dangerously_omit_resource().metadata_url("https://a.example/m");
        assert_eq!(config.servers["a"].oauth_settings(), expected);
    }

    #[test]
    fn errors_have_a_position_and_affect_one_server() {
        for (line, expected) in [
            (
                "client_secret = '${KEY}'",
                r#"line 4, column 17: server "a": "client_secret": requires "client_id""#,
            ),
            ("client_secret = '${NONE}'", r#"line 4, column 17: server "a": "#),
            (
                "redirect_host = 's3cret'",
                r#"line 4, column 17: server "a": "redirect_host": expected "localhost""#,
            ),
            (
                "token_endpoint_auth_method = 's3cret'",
                r#"line 4, column 30: server "a": "token_endpoint_auth_method": expected "none""#,
            ),
            (
                "authorization_parameters = { state = 's3cret' }",
                r#"line 4, column 38: server "a": "authorization_parameters": "state" cannot be set"#,
            ),
            ("redirect_port = 70000", r#"line 4, column 17: server "a": "#),
            ("client = 's3cret'", r#"line 4, column 1: server "a": unknown field "client""#),
            (
                "resource = 'x'\ndangerously_omit_resource = true",
                r#"line 5, column 29: server "a": set either "resource" or"#,
            ),
        ] {
            let text = format!(
                "[servers.a]\nurl = 'https://a.example/'\n[servers.a.oauth]\n{line}\n\
                 [servers.b]\nurl = 'https://b.example/'"
            );
            let error = read(&text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(!error.contains("s3cret") && !error.contains("70000"), "{error}");
            let config = Config::from_toml(&text, |_| None).unwrap();
            assert_eq!(config.servers["b"], Server::http("https://b.example/"), "{text}");
        }
    }
}
