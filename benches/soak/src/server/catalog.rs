//! The tools, resources and prompts. Each result tells its server, its user and the number of its
//! call.

use std::{sync::Arc, time::Duration};

use mcp_testkit::{
    Barrier, CallResult, ServerRequest, Step, TestPrompt, TestResource, TestResourceTemplate,
    TestServerBuilder, TestTool,
};
use relay::JsonObject;
use serde_json::{Value, json};
use tokio::time;

use super::state::State;
use crate::plan::{self, Identity, NAMES, RESOURCE};

/// The number of tools that all users see, and that are never called.
const OTHER_TOOLS: usize = 20;
/// The duration of a slow call.
const SLOW: Duration = Duration::from_millis(300);

/// Adds what all users see.
pub(crate) fn add_shared(mut builder: TestServerBuilder, server: usize) -> TestServerBuilder {
    let name = NAMES[server];
    for number in 0..OTHER_TOOLS {
        let other = |_: &JsonObject| CallResult::text("other");
        let tool = TestTool::new(format!("other_{number}"), schema(), other);
        builder = builder.tool(tool.description(format!("another tool of {name}")));
    }
    let read = move |variables: &JsonObject| {
        let text = format!("{name} {} {}", text(&variables["user"]), text(&variables["number"]));
        CallResult::contents([json!({ "uri": variables["uri"], "text": text })])
    };
    let prompt = move |arguments: &JsonObject| {
        let text = format!("{name} {} {}", text(&arguments["user"]), text(&arguments["number"]));
        let content = json!({ "type": "text", "text": text });
        CallResult::messages([json!({ "role": "user", "content": content })])
    };
    builder
        .resource(TestResource::new(RESOURCE, name, name))
        .resource_template(TestResourceTemplate::new("soak://{user}/{number}", "own", read))
        .prompt(TestPrompt::new("own", prompt).argument("user", true).argument("number", true))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns the tools of one user.
pub(crate) fn tools_of(server: usize, user: usize, state: &Arc<State>) -> [TestTool; 4] {
    let of = |name: &str, handler: Box<dyn Fn(&JsonObject) -> Step + Send + Sync>| {
        TestTool::with_steps(name, schema(), move |context| handler(context.arguments()))
            .description(plan::description(server, user))
    };
    let [work, slow, query, ask] = [(); 4].map(|()| Arc::clone(state));
    [
        of("work", Box::new(move |arguments| run(server, user, arguments, &work).into()))
            .output_schema(output_schema()),
        of("slow", Box::new(move |arguments| late(run(server, user, arguments, &slow)))),
        // It may run more than once, because it only reads.
        of("query", Box::new(move |arguments| look_up(server, user, arguments, &query).into()))
            .member("annotations", json!({ "readOnlyHint": true })),
        ask_tool(server, user, ask).description(plan::description(server, user)),
    ]
}

/// Returns a tool that requests the number of the user from the client.
fn ask_tool(server: usize, user: usize, state: Arc<State>) -> TestTool {
    TestTool::with_steps("ask", schema(), move |context| {
        let Some(response) = context.response("user") else {
            let properties = json!({ "user": { "type": "integer" } });
            let form = json!({ "type": "object", "properties": properties });
            return Step::request("user", ServerRequest::form("Who are you?", form));
        };
        if response["content"]["user"] != json!(user) {
            let name = NAMES[server];
            state.problem(format!("{name}: user {user} responded to a form with {response}"));
        }
        run(server, user, context.arguments(), &state).into()
    })
}

fn run(server: usize, user: usize, arguments: &JsonObject, state: &State) -> CallResult {
    let number = arguments.get("number").and_then(Value::as_u64).unwrap_or_default();
    let runs = state.run(number);
    identity(server, user, number, runs, arguments, state)
}

fn look_up(server: usize, user: usize, arguments: &JsonObject, state: &State) -> CallResult {
    let number = arguments.get("number").and_then(Value::as_u64).unwrap_or_default();
    identity(server, user, number, 1, arguments, state)
}

fn identity(
    server: usize,
    user: usize,
    number: u64,
    runs: u32,
    arguments: &JsonObject,
    state: &State,
) -> CallResult {
    let name = NAMES[server];
    if arguments.get("user").and_then(Value::as_u64) != Some(user as u64) {
        state.problem(format!("{name}: user {user} sent a call with {:?}", arguments.get("user")));
    }
    let user = if state.crosses(number) { user + 1 } else { user };
    let identity = Identity { server: name.to_owned(), user, number, runs };
    CallResult::structured(json!(identity))
}

fn late(result: CallResult) -> Step {
    let barrier = Barrier::new();
    let held = barrier.clone();
    tokio::spawn(async move {
        time::sleep(SLOW).await;
        barrier.open();
    });
    Step::finish(result).hold(&held)
}

pub(crate) fn schema() -> Value {
    let integer = json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object",
        "properties": { "user": integer, "number": integer },
        "required": ["user", "number"],
    })
}

fn output_schema() -> Value {
    let integer = json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object",
        "properties": {
            "server": { "type": "string" }, "user": integer, "number": integer, "runs": integer,
        },
        "required": ["server", "user", "number", "runs"],
    })
}
