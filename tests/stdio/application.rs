//! An application that starts a server, says which processes there are, and ends in the way that its
//! second argument names. The first is the server.
#![allow(clippy::print_stdout, reason = "that is how it tells the test")]

use std::{future::pending, process::exit};

use mcp_client::Client;
use mcp_stdio::StdioTransport;
use serde_json::json;

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let server = StdioTransport::builder(&arguments[1]).args(["new", "stays"]).build();
    let client = Client::new(server);
    for tool in ["pid", "grandchild"] {
        let result = client.call_tool(tool, json!({})).await.expect("the tool works");
        let text = serde_json::to_value(&result.content).expect("JSON");
        println!("{}", text[0]["text"].as_str().expect("a text"));
    }
    match arguments[2].as_str() {
        "returns" => {}
        "closes" => client.close().await.expect("it ends"),
        "panics" => panic!("as applications do"),
        "exits" => exit(3),
        _ => pending().await,
    }
}
