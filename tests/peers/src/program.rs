//! The servers that the tests know how to start.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{skip, target};

/// What we wrote around the servers.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/real");

/// A server that the tests know how to start.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// `@modelcontextprotocol/server-everything`, as published.
    Everything,
    /// The same with HTTP+SSE.
    EverythingSse,
    /// `python/server.py` on `fastmcp`.
    FastMcp,
    /// `node/oidc-provider.mjs` on `oidc-provider`, an authorization server.
    OidcProvider,
    /// `python-sdk/server.py` on the SDK `mcp`.
    PythonSdk,
}

impl Program {
    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Everything | Self::EverythingSse | Self::OidcProvider => "node",
            Self::FastMcp => "python",
            Self::PythonSdk => "python-sdk",
        };
        target().join("real-servers").join(name)
    }

    /// The command, without the environment of the tests: one server has a tool that shows it.
    pub(crate) fn command(self) -> Command {
        let (fixtures, folder) = (Path::new(FIXTURES), self.folder());
        let mut command = match self {
            Self::Everything | Self::EverythingSse => {
                let package = "node_modules/@modelcontextprotocol/server-everything";
                let mut command = Command::new("node");
                command.arg("--import").arg(fixtures.join("node/loopback.mjs"));
                command.arg(folder.join(package).join("dist/index.js"));
                let over_sse = matches!(self, Self::EverythingSse);
                command.arg(if over_sse { "sse" } else { "streamableHttp" });
                command
            }
            Self::OidcProvider => {
                let mut command = Command::new("node");
                command.arg(fixtures.join("node/oidc-provider.mjs"));
                command.arg(folder.join("node_modules/oidc-provider/lib/index.js"));
                command
            }
            Self::FastMcp | Self::PythonSdk => {
                let mut command = Command::new(folder.join("bin/python"));
                command.arg("-B").arg(fixtures.join(folder.file_name().unwrap()).join("server.py"));
                command
            }
        };
        let path = env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path);
        command
    }
}

/// The folder that a program is installed in. Where it is not, the test is to return: that it was
/// skipped is said here.
pub fn installed(program: Program) -> Option<PathBuf> {
    let folder = program.folder();
    let installed = folder.join("installed");
    if !installed.exists() {
        return skip(&format!("{} does not exist: run .ci/real-servers", installed.display()));
    }
    Some(folder)
}
