//! A browser without a window, spoken to by its DevTools protocol over a pipe.

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

/// How long an answer or a page may take.
const LONGEST: Duration = Duration::from_secs(60);
/// The browser has no business but on this machine, whatever pages may want.
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

/// Chromium, showing one page. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    commands: ChildStdin,
    messages: Receiver<Value>,
    /// The number of the last command.
    last: u64,
    /// The page, among all that the browser may be asked about.
    session: Option<String>,
    /// How many pages were loaded.
    loaded: usize,
    /// The answer that the page came with.
    response: Value,
    complaints: Vec<String>,
    // They end in this order.
    _group: Group,
    _profile: Profile,
}

/// The folder that the browser keeps everything in.
#[derive(Debug)]
struct Profile(PathBuf);

impl Browser {
    /// Starts the browser with an empty profile. Where it is not installed there is none, and the test
    /// is to return: that it was skipped is said here.
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
            // Nobody listens after the browser was given up.
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

    /// Goes to a page, and waits until it is there.
    pub fn open(&mut self, url: &str) {
        self.awaiting_page(|browser| {
            let outcome = browser.command("Page.navigate", &json!({ "url": url }));
            assert_eq!(outcome.get("errorText"), None, "{url}");
        });
    }

    /// Clicks on what a CSS selector names, and waits until the next page is there.
    pub fn follow(&mut self, selector: &str) {
        self.awaiting_page(|browser| {
            browser.evaluate(&format!("document.querySelector({}).click()", json!(selector)));
        });
    }

    /// Writes into a field of a form.
    pub fn fill(&mut self, selector: &str, text: &str) {
        self.evaluate(&format!(
            "document.querySelector({}).value = {}",
            json!(selector),
            json!(text)
        ));
    }

    /// What is in the address bar.
    pub fn url(&mut self) -> String {
        self.evaluate("location.href").as_str().unwrap().to_owned()
    }

    /// What the tab is called.
    pub fn title(&mut self) -> String {
        self.evaluate("document.title").as_str().unwrap().to_owned()
    }

    /// The text of the page as people see it.
    pub fn text(&mut self) -> String {
        self.evaluate("document.body.innerText").as_str().unwrap().to_owned()
    }

    /// The value of an expression of JavaScript.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true });
        let mut outcome = self.command("Runtime.evaluate", &params);
        assert_eq!(outcome.get("exceptionDetails"), None, "{expression}");
        outcome["result"]["value"].take()
    }

    /// The pages that the button back leads through, and the one that is shown.
    pub fn history(&mut self) -> Vec<String> {
        let history = self.command("Page.getNavigationHistory", &json!({}));
        let entries = history["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["url"].as_str().unwrap().to_owned()).collect()
    }

    /// A header that the page came with.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.response["headers"].as_object().unwrap();
        let mut named = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().and_then(|(_, value)| value.as_str())
    }

    /// What the browser has found fault with so far.
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
            let Some(mut answer) = self.read() else { continue };
            assert_eq!(answer.get("error"), None, "{method}");
            return answer["result"].take();
        }
    }

    /// Reads a message: the answer to the last command, or an event, which is taken note of.
    fn read(&mut self) -> Option<Value> {
        let mut message = self.messages.recv_timeout(LONGEST).unwrap();
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
        // What is left behind is in the way of nothing.
        drop(fs::remove_dir_all(&self.0));
    }
}
