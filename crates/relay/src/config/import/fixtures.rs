//! Tests with a file of each program. The files have all documented members.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::members::{IGNORED, READ};
use crate::{
    config::{Config, toml_file::tests::errors},
    settings::TransportConfig,
};

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../../tests/fixtures/config/", $name)))
    };
}

const FILES: [(&str, &str); 12] = [
    fixture!("claude-code.json"),
    fixture!("claude-desktop.json"),
    fixture!("codex.toml"),
    fixture!("cursor.json"),
    fixture!("gemini.json"),
    fixture!("opencode-2.jsonc"),
    fixture!("opencode.jsonc"),
    fixture!("other-programs.json"),
    fixture!("vscode-settings.json"),
    fixture!("vscode.json"),
    fixture!("windsurf.json"),
    fixture!("zed.json"),
];

fn lookup(name: &str) -> Option<String> {
    let value = match name {
        "KEY" => "s3cret-key",
        "input:token" => "s3cret-input",
        "file:/run/secret" => "s3cret-file\n",
        "file:/w/.env" => "A=file\nB=file\n",
        "workspaceFolder" => "/w",
        "workspaceFolderBasename" => "w",
        "userHome" => "/home/me",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Returns all settings of the servers of a file, its errors and its warnings.
fn describe(file: &str) -> String {
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    let config = match file.ends_with(".toml") {
        true => Config::from_toml(text, lookup),
        false => Config::from_json(text, lookup),
    };
    let config = config.unwrap();
    crate::Relay::new(config.clone()).unwrap();
    let mut out = String::new();
    for (name, server) in config.servers.iter().filter(|(_, server)| server.fault.is_none()) {
        let target = match server.transport() {
            TransportConfig::Stdio(command) => command.identity(),
            TransportConfig::Http { url } | TransportConfig::Sse { url } => url.clone(),
        };
        write!(out, "{name}: {} {target}", server.transport().name()).unwrap();
        let token = server.token().map(|token| token.secrets().collect::<Vec<_>>());
        let token = token.map(|token| format!(" credentials {token:?}"));
        let headers = Some(&server.headers).filter(|headers| !headers.is_empty());
        let timeout = Some(server.limits.timeout.as_millis()).filter(|timeout| *timeout != 30_000);
        out += &token.unwrap_or_default();
        out += &headers.map(|headers| format!(" headers {headers:?}")).unwrap_or_default();
        out += &timeout.map(|timeout| format!(" timeout {timeout} ms")).unwrap_or_default();
        if server.filter != Default::default() {
            write!(out, " {:?}", server.filter).unwrap();
        }
        out += if server.required { " required\n" } else { "\n" };
    }
    errors(&config).iter().for_each(|error| writeln!(out, "error: {error}").unwrap());
    for warning in &config.warnings {
        writeln!(out, "warning: {warning} ({})", warning.pointer).unwrap();
    }
    assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
    out
}

#[test]
fn every_known_member_is_in_a_file() {
    for (name, _) in READ {
        assert_is_in_a_file(name);
    }
    for (name, _) in IGNORED {
        assert_is_in_a_file(name);
    }
}

fn assert_is_in_a_file(name: &str) {
    let spellings = [format!("\"{name}\":"), format!("\n{name} = ")];
    let contains = |text: &str| spellings.iter().any(|spelling| text.contains(spelling));
    assert!(FILES.iter().any(|(_, text)| contains(text)), "{name}");
}

#[test]
fn reads_claude_code() {
    assert_snapshot!(describe("claude-code.json"), @r#"
    hub: http https://hub.example/mcp credentials ["s3cret-key"] headers [("X-Team", "blue")] timeout 600000 ms
    old: sse https://old.example/sse
    spelled: http https://spelled.example/mcp
    tool: stdio (["tool", "--root", "/srv"], {"TOKEN": "s3cret-key"}, [], None)
    error: line 15, column 29: server "socket": "type": expected one of "stdio", "http", "sse"
    error: line 17, column 58: server "unset": variable "NONE" is not set and has no default
    warning: line 2, column 17: "projects" is ignored: the servers of single projects are not read (/projects)
    warning: line 8, column 30: server "hub": "headersHelper" is ignored: Relay runs no program to get headers (/mcpServers/hub/headersHelper)
    warning: line 9, column 22: server "hub": "oauth" is ignored: the application configures the sign-in (/mcpServers/hub/oauth)
    warning: line 11, column 27: server "hub": "alwaysLoad" is ignored: Relay always lists the tools (/mcpServers/hub/alwaysLoad)
    "#);
}

#[test]
fn reads_claude_desktop() {
    assert_snapshot!(describe("claude-desktop.json"), @r#"files: stdio (["npx", "-y", "my-files", "/data"], {"LEVEL": "info", "PORT": "8080"}, [], None)"#);
}

#[test]
fn reads_codex() {
    assert_snapshot!(describe("codex.toml"), @r#"
    local: stdio (["npx", "-y", "${not_a_variable}"], {"LEVEL": "info"}, ["TOKEN", "OTHER"], Some("/srv")) timeout 45000 ms Filter { allow: Some(["open", "read"]), deny: ["read"] } required
    remote: http https://remote.example/mcp credentials ["s3cret-key"] headers [("X-Team", "blue"), ("X-Key", "s3cret-key")]
    error: line 42, column 1: server "twice": duplicate key "command"
    error: line 38, column 24: server "unset": variable "NONE" is not set
    warning: line 16, column 31: server "local": "default_tools_approval_mode" is ignored: Relay does not ask for approval (/mcp_servers/local/default_tools_approval_mode)
    warning: line 8, column 85: server "local": "source" is ignored: a variable of another machine is left out (/mcp_servers/local/env_vars/2/source)
    warning: line 18, column 28: server "local": "experimental_environment" is ignored: Relay starts the program on this machine (/mcp_servers/local/experimental_environment)
    warning: line 10, column 23: server "local": "startup_timeout_sec" is ignored: Relay has no such time limit; see "timeout" (/mcp_servers/local/startup_timeout_sec)
    warning: line 17, column 32: server "local": "supports_parallel_tool_calls" is ignored: Relay always calls tools concurrently (/mcp_servers/local/supports_parallel_tool_calls)
    warning: line 20, column 20: server "local": "tools" is ignored: Relay does not ask for approval (/mcp_servers/local/tools)
    warning: line 32, column 1: server "off": disabled (/mcp_servers/off)
    warning: line 29, column 18: server "remote": "oauth_resource" is ignored: the application configures the sign-in (/mcp_servers/remote/oauth_resource)
    warning: line 28, column 10: server "remote": "scopes" is ignored: the application configures the sign-in (/mcp_servers/remote/scopes)
    warning: line 30, column 22: server "remote": "startup_timeout_ms" is ignored: Relay has no such time limit; see "timeout" (/mcp_servers/remote/startup_timeout_ms)
    "#);
}

#[test]
fn reads_cursor() {
    assert_snapshot!(describe("cursor.json"), @r#"
    local: stdio (["/home/me/bin/local", "/w/src", "w"], {"A": "file", "B": "own"}, [], None)
    remote: http https://remote.example/mcp headers [("X-Key", "s3cret-key")]
    warning: line 6, column 21: server "remote": "auth" is ignored: the application configures the sign-in (/mcpServers/remote/auth)
    "#);
}

#[test]
fn reads_gemini() {
    assert_snapshot!(describe("gemini.json"), @r#"
    google: http https://google.example/mcp
    http: http https://http.example/mcp headers [("X-Key", "s3cret-key")] timeout 5000 ms
    local: stdio (["python", "-m", "server"], {"BRACED": "s3cret-key", "PLAIN": "$lower", "TOKEN": "s3cret-key"}, [], Some("./server")) Filter { allow: Some(["read", "write"]), deny: ["write"] }
    sse: sse https://sse.example/sse
    error: line 29, column 28: server "socket": "tcp": WebSocket is not supported
    warning: line 3, column 31: "serverCommand" is ignored: it is not a list of servers (/mcp/serverCommand)
    warning: line 10, column 28: server "http": "description" is ignored: it is only for display (/mcpServers/http/description)
    warning: line 11, column 22: server "http": "trust" is ignored: Relay does not ask for approval (/mcpServers/http/trust)
    warning: line 13, column 76: server "sse": "oauth" is ignored: the application configures the sign-in (/mcpServers/sse/oauth)
    warning: line 21, column 30: server "local": "extensionName" is ignored: it is only for display (/mcpServers/local/extensionName)
    warning: line 25, column 33: server "google": "authProviderType" is ignored: the application configures the sign-in (/mcpServers/google/authProviderType)
    warning: line 26, column 31: server "google": "targetAudience" is ignored: the application configures the sign-in (/mcpServers/google/targetAudience)
    warning: line 27, column 37: server "google": "targetServiceAccount" is ignored: the application configures the sign-in (/mcpServers/google/targetServiceAccount)
    warning: line 30, column 20: server "blocked": disabled (/mcpServers/blocked)
    warning: line 31, column 21: server "unlisted": disabled (/mcpServers/unlisted)
    "#);
}

#[test]
fn reads_opencode_2() {
    assert_snapshot!(describe("opencode-2.jsonc"), @r#"
    local: stdio (["local"], {}, [], Some(".")) timeout 20000 ms
    warning: line 4, column 140: server "local": "codemode" is ignored: Relay always lists the tools (/mcp/servers/local/codemode)
    warning: line 5, column 20: server "off": disabled (/mcp/servers/off)
    "#);
}

#[test]
fn reads_opencode() {
    assert_snapshot!(describe("opencode.jsonc"), @r#"
    local: stdio (["bun", "x", "my-server"], {"JSON": "{\"a\":{}}", "OTHER": "s3cret-file", "TOKEN": "s3cret-key"}, [], None) timeout 15000 ms
    remote: http https://remote.example/mcp credentials ["s3cret-key"]
    error: line 19, column 96: server "unset": variable "NONE" is not set and has no default
    warning: line 16, column 22: server "remote": "oauth" is ignored: the application configures the sign-in (/mcp/remote/oauth)
    warning: line 18, column 16: server "off": disabled (/mcp/off)
    "#);
}

#[test]
fn reads_other_programs() {
    assert_snapshot!(describe("other-programs.json"), @r#"
    cline: http https://cline.example/mcp timeout 60000 ms
    copilot: stdio (["copilot"], {}, [], None) Filter { allow: Some(["*"]), deny: [] }
    inspected: sse https://inspected.example/sse Filter { allow: Some(["a"]), deny: [] }
    kiro: stdio (["kiro"], {}, [], None) Filter { allow: None, deny: ["a"] }
    named: stdio (["named"], {}, [], None) Filter { allow: Some(["b"]), deny: [] }
    roo: http https://roo.example/mcp timeout 3600000 ms
    typo: http https://typo.example/mcp
    error: line 11, column 48: server "member": "command" is set twice
    error: line 12, column 18: server "twice": defined twice, first at line 10, column 18
    error: line 13, column 18: server "wrong": expected an object with the settings of the server
    warning: line 3, column 112: server "cline": "autoApprove" is ignored: Relay does not ask for approval (/mcpServers/cline/autoApprove)
    warning: line 4, column 110: server "roo": "watchPaths" is ignored: it is only for development (/mcpServers/roo/watchPaths)
    warning: line 6, column 77: server "kiro": "initTimeout" is ignored: Relay has no such time limit; see "timeout" (/mcpServers/kiro/initTimeout)
    warning: line 8, column 97: server "named": "name" is ignored: it is only for display (/mcpServers/named/name)
    warning: line 8, column 122: server "named": "displayName" is ignored: it is only for display (/mcpServers/named/displayName)
    warning: line 8, column 140: server "named": "icon" is ignored: it is only for display (/mcpServers/named/icon)
    warning: line 9, column 29: server "typo": "comand" is ignored: it is not known; did you mean "command"? (/mcpServers/typo/comand)
    "#);
}

#[test]
fn reads_vscode_settings() {
    assert_snapshot!(describe("vscode-settings.json"), @r#"one: stdio (["one"], {"TOKEN": "s3cret-input"}, [], None)"#);
}

#[test]
fn reads_vscode() {
    assert_snapshot!(describe("vscode.json"), @r#"
    local: stdio (["local", "--team", "blue"], {"A": "file", "B": "file", "TOKEN": "s3cret-input"}, [], Some("/w"))
    open: stdio (["open"], {}, [], None)
    remote: http https://remote.example/mcp credentials ["s3cret-input"]
    error: line 23, column 92: server "asks": needs a value for input "unset", which has no default
    error: line 21, column 58: server "boxed": "sandboxEnabled": Relay has no sandbox; remove it to start the program without one
    error: line 25, column 51: server "picked": variables of the kind "command" are not supported
    error: line 24, column 44: server "socket": invalid server URL: the scheme must be "http" or "https"
    warning: line 16, column 20: server "local": "dev" is ignored: it is only for development (/servers/local/dev)
    warning: line 17, column 24: server "local": "gallery" is ignored: it is only for display (/servers/local/gallery)
    warning: line 18, column 24: server "local": "version" is ignored: it is only for display (/servers/local/version)
    warning: line 21, column 75: server "boxed": "sandbox" is ignored: Relay has no sandbox (/servers/boxed/sandbox)
    "#);
}

#[test]
fn reads_windsurf() {
    assert_snapshot!(describe("windsurf.json"), @r#"
    github: stdio (["docker", "run", "-i", "image"], {"OTHER": "s3cret-file", "TOKEN": "s3cret-key"}, [], None) Filter { allow: None, deny: ["delete_repository"] }
    remote: http https://remote.example/mcp credentials ["s3cret-key"]
    warning: line 9, column 28: server "github": "alwaysAllow" is ignored: Relay does not ask for approval (/mcpServers/github/alwaysAllow)
    warning: line 12, column 16: server "off": disabled (/mcpServers/off)
    "#);
}

#[test]
fn reads_zed() {
    assert_snapshot!(describe("zed.json"), @r#"
    local: stdio (["local", "--stdio"], {"TOKEN": "abcdef"}, [], None) timeout 90000 ms
    nested: stdio (["nested", "-v"], {"A": "b"}, [], None)
    remote: http https://remote.example/mcp credentials ["abcdef"]
    error: line 7, column 33: server "packaged": "source": only an extension of the editor can start the server
    warning: line 5, column 121: server "nested": "remote" is ignored: Relay starts the program on this machine (/context_servers/nested/remote)
    warning: line 7, column 75: server "packaged": "settings" is ignored: they are for an extension of the editor (/context_servers/packaged/settings)
    warning: line 8, column 16: server "off": disabled (/context_servers/off)
    "#);
}
