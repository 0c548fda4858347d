//! The HTTP servers of the demo: a weather service, a library and a bank. All of them require a
//! bearer token.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use mcp_testkit::{AuthorizationServer, Bearer, CallResult, ResponseMode, TestServer, TestTool};
use serde_json::{Value, json};

/// Alice's first access token for the weather service.
pub(crate) const ALICE: &str = "alice-signs-in-for-the-first-time";
/// Alice's second access token for the weather service.
pub(crate) const ALICE_AGAIN: &str = "alice-signs-in-once-more";
/// Alice's access token for the library.
pub(crate) const ALICE_LIBRARY: &str = "alice-signs-in-at-the-library";
/// Bob's access token for the weather service.
pub(crate) const BOB: &str = "bob-signs-in";

pub(crate) struct Servers {
    /// Responds with JSON.
    pub(crate) weather: TestServer,
    /// Responds with event streams.
    pub(crate) library: TestServer,
    /// Accepts the tokens of `authorization_server`.
    pub(crate) bank: TestServer,
    /// The authorization server of `bank`.
    pub(crate) authorization_server: AuthorizationServer,
    tool_calls: Arc<AtomicUsize>,
}

impl Servers {
    pub(crate) async fn start() -> Result<Self> {
        let tool_calls = Arc::<AtomicUsize>::default();
        let weather = TestServer::builder()
            .name("weather")
            .bearer(Bearer::tokens([ALICE, BOB]).scope("weather:read"))
            .tool(counted(&tool_calls, forecast_tool(), forecast))
            .tool(counted(&tool_calls, history_tool(), history))
            .tools_for(BOB, [counted(&tool_calls, warn_tool(), warn)])
            .start()
            .await?;
        let library = TestServer::builder()
            .name("library")
            .bearer(Bearer::tokens([ALICE_LIBRARY]).scope("books:read"))
            .tool(counted(&tool_calls, search_tool(), search))
            .response_mode(ResponseMode::Sse)
            .start()
            .await?;
        let authorization_server =
            AuthorizationServer::builder().scopes(["balance:read"]).start().await?;
        let bank = TestServer::builder()
            .name("bank")
            .bearer(Bearer::issued_by(&authorization_server).scope("balance:read"))
            .tool(counted(&tool_calls, balance_tool(), |_| CallResult::text("1,204 crowns")))
            .start()
            .await?;
        Ok(Self { weather, library, bank, authorization_server, tool_calls })
    }

    /// Returns the number of calls that have reached a tool, on all servers.
    pub(crate) fn tool_calls(&self) -> usize {
        self.tool_calls.load(Ordering::Relaxed)
    }
}

type Arguments = serde_json::Map<String, Value>;

/// The name, the description and the input schema of a tool.
type Definition = (&'static str, &'static str, Value);

/// Creates a tool that adds each call to `tool_calls`.
fn counted(
    tool_calls: &Arc<AtomicUsize>,
    (name, description, schema): Definition,
    call: fn(&Arguments) -> CallResult,
) -> TestTool {
    let tool_calls = Arc::clone(tool_calls);
    let handler = move |arguments: &Arguments| {
        tool_calls.fetch_add(1, Ordering::Relaxed);
        call(arguments)
    };
    TestTool::new(name, schema, handler).description(description)
}

fn forecast_tool() -> Definition {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": { "type": "string" },
            "days": { "type": "integer", "minimum": 1, "maximum": 7 },
        },
        "required": ["city"],
    });
    ("forecast", "Weather forecast for a city, up to 7 days", schema)
}

fn forecast(arguments: &Arguments) -> CallResult {
    let Some(city) = arguments.get("city").and_then(Value::as_str) else {
        return CallResult::tool_error("missing argument \"city\"");
    };
    let days = arguments.get("days").and_then(Value::as_u64).unwrap_or(1).clamp(1, 7);
    let highs: Vec<_> = (0..days).map(|day| 14 + day).collect();
    let list = highs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    CallResult::text(format!("{city}: sunny, {list} degrees"))
        .member("structuredContent", json!({ "city": city, "sky": "sunny", "highs": highs }))
}

fn history_tool() -> Definition {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string" }, "year": { "type": "integer" } },
        "required": ["city", "year"],
    });
    ("history", "Weather of a city in a past year", schema)
}

fn history(arguments: &Arguments) -> CallResult {
    match arguments.get("year").and_then(Value::as_i64) {
        Some(year) if year < 1900 => {
            CallResult::tool_error(format!("no records for {year}; records begin in 1900"))
        }
        Some(year) => CallResult::text(format!("{year} was a year like any other")),
        None => CallResult::tool_error("missing argument \"year\""),
    }
}

fn warn_tool() -> Definition {
    let schema = json!({
        "type": "object",
        "properties": { "text": { "type": "string" } },
        "required": ["text"],
    });
    ("warn", "Sends a weather warning to all users; for meteorologists only", schema)
}

fn warn(arguments: &Arguments) -> CallResult {
    match arguments.get("text").and_then(Value::as_str) {
        Some(text) => CallResult::text(format!("sent: {text}")),
        None => CallResult::tool_error("missing argument \"text\""),
    }
}

fn balance_tool() -> Definition {
    ("balance", "Returns the balance of the user's account", json!({ "type": "object" }))
}

fn search_tool() -> Definition {
    let schema = json!({
        "type": "object",
        "properties": { "title": { "type": "string" } },
        "required": ["title"],
    });
    ("search", "Finds books by a word in the title", schema)
}

fn search(arguments: &Arguments) -> CallResult {
    const TITLES: [&str; 4] =
        ["The Old Man and the Sea", "The Sea, the Sea", "To the Lighthouse", "Moby-Dick"];
    let Some(word) = arguments.get("title").and_then(Value::as_str) else {
        return CallResult::tool_error("missing argument \"title\"");
    };
    let found: Vec<_> = TITLES.into_iter().filter(|title| title.contains(word)).collect();
    CallResult::text(found.join("\n"))
}
