//! Prepared results of the server, as long as those of real servers.

use std::fmt::Write as _;

/// The protocol revision of the server.
pub(crate) const REVISION: &str = "2025-11-25";

/// The length of a tool's text in bytes.
const TEXT: usize = 1024;

pub(crate) fn initialized() -> String {
    format!(
        r#"{{"protocolVersion":"{REVISION}","capabilities":{{"tools":{{"listChanged":true}}}},"serverInfo":{{"name":"prepared","version":"1.0.0"}}}}"#
    )
}

/// Returns the result of `tools/call`: a text of one KiB.
pub(crate) fn called() -> String {
    const LINE: &str = r"Invoice 4711 of 2026-11-23 is open: 3 items, due in 14 days.\n";
    let text = LINE.repeat(TEXT / LINE.len());
    format!(r#"{{"content":[{{"type":"text","text":"{text}"}}],"isError":false}}"#)
}

/// Returns the result of `tools/list`.
pub(crate) fn list(count: usize) -> String {
    let tools: Vec<_> = (0..count).map(tool).collect();
    format!(r#"{{"tools":[{}]}}"#, tools.join(","))
}

const NOUNS: [&str; 5] = ["issues", "invoices", "files", "branches", "customers"];
const PROPERTIES: [(&str, &str); 6] = [
    ("owner", r#""type":"string","minLength":1"#),
    ("project", r#""type":"string","pattern":"^[a-z][a-z0-9-]*$""#),
    ("state", r#""type":"string","enum":["open","closed","all"],"default":"open""#),
    ("labels", r#""type":"array","items":{"type":"string"}"#),
    ("limit", r#""type":"integer","minimum":1,"maximum":100,"default":30"#),
    ("archived", r#""anyOf":[{"type":"boolean"},{"type":"null"}],"default":null"#),
];

/// Returns a tool of about 1 KB, most of it schema.
fn tool(index: usize) -> String {
    let noun = NOUNS[index % NOUNS.len()];
    let mut properties = String::new();
    for (name, schema) in PROPERTIES {
        let comma = if properties.is_empty() { "" } else { "," };
        _ = write!(
            properties,
            r#"{comma}"{name}":{{{schema},"description":"The {name} of the {noun} that are wanted"}}"#
        );
    }
    format!(
        r#"{{"name":"search_{noun}_{index}","title":"Search {noun}","description":"Searches the {noun} of a \"project\", newest first, thirty on a page.","inputSchema":{{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{{{properties}}},"required":["owner","project"],"additionalProperties":false}},"annotations":{{"readOnlyHint":true,"openWorldHint":false}}}}"#
    )
}
