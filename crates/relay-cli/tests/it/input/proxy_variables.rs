//! The proxy variables of the environment.

use insta::assert_snapshot;
use mcp_testkit::TestServer;

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn ignores_the_proxy_variables_of_the_environment() {
    // AUTH-06: a proxy can read everything that is sent over plain HTTP
    let server = weather_server::protected().await;
    let proxy = TestServer::builder().start().await.unwrap();
    let address = proxy.url().strip_suffix("/mcp").unwrap();
    let program = relay("call forecast --arg city=Oslo --token-env TOKEN").env("TOKEN", TOKEN);
    let program = ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .fold(program.url(&server), |program, name| program.env(name, address));
    assert_snapshot!(program.run().await, @"
    exit code: 0
    --- stdout
    Oslo: sunny
    --- stderr
    ---
    ");
    assert_eq!(proxy.requests().len(), 0);
}
