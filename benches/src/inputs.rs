//! Generated messages of servers, the same in each run.

use std::fmt::Write as _;

/// The kind of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    ToolsList,
    ToolsCall,
    ToolsListMessage,
    ToolsCallMessage,
}

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Tools or blocks of content.
    pub(crate) items: usize,
}

impl Input {
    pub(crate) fn all() -> Vec<Self> {
        let list = |name, count| Self {
            name,
            kind: Kind::ToolsList,
            text: list_of_tools(count),
            items: count,
        };
        let call = |name, content: Vec<String>| Self {
            name,
            kind: Kind::ToolsCall,
            items: content.len(),
            text: result(&format!(r#""content":[{}],"isError":false"#, content.join(","))),
        };
        let text = |text| format!(r#"{{"type":"text","text":"{text}"}}"#);
        let tag_last = |text| format!(r#"{{"text":"{text}","type":"text"}}"#);
        let results = vec![
            list("100 tools", 100),
            list("1,000 tools", 1000),
            call("10 texts", texts().map(text).collect()),
            call("10 texts, type last", texts().map(tag_last).collect()),
            call("1 MiB image", vec![image()]),
        ];
        let messages: Vec<_> = results.iter().filter_map(Self::message).collect();
        results.into_iter().chain(messages).collect()
    }

    /// Returns the whole message with this result.
    fn message(&self) -> Option<Self> {
        let (name, kind) = match self.name {
            "100 tools" => ("message of 100 tools", Kind::ToolsListMessage),
            "10 texts" => ("message of 10 texts", Kind::ToolsCallMessage),
            "1 MiB image" => ("message of 1 MiB image", Kind::ToolsCallMessage),
            _ => return None,
        };
        let text = format!(r#"{{"jsonrpc":"2.0","id":7,"result":{}}}"#, self.text);
        Some(Self { name, kind, text, items: self.items })
    }
}

/// Returns a result with the common members of the revision.
fn result(members: &str) -> String {
    if cfg!(feature = "r2026_07_28") {
        format!(r#"{{"resultType":"complete",{members}}}"#)
    } else {
        format!("{{{members}}}")
    }
}

fn list_of_tools(count: usize) -> String {
    let mut generator = Generator(1);
    let tools: Vec<_> = (0..count).map(|index| tool(index, &mut generator)).collect();
    let caching =
        if cfg!(feature = "r2026_07_28") { r#","ttlMs":60000,"cacheScope":"private""# } else { "" };
    result(&format!(r#""tools":[{}]{caching}"#, tools.join(",")))
}

const VERBS: [&str; 8] =
    ["search", "list", "create", "update", "delete", "fetch", "export", "review"];
const NOUNS: [&str; 8] =
    ["issues", "invoices", "files", "branches", "customers", "events", "pages", "queries"];
const CLAUSES: [&str; 8] = [
    "Results come newest first, thirty on a page",
    "Needs write access to the project",
    "Matches names by prefix, without regard to case",
    "Nothing is changed unless every check has passed",
    "Times are in UTC unless a zone is given",
    "Returns an empty list if there is no such thing",
    "Use the cursor of one page to ask for the next",
    "Archived entries are left out",
];

/// Returns a typical tool of about 1 KB, most of it schema.
fn tool(index: usize, generator: &mut Generator) -> String {
    let (verb, noun) = (generator.pick(&VERBS), generator.pick(&NOUNS));
    let mut tool = format!(r#"{{"name":"{verb}_{noun}_{index}","#);
    let clauses: Vec<_> = (0..1 + generator.number(3)).map(|_| generator.pick(&CLAUSES)).collect();
    let more = clauses.join(". ");
    _ = write!(
        tool,
        r#""title":"{verb} {noun}","description":"{verb} {noun} of one \"project\". {more}.","#
    );
    _ = write!(tool, r#""inputSchema":{}"#, schema(3 + generator.number(3), generator));
    if generator.number(4) == 0 {
        _ = write!(tool, r#","outputSchema":{}"#, schema(3, generator));
    }
    let (read_only, open_world) = (generator.number(2) == 0, generator.number(2) == 0);
    _ = write!(
        tool,
        r#","annotations":{{"readOnlyHint":{read_only},"openWorldHint":{open_world}}}}}"#
    );
    tool
}

const PROPERTIES: [&str; 8] =
    ["owner", "project", "query", "limit", "cursor", "labels", "state", "options"];

fn schema(properties: usize, generator: &mut Generator) -> String {
    let first = generator.number(PROPERTIES.len());
    let names = PROPERTIES.iter().cycle().skip(first).take(properties);
    let members: Vec<_> =
        names.map(|name| format!(r#""{name}":{}"#, property(generator))).collect();
    let required = PROPERTIES[first];
    format!(
        r#"{{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{{{}}},"required":["{required}"],"additionalProperties":false}}"#,
        members.join(",")
    )
}

fn property(generator: &mut Generator) -> String {
    let about = generator.pick(&CLAUSES);
    match generator.number(6) {
        0 | 1 => format!(r#"{{"type":"string","description":"{about}","minLength":1}}"#),
        2 => format!(
            r#"{{"type":"integer","description":"{about}","minimum":1,"maximum":{},"default":30}}"#,
            100 + generator.number(900)
        ),
        3 => {
            format!(r#"{{"type":"string","enum":["open","closed","all"],"description":"{about}"}}"#)
        }
        4 => format!(r#"{{"type":"array","items":{{"type":"string"}},"description":"{about}"}}"#),
        _ => format!(
            r#"{{"anyOf":[{{"type":"boolean"}},{{"type":"null"}}],"default":null,"description":"{about}"}}"#
        ),
    }
}

/// Returns ten texts of about 2 KB with escapes and non-ASCII characters.
fn texts() -> impl Iterator<Item = String> {
    let mut generator = Generator(2);
    (0..10).map(move |_| {
        let mut text = String::new();
        while text.len() < 2000 {
            let (about, more) = (generator.pick(&CLAUSES), generator.pick(&CLAUSES));
            _ = write!(text, r#"- {about}; \"{more}\": 10 €.\n"#);
        }
        text
    })
}

fn image() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut generator = Generator(3);
    let data: String = (0..1 << 20).map(|_| char::from(ALPHABET[generator.number(64)])).collect();
    format!(r#"{{"type":"image","data":"{data}","mimeType":"image/png"}}"#)
}

/// A linear congruential generator with the same results on all platforms.
struct Generator(u64);

impl Generator {
    fn number(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.number(words.len())]
    }
}
