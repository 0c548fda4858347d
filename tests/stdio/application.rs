//! An application that starts a server, prints process ids, and ends.
//!
//! The first argument is the server, and the second says how the application ends.
#![allow(clippy::print_stdout, reason = "that is how it tells the test")]

use std::{env::args, future::pending, process::exit};

use mcp_client::Client;
use mcp_stdio::{StdioTransport, StdioTransportBuilder};
use serde_json::json;

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = args().collect();
    if arguments[2] == "adopts" {
        inherit_orphans();
    }
    let server = StdioTransport::builder(&arguments[1]).args(["new", "stays"]);
    if arguments[2] == "is flooded" {
        return measure_flood(server.max_message_size(1024 * 1024)).await;
    }
    let client = Client::new(server.build());
    print_text(&client, "pid").await;
    print_text(&client, "grandchild").await;
    match arguments[2].as_str() {
        "returns" => {}
        "closes" => client.close().await.expect("it completes"),
        "panics" => panic!("on purpose"),
        "exits" => exit(3),
        "aborts" => std::process::abort(),
        "adopts" => {
            client.call_tool("die", ()).await.expect_err("it dies");
            print_text(&client, "pid").await;
            pending::<()>().await;
        }
        _ => pending::<()>().await,
    }
}

/// Prints the text that a tool returns.
async fn print_text(client: &Client, tool: &str) {
    let result = client.call_tool(tool, json!({})).await.expect("the tool works");
    let text = serde_json::to_value(&result.content).expect("JSON");
    println!("{}", text[0]["text"].as_str().expect("a text"));
}

/// Makes the server write a line of 200 MB, and prints the peak memory in KiB.
async fn measure_flood(server: StdioTransportBuilder) {
    let client = Client::new(server.build());
    let flood = client.call_tool("flood", json!({ "count": 200_000_000 })).await;
    flood.expect_err("the line is too long");
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    println!("{}", peak.expect("a number").trim());
    client.close().await.expect("it completes");
}

/// Makes this process inherit orphans, like the first process of a container.
fn inherit_orphans() {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true).expect("Linux can do that");
}
