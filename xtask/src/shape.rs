//! Tells what kind of Rust type a definition becomes.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::model::{Definitions, is_method, members, pascal, referent, requires};

/// What a definition becomes.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A marker of a request or notification.
    Method(Method),
    /// A struct; `tag` is its constant member and the value of it.
    Struct { tag: Option<(String, String)> },
    /// An enumeration of strings.
    Strings(Vec<String>),
    /// A union told apart by the value of member `tag`.
    Tagged { tag: String, arms: Vec<Arm>, default: Option<Arm> },
    /// A union told apart by a member that only one arm has.
    Keyed(Vec<Arm>),
    /// A type written by hand.
    Native(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Arm {
    /// What tells the arm: the value of the tag, or the name of the member.
    pub(crate) by: String,
    pub(crate) definition: String,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) params: String,
    /// `None` for a notification.
    pub(crate) result: Option<String>,
}

impl Arm {
    pub(crate) fn variant(&self) -> String {
        pascal(self.by.rsplit('/').next().unwrap_or_default())
    }
}

impl Shape {
    pub(crate) fn of(name: &str, definitions: &Definitions) -> Result<Self> {
        let schema = &definitions[name];
        if let Some(native) = schema["x-rust"].as_str() {
            return Ok(Self::Native(native.to_owned()));
        }
        if is_method(schema) {
            return Ok(Self::Method(method(name, definitions)));
        }
        if let Some(values) = schema["enum"].as_array() {
            let values = values.iter().map(|value| value.as_str().map(str::to_owned));
            return values.collect::<Option<_>>().map(Self::Strings).context("not only strings");
        }
        if let Some(arms) = schema["anyOf"].as_array() {
            return union(arms, definitions);
        }
        ensure!(is_struct(schema), "there is no Rust type for this kind of schema");
        let mut tags = tags(schema).filter(|(member, _)| requires(schema, member));
        let tag = tags.next().map(|(member, value)| (member.to_owned(), value.to_owned()));
        ensure!(tags.next().is_none(), "more than one member is constant");
        Ok(Self::Struct { tag })
    }
}

/// Whether a definition is a plain object.
pub(crate) fn is_struct(schema: &Value) -> bool {
    schema["type"] == "object" && !is_method(schema)
}

/// The members that are constant strings, and their values.
fn tags(schema: &Value) -> impl Iterator<Item = (&str, &str)> {
    members(schema).filter_map(|(name, member)| Some((name, member["const"].as_str()?)))
}

/// The request or notification called `name`.
pub(crate) fn method(name: &str, definitions: &Definitions) -> Method {
    let properties = &definitions[name]["properties"];
    let request = properties.get("id").is_some();
    let default = if request { "RequestParams" } else { "NotificationParams" };
    let result = name.strip_suffix("Request").map(|stem| format!("{stem}Result"));
    let result = result.filter(|result| definitions.contains_key(result));
    Method {
        name: properties["method"]["const"].as_str().unwrap_or_default().to_owned(),
        params: referent(&properties["params"]).unwrap_or(default).to_owned(),
        result: request.then(|| result.unwrap_or_else(|| "EmptyResult".to_owned())),
    }
}

fn union(arms: &[Value], definitions: &Definitions) -> Result<Shape> {
    let arms: Vec<_> = arms
        .iter()
        .map(|arm| referent(arm).and_then(|name| definitions.get_key_value(name)))
        .collect::<Option<_>>()
        .context("an arm of the union is not a definition")?;
    let Some((_, first)) = arms.first() else { bail!("the union has no arms") };
    for (tag, _) in tags(first) {
        if let Some(values) = values_of(tag, &arms) {
            return Ok(tagged(tag, &arms, &values));
        }
    }
    let keyed = arms.iter().map(|(name, schema)| {
        let others = || arms.iter().filter(|(other, _)| other != name);
        let own = |key: &str| others().all(|(_, other)| other["properties"].get(key).is_none());
        let key = members(schema).find(|(key, _)| requires(schema, key) && own(key));
        key.map(|(key, _)| Arm { by: key.to_owned(), definition: (*name).clone() })
    });
    keyed.collect::<Option<_>>().map(Shape::Keyed).context("nothing tells the arms apart")
}

/// The constant that each arm has for the member `tag`, if they all have one.
fn values_of<'a>(tag: &str, arms: &[(&String, &'a Value)]) -> Option<Vec<&'a str>> {
    arms.iter().map(|(_, schema)| schema["properties"][tag]["const"].as_str()).collect()
}

fn tagged(tag: &str, arms: &[(&String, &Value)], values: &[&str]) -> Shape {
    let arm = |((name, _), value): (&(&String, &Value), &&str)| Arm {
        by: (*value).to_owned(),
        definition: (*name).clone(),
    };
    let optional = arms.iter().zip(values).find(|((_, schema), _)| !requires(schema, tag));
    Shape::Tagged {
        tag: tag.to_owned(),
        arms: arms.iter().zip(values).map(arm).collect(),
        default: optional.map(arm),
    }
}
