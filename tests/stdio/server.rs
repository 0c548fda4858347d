//! A server on stdin and stdout whose arguments name its behaviors, good and bad.
//!
//! `old` makes it stateful and `new` stateless. The other arguments are explained where they are
//! used.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "that is how it speaks")]

use std::{
    env,
    fmt::Display,
    fs,
    io::{self, BufRead, Write},
    path::Path,
    process::{Command, exit},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

/// The number of responses to its pings.
static PING_RESPONSES: AtomicUsize = AtomicUsize::new(0);

fn main() {
    if has("exits") {
        eprintln!("cannot find module 'left-pad'");
        eprintln!("the key is {}", env::var("KEY").unwrap_or_default());
        exit(7);
    }
    if has("banner") {
        println!("Welcome to the server\n\nlistening on stdio");
    }
    if has("grandchild") {
        grandchild();
    }
    let mut held = Vec::new();
    let mut late = Late::start();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let message: Value = serde_json::from_str(&line).expect("a line of JSON");
        for message in late.pass(message) {
            handle(&message, &mut held);
        }
    }
    // Like a server that ignores the end of its input.
    while has("stays") {
        thread::park();
    }
}

/// `late=PATH`: like a server that starts slowly, the first process handles its first requests only
/// after it has read two of them, or three with `later`. PATH does not exist before.
struct Late {
    path: Option<String>,
    requests: Vec<Value>,
}

impl Late {
    fn start() -> Self {
        let path = env::args().find_map(|arg| Some(arg.strip_prefix("late=")?.to_owned()));
        let path = path.filter(|path| !Path::new(path).exists());
        let late = Self { path, requests: Vec::new() };
        late.write(format!("{}", std::process::id()));
        late
    }

    /// Shows the test what has happened.
    fn write(&self, text: String) {
        if let Some(path) = &self.path {
            fs::write(path, text).expect("a writable path");
        }
    }

    /// Returns the messages to handle now.
    fn pass(&mut self, message: Value) -> Vec<Value> {
        if self.path.is_none() {
            return vec![message];
        }
        self.requests.push(message);
        let count = if has("later") { 3 } else { 2 };
        if self.requests.len() == 2 {
            self.write(format!("{} two", std::process::id()));
        }
        if self.requests.len() < count {
            return Vec::new();
        }
        self.path = None;
        std::mem::take(&mut self.requests)
    }
}

fn has(behavior: &str) -> bool {
    env::args().any(|arg| arg == behavior)
}

fn write_message(message: &Value) {
    // The client may have gone.
    let _ = writeln!(io::stdout(), "{message}");
}

fn respond(id: &Value, mut result: Value) {
    result["resultType"] = json!("complete");
    write_message(&json!({ "result": result, "jsonrpc": "2.0", "id": id }));
}

fn respond_with_text(id: &Value, text: impl Display) {
    respond(id, json!({ "content": [{ "type": "text", "text": text.to_string() }] }));
}

fn respond_with_error(id: &Value, code: i64, message: &str) {
    write_message(
        &json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }),
    );
}

fn handle(message: &Value, held: &mut Vec<Value>) {
    let id = &message["id"];
    let Some(method) = message["method"].as_str() else {
        PING_RESPONSES.fetch_add(1, Ordering::Relaxed);
        // The response to the server's own request completes the held call.
        return held.drain(..).for_each(|id| respond_with_text(&id, &message["result"]));
    };
    match method {
        "server/discover" if has("new") => respond(
            id,
            json!({
                "supportedVersions": ["2026-07-28"],
                "capabilities": { "tools": {} },
                "ttlMs": 3_600_000,
                "cacheScope": "private",
            }),
        ),
        "server/discover" if has("leaves") => exit(1),
        "server/discover" if has("silent") => {}
        "initialize" if has("exits-late") => exit(1),
        "initialize" if has("no-initialize") => {}
        "initialize" if has("old") => respond(
            id,
            json!({
                "protocolVersion": "2025-06-18",
                "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": "stdio", "version": "1" },
            }),
        ),
        "tools/list" => {
            let tool = json!({ "name": "pid", "inputSchema": { "type": "object" } });
            respond(id, json!({ "tools": [tool], "ttlMs": 0, "cacheScope": "private" }));
        }
        "tools/call" => call(id, &message["params"], held),
        "notifications/cancelled" => {
            // A late response, which a server should not send at all.
            respond_with_text(&message["params"]["requestId"], "too late");
            let _ = writeln!(io::stderr(), "cancelled {}", message["params"]["requestId"]);
        }
        _ if id.is_null() => {}
        _ if has("silent") => {}
        method => respond_with_error(id, -32601, &format!("no method {method}")),
    }
}

