//! The members of a server's entry in the files of other programs: those that are read, and those
//! that have no effect in Relay.
//!
//! The table holds the documented members of Claude Desktop, Claude Code, Cursor, VS Code, Windsurf,
//! Gemini CLI, Zed, opencode and Codex, as of December 2026. Their names do not conflict, except for
//! the unit of `timeout`.

use super::{
    entry::Entry,
    node::{Fault, Node, NodeValue},
};
use crate::suggestion::nearest;

/// Reads a member into the entry.
pub(super) type Read = for<'a> fn(&mut Entry<'a>, &'a Node) -> Result<(), Fault>;

/// The members that are read.
pub(super) const READ: &[(&str, Read)] = &[
    // The transport.
    ("type", read_transport),
    ("transport", read_transport),
    ("transportType", read_transport),
    ("source", read_source),
    // HTTP.
    ("url", |entry, node| set(&mut entry.url, node)),
    ("httpUrl", |entry, node| set(&mut entry.http_url, node)),
    ("serverUrl", |entry, node| set(&mut entry.server_url, node)),
    ("headers", |entry, node| extend(&mut entry.headers, node)),
    ("http_headers", |entry, node| extend(&mut entry.headers, node)),
    ("env_http_headers", |entry, node| extend(&mut entry.header_variables, node)),
    ("bearer_token_env_var", |entry, node| set(&mut entry.token_variable, node)),
    // A child process.
    ("command", read_command),
    ("args", |entry, node| node.items().map(|items| entry.args.extend(items))),
    ("env", |entry, node| extend(&mut entry.env, node)),
    ("environment", |entry, node| extend(&mut entry.env, node)),
    ("envFile", |entry, node| set(&mut entry.env_file, node)),
    ("env_vars", read_inherited),
    ("cwd", |entry, node| set(&mut entry.cwd, node)),
    // Whether and how the server is used.
    ("disabled", |entry, node| node.bool().map(|it| entry.disabled |= it)),
    ("enabled", |entry, node| node.bool().map(|it| entry.disabled |= !it)),
    ("required", |entry, node| node.bool().map(|it| entry.required = it)),
    ("timeout", |entry, node| set(&mut entry.timeout, node)),
    ("tool_timeout_sec", |entry, node| set(&mut entry.timeout_seconds, node)),
    // Tools.
    ("enabledTools", read_allowed_tools),
    ("enabled_tools", read_allowed_tools),
    ("includeTools", read_allowed_tools),
    ("allowedTools", read_allowed_tools),
    ("tools", read_tools),
    ("disabledTools", read_denied_tools),
    ("disabled_tools", read_denied_tools),
    ("excludeTools", read_denied_tools),
    // Settings that Relay cannot honour, and that must not be passed over.
    ("sandboxEnabled", |_, node| match node.bool()? {
        true => Err(node.fault(
            "\"sandboxEnabled\": Relay has no sandbox; remove it to start the program without one",
        )),
        false => Ok(()),
    }),
    ("tcp", |_, node| Err(node.fault("\"tcp\": WebSocket is not supported"))),
];

const APPROVAL: &str = "Relay does not ask for approval";
const DISPLAY: &str = "it is only for display";
const SIGN_IN: &str = "the application configures the sign-in";
const LIMITS: &str = "Relay has no such time limit; see \"timeout\"";
const DEVELOPMENT: &str = "it is only for development";
const LOADING: &str = "Relay always lists the tools";

/// The members that have no effect, each with the reason.
pub(super) const IGNORED: &[(&str, &str)] = &[
    ("alwaysAllow", APPROVAL),
    ("autoApprove", APPROVAL),
    ("default_tools_approval_mode", APPROVAL),
    ("trust", APPROVAL),
    ("description", DISPLAY),
    ("displayName", DISPLAY),
    ("gallery", DISPLAY),
    ("icon", DISPLAY),
    ("name", DISPLAY),
    ("version", DISPLAY),
    ("extensionName", DISPLAY),
    ("auth", SIGN_IN),
    ("authProviderType", SIGN_IN),
    ("oauth", SIGN_IN),
    ("oauth_resource", SIGN_IN),
    ("scopes", SIGN_IN),
    ("targetAudience", SIGN_IN),
    ("targetServiceAccount", SIGN_IN),
    ("headersHelper", "Relay runs no program to get headers"),
    ("initTimeout", LIMITS),
    ("startup_timeout_ms", LIMITS),
    ("startup_timeout_sec", LIMITS),
    ("dev", DEVELOPMENT),
    ("watchPaths", DEVELOPMENT),
    ("alwaysLoad", LOADING),
    ("codemode", LOADING),
    ("sandbox", "Relay has no sandbox"),
    ("settings", "they are for an extension of the editor"),
    ("remote", "Relay starts the program on this machine"),
    ("experimental_environment", "Relay starts the program on this machine"),
    ("supports_parallel_tool_calls", "Relay always calls tools concurrently"),
];

