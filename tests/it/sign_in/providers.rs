//! Imitations of well-known authorization servers, with the settings that the table of providers in
//! `docs/sign-in.md` names. Without the settings, a sign-in or a call fails.

use std::{error::Error as StdError, fs};

use mcp_oauth::OAuthSettings;
use mcp_testkit::{
    AuthorizationServer, AuthorizationServerBuilder as Builder, KnownClient, MetadataLocation,
    ResourceParameter, Rotation,
};

use super::support::{OAuthFixture, client_builder};

/// An authorization server, and the settings that it needs.
struct Provider {
    /// The name in the table of `docs/sign-in.md`.
    name: &'static str,
    server: fn(Builder) -> Builder,
    /// The text of the error without the settings. Empty if no settings are needed.
    error: &'static str,
    /// Adds the settings. The text is the URL of the MCP server.
    settings: fn(OAuthSettings, &str) -> OAuthSettings,
}

const LOOPBACK: &str = "http://127.0.0.1/callback";

/// A client that is registered by hand.
fn by_hand(server: Builder, redirect_uri: &str) -> Builder {
    let client = KnownClient::new("by-hand").secret("s3cret-of-hand").redirect_uri(redirect_uri);
    server.registration(false).client(client)
}

/// An OpenID provider with an issuer that has a path.
fn openid(server: Builder, path: &str) -> Builder {
    server.issuer_path(path).metadata_location(MetadataLocation::OpenIdAppended)
}

const PROVIDERS: [Provider; 11] = [
    Provider {
        name: "Microsoft Entra ID",
        server: |it| {
            let it = openid(by_hand(it, LOOPBACK), "/tenant/v2.0").pkce_methods([""; 0]);
            it.resource_parameter(ResourceParameter::Rejected)
        },
        error: "dangerously_assume_pkce",
        settings: |it, _| {
            let it = it.scopes(["api://app/tools"]).prompt("");
            it.dangerously_omit_resource().dangerously_assume_pkce(true)
        },
    },
    Provider {
        name: "Google",
        server: |it| by_hand(it, LOOPBACK).refresh_token_parameter("access_type", "offline"),
        error: "authorization required",
        settings: |it, _| it.authorization_parameter("access_type", "offline").prompt("consent"),
    },
    Provider {
        name: "Amazon Cognito",
        server: |it| openid(by_hand(it, LOOPBACK), "/pool").pkce_methods([""; 0]),
        error: "dangerously_assume_pkce",
        settings: |it, _| it.dangerously_assume_pkce(true),
    },
    Provider {
        name: "Slack",
        server: |it| {
            let it = by_hand(it, "http://localhost:3118/callback").callback_names_issuer(false);
            it.announced_issuer("https://slack.com").token_type("user")
        },
        error: "https://slack.com",
        settings: |it, _| {
            let it = it.redirect_host("localhost").redirect_port(3118);
            it.dangerously_accept_issuers(["https://slack.com"])
        },
    },
    Provider {
        name: "GitHub",
        server: |it| {
            let it = by_hand(it, LOOPBACK).issuer_path("/login/oauth").pkce_methods([""; 0]);
            it.resource_parameter(ResourceParameter::Ignored).rotation(Rotation::Never)
        },
        error: "dangerously_assume_pkce",
        settings: |it, _| it.dangerously_assume_pkce(true),
    },
    Provider {
        name: "Auth0",
        server: |it| {
            it.resource_parameter(ResourceParameter::Ignored).audience_parameter("audience")
        },
        error: "authorization required",
        settings: |it, server| it.authorization_parameter("audience", server),
    },
    Provider {
        name: "Keycloak",
        server: |it| openid(it, "/realms/r").resource_parameter(ResourceParameter::Ignored),
        error: "",
        settings: |it, _| it,
    },
    Provider {
        name: "Okta",
        server: |it| openid(by_hand(it, LOOPBACK), "/oauth2/default").client_id_with_basic(false),
        error: "",
        settings: |it, _| it,
    },
    Provider {
        name: "Atlassian",
        server: |it| {
            let it = it.announced_issuer("https://cf.mcp.atlassian.com");
            it.callback_names_issuer(false)
        },
        error: "https://cf.mcp.atlassian.com",
        settings: |it, _| it.dangerously_accept_issuers(["https://cf.mcp.atlassian.com"]),
    },
    Provider {
        name: "Atlassian",
        server: |it| {
            let it = it.issuer_path("/tenant").announced_issuer("https://auth.atlassian.com");
            it.callback_names_issuer(false)
        },
        error: "https://auth.atlassian.com",
        settings: |it, _| it.dangerously_accept_issuers(["https://auth.atlassian.com"]),
    },
    Provider {
        name: "Notion",
        server: |it| it.client_id_with_basic(false).auth_methods(["client_secret_basic", "none"]),
        error: "",
        settings: |it, _| it,
    },
];

/// Signs in, calls a tool, and calls it again with a refreshed token. Returns the error, if any.
async fn cycle(fixture: &OAuthFixture, settings: OAuthSettings) -> Result<(), String> {
    let client = client_builder().server_settings(fixture.server.url(), settings).build();
    let client = client.map_err(|error| chain(&error))?;
    let tokens = client.user("ann");
    let sign_in = tokens.begin_sign_in(&fixture.endpoint(), None).await;
    let sign_in = sign_in.map_err(|error| chain(&error))?;
    let callback = fixture.authorization_server.visit(sign_in.authorization_url.as_str());
    let callback = callback.ok_or("the browser shows an error page")?;
    let completed = client.complete_sign_in(sign_in.pending, &callback).await;
    completed.map_err(|error| chain(&error))?;
    fixture.call(&tokens).await.map_err(|error| chain(&error))?;
    fixture.authorization_server.expire_access_tokens();
    fixture.call(&tokens).await.map_err(|error| chain(&error)).map(drop)
}

/// The texts of an error and of its causes.
fn chain(error: &dyn StdError) -> String {
    let cause = error.source().map(|cause| format!(": {}", chain(cause)));
    error.to_string() + &cause.unwrap_or_default()
}

#[tokio::test]
async fn each_provider_works_with_its_settings_only() {
    for Provider { name, server, error, settings } in PROVIDERS {
        let start =
            || OAuthFixture::with_authorization_server(server(AuthorizationServer::builder()));
        let client = |fixture: &OAuthFixture| match fixture.authorization_server.registers_clients()
        {
            true => OAuthSettings::new(),
            false => OAuthSettings::new().client_id("by-hand").client_secret("s3cret-of-hand"),
        };
        if !error.is_empty() {
            let fixture = start().await;
            let failed = cycle(&fixture, client(&fixture)).await.expect_err(name);
            assert!(failed.contains(error), "{name}: {failed}");
        }
        let fixture = start().await;
        let settings = settings(client(&fixture), fixture.server.url());
        assert_eq!(cycle(&fixture, settings).await, Ok(()), "{name}");
        fixture.assert_no_violations();
    }
}

#[test]
fn the_guide_has_the_providers_of_this_table() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sign-in.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, section) = guide.split_once("### Providers").unwrap();
    for Provider { name, .. } in PROVIDERS {
        assert!(section.contains(&format!("\n| {name} |")), "{name}");
    }
}
