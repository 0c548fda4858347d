//! Lists: cursors without end, many tools, and hostile names and schemas.

use super::frame::{
    Case,
    Operation::{List, RelayCall, RelayList},
    Reply, case, check, result, status,
};

fn tools(entries: &str) -> Reply {
    result(&format!("{{\"tools\":[{entries}]}}"))
}

fn tool(name: &str) -> String {
    format!(
        "{{\"name\":{},\"inputSchema\":{{\"type\":\"object\"}}}}",
        serde_json::Value::from(name)
    )
}

fn list(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, List, "tools/list", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_lists() {
    let page = |cursor: &str| result(&format!("{{\"tools\":[],\"nextCursor\":{cursor}}}"));
    let many: Vec<_> = (0..3_000).map(|n| tool(&n.to_string())).collect();
    let good = tool("add");
    check([
        list("the same cursor again", page("\"{secrets}\""), "ListLimitExceeded"),
        list("cursors without end", page("\"1\""), "ListLimitExceeded")
            .on("tools/list", page("\"{id}\"")),
        list(
            "a long cursor",
            page(&format!("\"{}\"", "x".repeat(200_000))),
            "ok: 1 tools, 0 invalid",
        )
        .on("tools/list", tools(&good)),
        list("a number as a cursor", page("4711"), "InvalidResponse"),
        list(
            "a cursor with control characters",
            page("\"\\u0000\\r\\n\\u202e\""),
            "ok: 1 tools, 0 invalid",
        )
        .on("tools/list", tools(&good)),
        list("3,000 tools", tools(&many.join(",")), "ListLimitExceeded"),
        list("large pages without end", page("\"1\""), "ListLimitExceeded").on(
            "tools/list",
            result(&format!(
                "{{\"tools\":[],\"x\":\"{}\",\"nextCursor\":\"{{id}}\"}}",
                "x".repeat(200_000)
            )),
        ),
        list("no tools", result("{}"), "InvalidResponse"),
        list("null as tools", result("{\"tools\":null}"), "InvalidResponse"),
        list("a text as tools", result("{\"tools\":\"{secrets}\"}"), "InvalidResponse"),
        list("an object as tools", result("{\"tools\":{}}"), "InvalidResponse"),
        list("a second page that fails", page("\"1\""), "Status(500)")
            .on("tools/list", status(500)),
        list(
            "entries that are no tools",
            tools(&format!("1,null,\"{{secrets}}\",[],{{}},{good}")),
            "ok: 1 tools, 5 invalid",
        ),
        list(
            "3,000 invalid entries",
            tools(&vec!["{\"name\":1}"; 3_000].join(",")),
            "ListLimitExceeded",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_tools() {
    let named = |name: &str, tool: &str, expected| {
        case(name, RelayList, "tools/list", tools(tool), expected)
    };
    let schema = |name: &str, schema: &str, expected| {
        let tool = format!("{{\"name\":\"add\",\"inputSchema\":{schema}}}");
        case(name, RelayCall, "tools/list", tools(&tool), expected)
    };
    let add = tool("add");
    let deep = format!(
        "{{\"type\":\"object\",\"not\":{}{{}}{}}}",
        "{\"not\":".repeat(100),
        "}".repeat(100)
    );
    let wide = vec!["{}"; 5_000].join(",");
    let values: Vec<_> = (0..20_000).map(|n| format!("\"{n}\"")).collect();
    let names: Vec<_> =
        (0..400).map(|n| format!("{{\"name\":\"{}{n}\"}}", "x".repeat(500))).collect();
    let property =
        |schema: &str| format!("{{\"type\":\"object\",\"properties\":{{\"a\":{schema}}}}}");
    check([
        named("an empty name", &tool(""), "ok: 1 tools, 0 invalid"),
        named("a long name", &tool(&"x".repeat(100_000)), "ok: 1 tools, 0 invalid"),
        named("a name with control characters", &tool("\u{1b}[31m\u{202e}\r\n\0"), "ok: 1 tools, 0 invalid"),
        named("a name with a path", &tool("../../{secrets}"), "ok: 1 tools, 0 invalid"),
        named("the same name twice", &format!("{add},{add}"), "ok: 1 tools, 1 invalid"),
        named("a number as a name", "{\"name\":1,\"inputSchema\":{}}", "ok: 0 tools, 1 invalid"),
        named("long invalid tools", &names.join(","), "ok: 0 tools, 400 invalid").with_one_warning("count=400"),
        named("a secret as the name of an invalid tool", "{\"name\":\"{secrets}\"}", "ok: 0 tools, 1 invalid"),
        named("a secret in the reason of an invalid tool", "{\"name\":\"a\",\"inputSchema\":{\"type\":\"object\"},\"{secrets}\":1,\"{secrets}\":2}", "ok: 0 tools, 1 invalid"),
        schema("a secret as a required member", "{\"type\":\"object\",\"required\":[\"{secrets}\"]}", "InvalidArguments, did not run"),
        schema("a secret as the dialect", "{\"$schema\":\"{secrets}\",\"type\":\"object\"}", "ToolCall, did not run"),
        schema("a long dialect", &format!("{{\"$schema\":\"{}\",\"type\":\"object\"}}", "x".repeat(200_000)), "ToolCall, did not run"),
        case("a secret as a name in structured content", RelayCall, "tools/list", tools("{\"name\":\"add\",\"inputSchema\":{\"type\":\"object\"},\"outputSchema\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}}"), "InvalidOutput")
            .on("tools/call", result("{\"content\":[],\"structuredContent\":{\"{secrets}\":\"x\"}}")),
        schema("a schema that is no object", "\"{secrets}\"", "UnknownTool, did not run"),
        schema("a schema that refers to itself", "{\"type\":\"object\",\"$ref\":\"#\"}", "ok: 3"),
        schema("a schema that refers to another origin", "{\"type\":\"object\",\"$ref\":\"http://127.0.0.1:9/{secrets}\"}", "ok: 3"),
        schema("schemas that refer to each other", "{\"type\":\"object\",\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}", "ok: 3"),
        schema("a deep schema", &deep, "ok: 3"),
        schema("many alternatives", &format!("{{\"type\":\"object\",\"anyOf\":[{wide}]}}"), "ok: 3"),
        schema("a large enum", &property(&format!("{{\"enum\":[{}]}}", values.join(","))), "ok: 3"),
        schema("a large pattern", &property(&format!("{{\"pattern\":\"{}\"}}", "(a+)+".repeat(20_000))), "ok: 3"),
        schema("a slow pattern", &property("{\"pattern\":\"^((a{1,999}){1,999}){1,999}$\"}"), "ok: 3"),
        schema("many required members", &format!("{{\"type\":\"object\",\"required\":[{}]}}", values.join(",")), "InvalidArguments, did not run"),
        schema("a long required member", &format!("{{\"type\":\"object\",\"required\":[\"{}\"]}}", "x".repeat(200_000)), "InvalidArguments, did not run"),
    ])
    .await;
}
