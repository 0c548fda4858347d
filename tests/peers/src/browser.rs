//! A headless browser, controlled by the DevTools protocol over a pipe.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{ChildStdin, Command},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::process::{Group, scratch, skip};

/// The time limit of a response or a page.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The arguments of the browser. It may connect only to this machine.
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
    "about:blank",
];

/// Chromium with one page. Dropping it ends the process.
#[derive(Debug)]
pub struct Browser {
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// The number of the last command.
    last: u64,
    /// The session of the page.
    session: Option<String>,
    /// The number of loaded pages.
    loaded: usize,
    /// The response of the page.
    response: Value,
    complaints: Vec<String>,
    // Dropped in this order.
    _group: Group,
    _profile: Profile,
}

/// The folder with the data of the browser.
#[derive(Debug)]
struct Profile(PathBuf);

impl Browser {
    /// Starts the browser with an empty profile. Returns `None` and prints that the test is
    /// skipped, if it is not installed. The test must then return.
    pub fn start() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&path).any(|folder| folder.join("chromium").exists()) {
            return skip("chromium is not installed");
        }
        let profile = Profile(scratch("chromium"));
        // It reads commands from file descriptor 3, and writes to 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >&2", "sh"]);
        command.arg(format!("--user-data-dir={}", profile.0.display())).args(ARGUMENTS);
        command.env_clear().env("PATH", path).env("HOME", &profile.0);
        let (mut group, stdout) = Group::spawn(command).unwrap();
        let (sender, messages) = channel();
        thread::spawn(move || {
            let messages = BufReader::new(stdout).split(0).map_while(Result::ok);
            // Fails after the browser was dropped.
            messages
                .map(|it| serde_json::from_slice(&it).unwrap())
                .try_for_each(|it| sender.send(it))
        });
        let mut browser = Self {
            commands: group.stdin(),
            messages,
            last: 0,
            session: None,
            loaded: 0,
            response: Value::Null,
            complaints: Vec::new(),
            _group: group,
            _profile: profile,
        };
        browser.attach();
        Some(browser)
    }

    fn attach(&mut self) {
        let target = self.command("Target.createTarget", &json!({ "url": "about:blank" }));
        let params = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.command("Target.attachToTarget", &params);
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Network", "Log"] {
            self.command(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Opens a page, and waits until it is loaded.
    pub fn open(&mut self, url: &str) {
        self.awaiting_page(|browser| {
            let outcome = browser.command("Page.navigate", &json!({ "url": url }));
            assert_eq!(outcome.get("errorText"), None, "{url}");
        });
    }

    /// Clicks on the element of a CSS selector, and waits until the next page is loaded.
    pub fn follow(&mut self, selector: &str) {
        self.awaiting_page(|browser| {
            browser.evaluate(&format!("document.querySelector({}).click()", json!(selector)));
        });
    }

    /// Fills in a field of a form.
    pub fn fill(&mut self, selector: &str, text: &str) {
        self.evaluate(&format!(
            "document.querySelector({}).value = {}",
            json!(selector),
            json!(text)
        ));
    }

    /// Returns the URL of the page.
    pub fn url(&mut self) -> String {
        self.evaluate("location.href").as_str().unwrap().to_owned()
    }

    /// Returns the title of the page.
    pub fn title(&mut self) -> String {
        self.evaluate("document.title").as_str().unwrap().to_owned()
    }

    /// Returns the visible text of the page.
    pub fn text(&mut self) -> String {
        self.evaluate("document.body.innerText").as_str().unwrap().to_owned()
    }

    /// Evaluates a JavaScript expression.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true });
        let mut outcome = self.command("Runtime.evaluate", &params);
        assert_eq!(outcome.get("exceptionDetails"), None, "{expression}");
        outcome["result"]["value"].take()
    }

    /// Returns the URLs in the history of the page, with the current one.
    pub fn history(&mut self) -> Vec<String> {
        let history = self.command("Page.getNavigationHistory", &json!({}));
        let entries = history["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns a header of the response of the page.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.response["headers"].as_object().unwrap();
        let mut named = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().and_then(|(_, value)| value.as_str())
    }

    /// Returns the log entries of the browser so far.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn awaiting_page(&mut self, act: impl FnOnce(&mut Self)) {
        let before = self.loaded;
        act(self);
        while self.loaded == before {
            self.read();
        }
    }

    fn command(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let Some(mut response) = self.read() else { continue };
            assert_eq!(response.get("error"), None, "{method}");
            return response["result"].take();
        }
    }

    /// Reads a message. Returns the response to the last command, and records events.
    fn read(&mut self) -> Option<Value> {
        let mut message = self.messages.recv_timeout(TIMEOUT).unwrap();
        if message["id"] == self.last {
            return Some(message);
        }
        let mut params = message["params"].take();
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.loaded += 1,
            Some("Network.responseReceived") if params["type"] == "Document" => {
                self.response = params["response"].take();
            }
            Some("Log.entryAdded") => self.complaints.push(params["entry"].to_string()),
            _ => {}
        }
        None
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Files that remain do no harm.
        drop(fs::remove_dir_all(&self.0));
    }
}
