//! The part of a file that holds the servers.

use serde_json::value::RawValue;

use super::node::{Fault, Members, Node, NodeValue};

/// The unit of a plain number in `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeoutUnit {
    Milliseconds,
    /// Programs with this format disagree: up to 3,600, the number counts as seconds, and above as
    /// milliseconds.
    SecondsOrMilliseconds,
}

/// The servers of a file, with the rules of its format.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) servers: Node,
    /// The values that the program asks its user for.
    pub(super) inputs: Vec<Node>,
    pub(super) timeout: TimeoutUnit,
    /// True if variables in strings are replaced.
    pub(super) has_variables: bool,
    /// True if variables are also written as `{env:NAME}`.
    pub(super) has_braces: bool,
    /// The names of the only servers that are enabled.
    pub(super) allowed: Option<Vec<String>>,
    /// The names of servers that are disabled.
    pub(super) excluded: Vec<String>,
    /// The parts of the file that have no effect, each with the reason.
    pub(super) ignored: Vec<(Node, &'static str)>,
}

/// The names under which files have their servers, in the order in which they are looked for.
const KEYS: [&str; 4] = ["mcpServers", "servers", "context_servers", "mcp"];

impl Section {
    /// Finds the servers of a JSON file. `None` if it has none.
    ///
    /// # Errors
    /// Returns an error if a part of the file has the wrong type, or is there twice.
    pub(super) fn find(text: &str, file: &Members<'_>) -> Result<Option<Self>, Fault> {
        let node = |key: &str| -> Result<Option<Node>, Fault> {
            let mut found = file.iter().filter(|(name, _)| name == key);
            let Some((_, raw)) = found.next() else { return Ok(None) };
            let first = Node::from_json(text, raw, "", key)?;
            match found.next() {
                None => Ok(Some(first).filter(|node| !node.is_null())),
                Some((_, second)) => Err(twice(text, &first, second)),
            }
        };
        let mut found = Vec::new();
        for key in KEYS {
            found.extend(node(key)?);
        }
        let inputs = node("inputs")?;
        if found.is_empty() {
            return Ok(None);
        }
        let mut section = Self::new(found.remove(0), inputs)?;
        for other in found {
            match &*other.key {
                "mcp" => section.read_server_lists(other)?,
                _ => section.ignored.push((other, "the servers are read from another member")),
            }
        }
        if let Some(projects) = node("projects")?.filter(has_servers) {
            section.ignored.push((projects, "the servers of single projects are not read"));
        }
        Ok(Some(section))
    }

    fn new(mut servers: Node, mut inputs: Option<Node>) -> Result<Self, Fault> {
        let (is_mcp, mut ignored) = (servers.key == "mcp", Vec::new());
        // `mcp` has its servers as members, or in `servers`.
        if is_mcp && servers.get("servers").is_some() {
            let missing = servers.expected("an object");
            let mut found = None;
            for member in into_members(servers)? {
                match &*member.key {
                    "servers" => found = Some(member),
                    "inputs" => inputs = Some(member),
                    _ => ignored.push((member, "it is not a list of servers")),
                }
            }
            servers = found.ok_or(missing)?;
        }
        servers.members()?;
        let inputs = inputs.map_or(Ok(Vec::new()), into_items)?;
        Ok(Self {
            servers,
            inputs,
            timeout: match is_mcp {
                true => TimeoutUnit::Milliseconds,
                false => TimeoutUnit::SecondsOrMilliseconds,
            },
            has_variables: true,
            has_braces: is_mcp,
            allowed: None,
            excluded: Vec::new(),
            ignored,
        })
    }

    /// Creates the section of a file without variables. A plain number in `timeout` is not used.
    pub(super) fn without_variables(servers: Node) -> Result<Self, Fault> {
        let section = Self::new(servers, None)?;
        Ok(Self { has_variables: false, ..section })
    }

    /// Reads `mcp` of Gemini CLI, which names servers that are enabled or disabled.
    fn read_server_lists(&mut self, mcp: Node) -> Result<(), Fault> {
        self.allowed = mcp.get("allowed").map(Node::texts).transpose()?;
        self.excluded = mcp.get("excluded").map(Node::texts).transpose()?.unwrap_or_default();
        let others = into_members(mcp)?.into_iter();
        let others = others.filter(|member| !["allowed", "excluded"].contains(&&*member.key));
        self.ignored.extend(others.map(|member| (member, "it is not a list of servers")));
        Ok(())
    }
}

/// Returns whether a project of Claude Code has servers.
fn has_servers(projects: &Node) -> bool {
    let servers = |project: &Node| project.get("mcpServers")?.members().ok().map(<[Node]>::len);
    projects.members().is_ok_and(|projects| projects.iter().any(|it| servers(it) > Some(0)))
}

fn into_members(node: Node) -> Result<Vec<Node>, Fault> {
    let expected = node.expected("an object");
    match node.value {
        NodeValue::Object(members) => Ok(members),
        _ => Err(expected),
    }
}

fn into_items(node: Node) -> Result<Vec<Node>, Fault> {
    let expected = node.expected("a list");
    match node.value {
        NodeValue::List(items) => Ok(items),
        _ => Err(expected),
    }
}

/// Returns the error of a member that is there twice.
fn twice(text: &str, first: &Node, second: &RawValue) -> Fault {
    let (line, column) = first.position(text);
    let reason =
        format!("\"{}\" is defined twice, first at line {line}, column {column}", first.key);
    match Node::from_json(text, second, "", &first.key) {
        Ok(second) => second.fault(reason),
        Err(_) => first.fault(reason),
    }
}