fn call(id: &Value, params: &Value, held: &mut Vec<Value>) {
    let arguments = &params["arguments"];
    let count = arguments["count"].as_u64().unwrap_or(1);
    match params["name"].as_str().unwrap_or_default() {
        "pid" => respond_with_text(id, std::process::id()),
        "echo" => {
            let asks = arguments["asks"].as_u64().unwrap_or_default();
            (0..asks).for_each(|n| {
                write_message(
                    &json!({ "jsonrpc": "2.0", "id": format!("{id}-{n}"), "method": "ping" }),
                );
            });
            respond_with_text(id, arguments);
        }
        "pongs" => respond_with_text(id, PING_RESPONSES.load(Ordering::Relaxed)),
        "hold" => held.push(id.clone()),
        "release" => {
            respond_with_text(id, "released");
            held.drain(..).rev().for_each(|id| respond_with_text(&id, &id));
        }
        "twice" => {
            respond_with_text(id, "first");
            respond_with_text(id, "second");
            respond_with_text(&json!(4711), "not requested");
        }
        "ask" => {
            held.push(id.clone());
            write_message(&json!({ "jsonrpc": "2.0", "id": "ask-1", "method": "ping" }));
        }
        "tell" => {
            let token = &params["_meta"]["progressToken"];
            let progress = json!({ "progressToken": token, "progress": 0.5 });
            write_message(
                &json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": progress }),
            );
            let log = json!({ "level": "info", "data": "half" });
            write_message(
                &json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": log }),
            );
            respond_with_text(id, "told");
        }
        "change" => {
            write_message(
                &json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }),
            );
            respond_with_text(id, "changed");
        }
        "noise" => {
            (0..count).for_each(|_| println!("debug: this is no message"));
            respond_with_text(id, "done");
        }
        "stderr" => {
            (0..count).for_each(|_| eprintln!("debug: this is no error"));
            respond_with_text(id, "done");
        }
        "long" => {
            let long = "x".repeat(usize::try_from(count).unwrap_or(usize::MAX));
            respond_with_text(id, long);
        }
        "flood" => {
            (0..count / 4096)
                .try_for_each(|_| io::stdout().write_all(&[b'x'; 4096]))
                .expect("a pipe");
            println!();
            respond_with_text(id, "over");
        }
        "half" => {
            print!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"res");
            exit(0);
        }
        "refuse" => respond_with_error(id, -32602, &format!("no use for {}", secrets())),
        "confess" => {
            eprintln!("{}", secrets());
            exit(1);
        }
        "die" => {
            eprintln!("out of cheese");
            exit(9);
        }
        "mute" => {
            // Its output stays open until it ends. This is the closest that safe code comes to
            // that.
            let _ =
                Command::new("kill").args(["-s", "STOP", &std::process::id().to_string()]).status();
        }
        "env" => {
            let names: Vec<_> = env::vars().map(|(name, _)| name).collect();
            respond_with_text(id, names.join(" "));
        }
        "args" => respond_with_text(id, json!(env::args().skip(1).collect::<Vec<_>>())),
        "folder" => respond_with_text(id, env::current_dir().expect("a directory").display()),
        "deaf" => {
            respond_with_text(id, "deaf from now on");
            loop {
                thread::park();
            }
        }
        "grandchild" => respond_with_text(id, grandchild()),
        name => respond_with_error(id, -32602, &format!("no tool {name}")),
    }
}

/// The secrets that the server was given.
fn secrets() -> String {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let variables = ["PEM", "CARGO_PKG_DESCRIPTION"].map(|name| env::var(name).unwrap_or_default());
    format!("{arguments:?}\n{}", variables.join("\n"))
}

/// Starts a process that outlives this one and holds its output open.
fn grandchild() -> u32 {
    Command::new("sh")
        .args(["-c", "trap '' TERM; while :; do sleep 1; done"])
        .spawn()
        .expect("a shell")
        .id()
}
