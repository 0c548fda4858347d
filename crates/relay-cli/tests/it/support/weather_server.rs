//! The test server that most tests use.

use mcp_testkit::{Bearer, CallResult, TestServer, TestServerBuilder, TestTool};
use serde_json::{Value, json};

/// The token that the server accepts.
pub(crate) const TOKEN: &str = "the-token-of-alice";

/// Returns a weather server that requires no token.
pub(crate) fn public() -> TestServerBuilder {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"],
    });
    let forecast = TestTool::new("forecast", schema.clone(), |arguments| {
        let city = arguments.get("city").and_then(Value::as_str).unwrap_or("nowhere");
        CallResult::text(format!("{city}: sunny"))
            .member("structuredContent", json!({ "city": city, "sky": "sunny" }))
            .member("_meta", json!({ "source": "satellite" }))
    });
    let history =
        TestTool::new("history", schema, |_| CallResult::tool_error("there are no records"));
    TestServer::builder()
        .name("weather")
        .tool(forecast.description("The weather\n of the coming days").title("Forecast"))
        .tool(history.description("The weather of a past year"))
}

/// Starts a weather server that requires [`TOKEN`].
pub(crate) async fn protected() -> TestServer {
    let bearer = Bearer::tokens([TOKEN]).scope("weather:read");
    public().bearer(bearer).start().await.expect("loopback has a port")
}
