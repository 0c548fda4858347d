//! Runs the program and records its output.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use mcp_testkit::TestServer;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
};

/// A process of the program, in an empty folder and with an empty environment.
pub(crate) struct RelayProcess {
    command: Command,
    folder: PathBuf,
    input: String,
    replacements: Vec<(String, &'static str)>,
}

/// Creates a process with these arguments, which are separated by spaces.
pub(crate) fn relay(arguments: &str) -> RelayProcess {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("relay-cli-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder can be created");
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command.args(arguments.split_whitespace()).env_clear().current_dir(&folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    RelayProcess { command, folder, input: String::new(), replacements: Vec::new() }
}

impl RelayProcess {
    /// Adds an argument, which may have spaces.
    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Writes a file in the folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.join(name), text).expect("the file can be written");
        self
    }

    /// Replaces a value in the transcript, because it differs from run to run.
    pub(crate) fn replace(mut self, value: &str, placeholder: &'static str) -> Self {
        self.replacements.push((value.to_owned(), placeholder));
        self
    }

    /// Sets the text of stdin.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Adds `--url` with the URL of a server, and replaces its port in the transcript.
    pub(crate) fn url(self, server: &TestServer) -> Self {
        self.arg("--url").arg(server.url()).replace_port(server)
    }

    /// Writes a relay.toml with these servers, and replaces their ports in the transcript.
    pub(crate) fn servers(self, servers: &[(&str, &TestServer)]) -> Self {
        let section = |(name, server): &(&str, &TestServer)| {
            format!("[servers.{name}]\nurl = \"{}\"\n", server.url())
        };
        let text: String = servers.iter().map(section).collect();
        let process = self.file("relay.toml", &text);
        servers.iter().fold(process, |process, (_, server)| process.replace_port(server))
    }

    pub(crate) fn replace_port(mut self, server: &TestServer) -> Self {
        let url = server.url().strip_suffix("/mcp").expect("the endpoint is /mcp");
        self.replacements.push((url.to_owned(), "http://127.0.0.1:PORT"));
        self
    }

    /// Sets stdout. By default, it is read into the transcript.
    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Starts the program, and returns its stdin.
    pub(crate) fn spawn_with_stdin(&mut self) -> (Child, ChildStdin) {
        let mut child = self.command.spawn().expect("the program starts");
        let stdin = child.stdin.take().expect("stdin is a pipe");
        (child, stdin)
    }

    pub(crate) async fn spawn(&mut self) -> Child {
        let (child, mut stdin) = self.spawn_with_stdin();
        // This fails if the program ends without reading stdin.
        drop(stdin.write_all(self.input.as_bytes()).await);
        child
    }

    /// Runs the program and returns the transcript: exit code, stdout and stderr.
    pub(crate) async fn run(mut self) -> String {
        let output = self.spawn().await.wait_with_output().await.expect("the program ends");
        self.transcript(&output)
    }

    /// Runs the program and returns its stdout.
    pub(crate) async fn stdout_text(mut self) -> String {
        let output = self.spawn().await.wait_with_output().await.expect("the program ends");
        String::from_utf8(output.stdout).expect("the output is UTF-8")
    }

    pub(crate) fn transcript(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("the output is UTF-8");
            self.replacements
                .iter()
                .fold(text, |text, (value, placeholder)| text.replace(value, placeholder))
        };
        let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        format!("exit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}---")
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // A folder that remains affects no other test.
        drop(fs::remove_dir_all(&self.folder));
    }
}
