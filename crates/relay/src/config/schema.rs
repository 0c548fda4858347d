//! The parts of the JSON Schema of `relay.toml` that the Rust types cannot express.

use mcp_types::Revision;
use schemars::Schema;
use serde_json::json;

/// Adds the keys that each transport allows to the schema of a server.
pub(crate) fn keys_by_transport(schema: &mut Schema) {
    let empty = json!({ "maxProperties": 0 });
    let http = json!({
        "required": ["url"],
        "properties": {
            "transport": { "enum": ["http", "sse"] }, "command": false, "args": false,
            "env": empty, "inherit_env": false, "cwd": false, "idle_timeout": false,
            "probe_timeout": false,
        },
    });
    let stdio = json!({
        "required": ["command"],
        "properties": {
            "transport": { "const": "stdio" }, "url": false, "headers": empty, "api_key": false,
            "dangerously_allow_insecure_http": false,
        },
    });
    schema.insert("anyOf".to_owned(), json!([http, stdio]));
}

/// Adds the known protocol versions to the schema of `protocol`.
pub(crate) fn protocol_versions(schema: &mut Schema) {
    let known = Revision::ALL.iter().map(|known| known.as_str());
    let known: Vec<_> = std::iter::once("auto").chain(known).collect();
    schema.insert("anyOf".to_owned(), json!([{ "enum": known }, { "pattern": r"\$\{" }]));
}

/// Adds to the schema of a duration that it is a text such as `30s`, or a number.
pub(crate) fn duration(schema: &mut Schema) {
    let text = json!({ "type": "string", "pattern": r"^\d+(\.\d+)? *(ms|s|m|h)$|\$\{" });
    let number = json!({ "type": "number", "minimum": 0 });
    schema.insert("anyOf".to_owned(), json!([text, number]));
}

/// Adds to the schema of a duration that it is a text such as `30s`, or a number, above zero.
pub(crate) fn duration_above_zero(schema: &mut Schema) {
    let pattern = r"^(?=.*[1-9])\d+(\.\d+)? *(ms|s|m|h)$|\$\{";
    let number = json!({ "type": "number", "exclusiveMinimum": 0 });
    let text = json!({ "type": "string", "pattern": pattern });
    schema.insert("anyOf".to_owned(), json!([text, number]));
}

/// Adds to the schema of `command` that it is a string, or an array that starts with a string.
pub(crate) fn command(schema: &mut Schema) {
    let name = json!({ "type": "string" });
    let list = json!({ "type": "array", "prefixItems": [name], "minItems": 1 });
    schema.insert("anyOf".to_owned(), json!([name, list]));
}

#[cfg(test)]
mod tests {
    use crate::{Config, config::toml_file::tests::read};

    #[test]
    fn the_published_schema_is_up_to_date() {
        let published = include_str!("../../../../schema/relay.schema.json");
        let published: serde_json::Value = serde_json::from_str(published).unwrap();
        let hint = "stale: run `cargo run -p relay-cli -- schema > schema/relay.schema.json`";
        assert_eq!(Config::json_schema(), published, "{hint}");
        let keys = published["$defs"]["ServerEntry"]["properties"].as_object().unwrap();
        assert!(keys.values().all(|key| key["description"].is_string()));
    }

    #[test]
    fn the_schema_and_the_parser_accept_the_same_files() {
        let schema = jsonschema::validator_for(&Config::json_schema()).unwrap();
        let url = "url = 'https://a.example/'";
        let cases: &[(&str, bool)] = &[
            ("", false),
            (url, true),
            ("url = 'http://localhost/'\ntransport = 'sse'", true),
            ("url = 'https://${KEY}/'\napi_key = '${NONE}'", true),
            ("url = '${NONE}'", true),
            ("url = ''", false),
            ("url = 'ftp://a.example/'", false),
            ("url = 5", false),
            ("ulr = 'https://a.example/'", false),
            ("transport = 'http'", false),
            ("transport = 'ws'\nurl = 'https://a.example/'", false),
            ("transport = 'stdio'", false),
            ("transport = 'stdio'\nurl = 'https://a.example/'", false),
            ("transport = 'stdio'\ncommand = 'a'", true),
            ("transport = 'http'\ncommand = 'a'", false),
            ("command = 'a'\nurl = 'https://a.example/'", false),
            ("command = ['a', 1, true, { b = [2.5] }]\nargs = [1, 'x', { y = 1 }]", true),
            ("command = []", false),
            ("command = [1]", false),
            ("command = 7", false),
            ("command = { a = 1 }", false),
            ("command = 'a'\nargs = 'b'", false),
            ("command = 'a'\nenv = { A = 'b' }\ninherit_env = ['C']\ncwd = '/'", true),
            ("command = 'a'\nenv = { A = 1 }", false),
            ("command = 'a'\nidle_timeout = 0\nprobe_timeout = 2.5", true),
            ("command = 'a'\nidle_timeout = -1", false),
            ("command = 'a'\nprobe_timeout = 0", false),
            ("command = 'a'\napi_key = 'k'", false),
            ("command = 'a'\nheaders = { A = 'b' }", false),
            ("command = 'a'\nheaders = {}", true),
            ("command = 'a'\ndangerously_allow_insecure_http = true", false),
            ("$url\nenv = { A = 'b' }", false),
            ("$url\nenv = {}\nheaders = { A = 'b' }", true),
            ("$url\nargs = []", false),
            ("$url\ninherit_env = []", false),
            ("$url\ncwd = '/'", false),
            ("$url\nidle_timeout = 1", false),
            ("$url\nprobe_timeout = 1", false),
            ("$url\ntimeout = 30", true),
            ("$url\ntimeout = 0.5", true),
            ("$url\ntimeout = 0", false),
            ("$url\ntimeout = -1.5", false),
            ("$url\ntimeout = '30'", false),
            ("$url\ntimeout = '30s'", true),
            ("$url\ntimeout = '500 ms'", true),
            ("$url\ntimeout = '0.0s'", false),
            ("$url\ntimeout = '-1s'", false),
            ("$url\ntimeout = '1d'", false),
            ("$url\ntimeout = '${KEY:-30s}'", true),
            ("command = 'a'\nidle_timeout = '0s'\nprobe_timeout = '1.5m'", true),
            ("command = 'a'\nprobe_timeout = '0s'", false),
            ("$url\nprotocol = 'auto'", true),
            ("$url\nprotocol = '2025-11-25'", true),
            ("$url\nprotocol = '${NONE:-auto}'", true),
            ("$url\nprotocol = '2099-01-01'", false),
            ("$url\nrequired = true\nallow_tools = ['a*']\ndeny_tools = []", true),
            ("$url\nrequired = 'yes'", false),
            ("$url\napi_key = 'k'\nshared = true", true),
            ("command = 'a'\nshared = true", true),
            ("$url\nshared = 'yes'", false),
            ("$url\nallow_tools = 'a'", false),
            ("$url\ndangerously_allow_insecure_http = true", true),
        ];
        for (entry, accepted) in cases {
            let text = format!("[servers.a]\n{}", entry.replace("$url", url));
            let text = text.replace("${KEY:-30s}", "${SPAN:-30s}");
            let read = read(&text);
            let value: serde_json::Value = toml::from_str(&text).unwrap();
            // The schema does not know which variables are set.
            let is_accepted = read.as_ref().err().is_none_or(|error| error.contains("is not set"));
            assert_eq!(is_accepted, *accepted, "{text}: {read:?}");
            assert_eq!(schema.is_valid(&value), *accepted, "{text}, by the schema");
        }
    }
}
