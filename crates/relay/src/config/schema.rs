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
            "dangerously_allow_insecure_http": false, "cookies": false, "oauth": false,
        },
    });
    schema.insert("anyOf".to_owned(), json!([http, stdio]));
    let is_shared =
        json!({ "properties": { "shared": { "const": true } }, "required": ["shared"] });
    schema.insert("if".to_owned(), is_shared);
    schema.insert("then".to_owned(), json!({ "properties": { "oauth": false } }));
}

/// Adds the keys that require or exclude each other to the schema of `oauth`.
pub(crate) fn oauth(schema: &mut Schema) {
    let required = json!({
        "client_secret": ["client_id"],
        "token_endpoint_auth_method": ["client_id"],
        "authorization_endpoint": ["token_endpoint"],
        "token_endpoint": ["authorization_endpoint"],
    });
    schema.insert("dependentRequired".to_owned(), required);
    let excluded = json!({
        "metadata_url": { "properties": { "token_endpoint": false } },
        "resource": { "properties": { "dangerously_omit_resource": { "const": false } } },
    });
    schema.insert("dependentSchemas".to_owned(), excluded);
}

/// Adds the names of the methods to the schema of `token_endpoint_auth_method`.
pub(crate) fn auth_method(schema: &mut Schema) {
    one_of(schema, &["none", "client_secret_basic", "client_secret_post"]);
}

/// Adds the possible hosts to the schema of `redirect_host`.
pub(crate) fn redirect_host(schema: &mut Schema) {
    one_of(schema, &["localhost", "127.0.0.1"]);
}

/// Adds to a schema that the text is one of these, or contains a variable.
fn one_of(schema: &mut Schema, known: &[&str]) {
    schema.insert("anyOf".to_owned(), json!([{ "enum": known }, { "pattern": r"\$\{" }]));
}

/// Adds the known protocol versions to the schema of `protocol`.
pub(crate) fn protocol_versions(schema: &mut Schema) {
    let known = Revision::ALL.iter().map(|known| known.as_str());
    let known: Vec<_> = std::iter::once("auto").chain(known).collect();
    one_of(schema, &known);
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
        let keys = published["$defs"]["OAuthEntry"]["properties"].as_object().unwrap();
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
            ("command = 'a'\ncookies = false", false),
            ("$url\ncookies = false", true),
            ("$url\ncookies = 'no'", false),
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
            ("command = 'a'\noauth = {}", false),
            ("$url\noauth = {}", true),
            ("$url\noauth = {}\nshared = true", false),
            ("$url\noauth = { client = 'x' }", false),
            ("$url\noauth = { client_id = '${KEY}', client_secret = '${KEY}' }", true),
            ("$url\noauth = { client_secret = 'x' }", false),
            ("$url\noauth = { client_id = 'x', token_endpoint_auth_method = 'none' }", true),
            ("$url\noauth = { client_id = 'x', token_endpoint_auth_method = 'jwt' }", false),
            ("$url\noauth = { token_endpoint_auth_method = 'none' }", false),
            ("$url\noauth = { scopes = ['a', '${KEY}'], prompt = '' }", true),
            ("$url\noauth = { scopes = 'a' }", false),
            ("$url\noauth = { authorization_parameters = { access_type = 'offline' } }", true),
            ("$url\noauth = { authorization_parameters = { a = 1 } }", false),
            ("$url\noauth = { resource = 'urn:x', dangerously_omit_resource = false }", true),
            ("$url\noauth = { resource = 'urn:x', dangerously_omit_resource = true }", false),
            ("$url\noauth = { dangerously_omit_resource = true }", true),
            ("$url\noauth = { redirect_host = 'localhost', redirect_port = 3118 }", true),
            ("$url\noauth = { redirect_host = 'a.example' }", false),
            ("$url\noauth = { redirect_port = 0 }", false),
            ("$url\noauth = { redirect_port = 65536 }", false),
            ("$url\noauth = { redirect_port = '1' }", false),
            ("$url\noauth = { authorization_server = 'https://a.example' }", true),
            ("$url\noauth = { authorization_server = 'a.example' }", false),
            ("$url\noauth = { metadata_url = 'https://a.example/x' }", true),
            ("$url\noauth = { token_endpoint = 'https://a.example/t' }", false),
            ("$url\noauth = { authorization_endpoint = 'https://a.example/a' }", false),
            (
                "$url\noauth = { token_endpoint = 'https://a/t', authorization_endpoint = 'https://a/' }",
                true,
            ),
            (
                "$url\noauth = { token_endpoint = 'https://a/t', authorization_endpoint = 'https://a/', metadata_url = 'https://a/' }",
                false,
            ),
            ("$url\noauth = { allow_hosts = ['10.0.0.1'], dangerously_assume_pkce = true }", true),
            ("$url\noauth = { allow_hosts = '10.0.0.1' }", false),
            ("$url\noauth = { dangerously_assume_pkce = 'yes' }", false),
            ("$url\noauth = { dangerously_accept_issuers = ['https://a.example'] }", true),
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
