//! The servers that the tests can start.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{skip, target};

/// The folder of our scripts for the servers.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/real");

/// A server that the tests can start.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// `@modelcontextprotocol/server-everything`, as published.
    Everything,
    /// `@modelcontextprotocol/server-everything` with HTTP+SSE.
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
        target().join("real-servers").join(self.pins().0)
    }

    /// Returns the folder and the files that pin its version.
    fn pins(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Everything | Self::EverythingSse | Self::OidcProvider => {
                ("node", &["package.json", "package-lock.json", ".npmrc"])
            }
            Self::FastMcp => ("python", &["requirements.txt"]),
            Self::PythonSdk => ("python-sdk", &["requirements.txt"]),
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