/// Reads an entry.
pub(super) fn read_entry(node: &Node) -> Entry<'_> {
    let mut entry = Entry::default();
    let NodeValue::Object(members) = &node.value else {
        let reason = "expected an object with the settings of the server";
        return Entry { fault: Some(node.fault(reason)), ..entry };
    };
    for (index, member) in members.iter().enumerate() {
        let earlier = &members[..index];
        let result = match READ.iter().find(|(name, _)| *name == member.key) {
            Some(_) if earlier.iter().any(|other| other.key == member.key) => {
                Err(member.fault(format!("\"{}\" is set twice", member.key)))
            }
            Some((_, read)) => read(&mut entry, member),
            None => {
                entry.unknown.push(member);
                Ok(())
            }
        };
        entry.fault = entry.fault.or(result.err());
    }
    entry
}

/// Returns why a part of an entry has no effect.
pub(super) fn ignored_reason(node: &Node) -> String {
    let key = &node.key;
    let ignored = IGNORED.iter().find(|(name, _)| name == key).map(|(_, reason)| *reason);
    let ignored = ignored.or(match &**key {
        // The approvals of Codex are an object of tools.
        "tools" => Some("Relay does not ask for approval"),
        // The source of a variable of Codex.
        "source" => Some("a variable of another machine is left out"),
        _ => None,
    });
    match (ignored, nearest(key, READ.iter().map(|(name, _)| *name))) {
        (Some(reason), _) => format!("\"{key}\" is ignored: {reason}"),
        (None, Some(known)) => {
            format!("\"{key}\" is ignored: it is not known; did you mean \"{known}\"?")
        }
        (None, None) => format!("\"{key}\" is ignored: it is not known"),
    }
}

/// Sets a member with one value. `null` counts as no member.
fn set<'a>(member: &mut Option<&'a Node>, node: &'a Node) -> Result<(), Fault> {
    *member = Some(node).filter(|node| !node.is_null());
    Ok(())
}

/// Adds the members of an object.
fn extend<'a>(members: &mut Vec<&'a Node>, node: &'a Node) -> Result<(), Fault> {
    if !node.is_null() {
        members.extend(node.members()?.iter().filter(|member| !member.is_null()));
    }
    Ok(())
}

/// Reads the name of the transport. All spellings are equal: `streamable-http`,
/// `streamableHttp`, `streamable_http`.
fn read_transport<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    let name: String = node.text()?.chars().filter(char::is_ascii_alphanumeric).collect();
    entry.transport = Some(match &*name.to_ascii_lowercase() {
        "stdio" | "local" => "stdio",
        "http" | "streamablehttp" | "remote" => "http",
        "sse" => "sse",
        _ => return Err(node.expected("one of \"stdio\", \"http\", \"sse\"")),
    });
    Ok(())
}

/// Reads `source` of Zed.
fn read_source<'a>(_entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    match node.text()? {
        "custom" => Ok(()),
        _ => Err(node.fault("\"source\": only an extension of the editor can start the server")),
    }
}

/// Reads a program, a list of the program and its arguments, or an object of Zed.
fn read_command<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    match &node.value {
        NodeValue::Null => {}
        NodeValue::List(parts) if !parts.is_empty() => entry.command.extend(parts),
        NodeValue::Object(members) => {
            for member in members {
                match &*member.key {
                    "path" | "command" => entry.command.push(member),
                    "args" => entry.args.extend(member.items()?),
                    "env" => extend(&mut entry.env, member)?,
                    _ => entry.unknown.push(member),
                }
            }
        }
        NodeValue::Text(text) if !text.is_empty() => entry.command.push(node),
        _ => return Err(node.expected("a program, or a list of it and its arguments")),
    }
    Ok(())
}

/// Reads the names of variables to pass on. An entry may be an object with its source.
fn read_inherited<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    for item in node.items()? {
        match (item.get("name"), item.get("source").map(Node::text).transpose()?) {
            (None, _) => entry.inherited.push(item.text()?),
            (Some(name), None | Some("local")) => entry.inherited.push(name.text()?),
            (Some(_), Some(_)) => entry.unknown.extend(item.get("source")),
        }
    }
    Ok(())
}

fn read_allowed_tools<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    if !node.is_null() {
        entry.allowed_tools.get_or_insert_default().extend(node.texts()?);
    }
    Ok(())
}

fn read_denied_tools<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    if !node.is_null() {
        entry.denied_tools.extend(node.texts()?);
    }
    Ok(())
}

/// Reads a list of allowed tools. Codex has an object of approvals instead, which has no effect.
fn read_tools<'a>(entry: &mut Entry<'a>, node: &'a Node) -> Result<(), Fault> {
    match &node.value {
        NodeValue::Object(_) => {
            entry.unknown.push(node);
            Ok(())
        }
        _ => read_allowed_tools(entry, node),
    }
}
