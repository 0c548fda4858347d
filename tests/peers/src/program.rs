//! The servers that the tests can start.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{skip, target};

/// The folder of our scripts for the servers.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/real");

/// The script of the server `Everything`, in the folder of the packages.
const EVERYTHING: &str = "@modelcontextprotocol/server-everything/dist/index.js";

/// A server that the tests can start.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// `python/authlib_server.py` on Authlib, an authorization server with the device grant.
    Authlib,
    /// `@modelcontextprotocol/server-everything`, as published.
    Everything,
    /// `@modelcontextprotocol/server-everything` with HTTP+SSE.
    EverythingSse,
    /// `python/server.py` on `fastmcp`.
    FastMcp,
    /// `python/proxy.py`, a proxy of `fastmcp`.
    FastMcpProxy,
    /// `python-sdk/gateway.py`, the gateway `mcp-proxy`, in front of the server `Everything` on stdio.
    McpProxy,
    /// `node/oauth2-server.mjs` on `@node-oauth/oauth2-server`, an authorization server.
    NodeOAuth2Server,
    /// `node/oidc-provider.mjs` on `oidc-provider`, an authorization server.
    OidcProvider,
    /// `python-sdk/server.py` on version 1 of the SDK `mcp`.
    PythonSdk,
    /// `python/mcp_server.py` on version 2 of the SDK `mcp`.
    PythonSdk2,
    /// `rmcp/src/main.rs` on `rmcp`.
    Rmcp,
    /// The gateway `supergateway` in front of the server `Everything` on stdio. With `true`, it has
    /// sessions in the stateful versions.
    Supergateway(bool),
    /// `node/typescript-v2.mjs` on version 2 of the TypeScript SDK.
    TypeScriptSdk2,
    /// `node/sdk-router.mjs` on the TypeScript SDK, an authorization server.
    SdkRouter,
}

impl Program {
    fn folder(self) -> PathBuf {
        target().join("real-servers").join(self.pins().0)
    }

    /// Returns the folder and the files that pin its version.
    fn pins(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Everything
            | Self::EverythingSse
            | Self::NodeOAuth2Server
            | Self::OidcProvider
            | Self::SdkRouter
            | Self::Supergateway(_)
            | Self::TypeScriptSdk2 => ("node", &["package.json", "package-lock.json", ".npmrc"]),
            Self::Authlib | Self::FastMcp | Self::FastMcpProxy | Self::PythonSdk2 => {
                ("python", &["requirements.txt"])
            }
            Self::McpProxy | Self::PythonSdk => ("python-sdk", &["requirements.txt"]),
            Self::Rmcp => ("rmcp", &["Cargo.toml", "Cargo.lock", "src/main.rs"]),
        }
    }

    /// Returns the checksums that `.ci/real-servers` writes to the folder.
    fn stamp(self) -> String {
        let (folder, pins) = self.pins();
        let mut cksum = Command::new("cksum");
        let sums = cksum.args(pins).current_dir(Path::new(FIXTURES).join(folder)).output();
        String::from_utf8_lossy(&sums.expect("cksum is installed").stdout).trim().to_owned()
    }

    /// Returns the command. It does not inherit the environment, because one server has a tool that
    /// returns it.
    pub(crate) fn command(self) -> Command {
        let (fixtures, folder) = (Path::new(FIXTURES), self.folder());
        let node = |script: &str| {
            let mut command = Command::new("node");
            command.arg(fixtures.join("node").join(script));
            command
        };
        let node_on_loopback = |script: &str| {
            let mut command = Command::new("node");
            command.arg("--import").arg(fixtures.join("node/loopback.mjs"));
            command.arg(folder.join("node_modules").join(script));
            command
        };
        let python = |script: &str| {
            let mut command = Command::new(folder.join("bin/python"));
            command.arg("-B").arg(fixtures.join(folder.file_name().unwrap()).join(script));
            command
        };
        let mut command = match self {
            Self::Authlib => python("authlib_server.py"),
            Self::Everything => node_on_loopback(EVERYTHING).with_args(["streamableHttp"]),
            Self::EverythingSse => node_on_loopback(EVERYTHING).with_args(["sse"]),
            Self::FastMcp | Self::PythonSdk => python("server.py"),
            Self::FastMcpProxy => python("proxy.py"),
            Self::McpProxy => python("gateway.py").with_args(everything_on_stdio()),
            Self::NodeOAuth2Server => node("oauth2-server.mjs")
                .with_args([folder.join("node_modules/@node-oauth/oauth2-server/index.js")]),
            Self::OidcProvider => node("oidc-provider.mjs")
                .with_args([folder.join("node_modules/oidc-provider/lib/index.js")]),
            Self::PythonSdk2 => python("mcp_server.py"),
            Self::Rmcp => Command::new(folder.join("debug/rmcp-fixture")),
            Self::SdkRouter => node("sdk-router.mjs")
                .with_args([folder.join("node_modules/@modelcontextprotocol/sdk/dist/esm")]),
            Self::Supergateway(with_sessions) => node_on_loopback("supergateway/dist/index.js")
                .with_args(["--outputTransport", "streamableHttp", "--logLevel", "none"])
                .with_args(with_sessions.then_some("--stateful"))
                .with_args(["--stdio", &everything_on_stdio().join(" ")]),
            Self::TypeScriptSdk2 => {
                node("typescript-v2.mjs").with_args([folder.join("node_modules")])
            }
        };
        let path = env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command
    }
}

/// Returns the command of the server `Everything` on stdio.
fn everything_on_stdio() -> [String; 3] {
    let script = Program::Everything.folder().join("node_modules").join(EVERYTHING);
    ["node".to_owned(), script.to_str().unwrap().to_owned(), "stdio".to_owned()]
}

/// Adds arguments by value.
trait WithArgs {
    fn with_args(self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self;
}

impl WithArgs for Command {
    fn with_args(mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        self.args(arguments);
        self
    }
}

/// Returns the folder of an installed program. Returns `None` and prints that the test is skipped,
/// if the program is missing or outdated. The test must then return.
pub fn installed(program: Program) -> Option<PathBuf> {
    let folder = program.folder();
    let installed = fs::read_to_string(folder.join("installed"));
    let stale = |what: &str| skip(&format!("{} {what}: run .ci/real-servers", folder.display()));
    match installed {
        Err(_) => stale("does not exist"),
        Ok(stamp) if stamp.trim() != program.stamp() => stale("is outdated"),
        Ok(_) => Some(folder),
    }
}
