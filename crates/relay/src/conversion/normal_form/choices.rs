//! Merging of the alternatives of a root that differ only in the members they require.
//!
//! No provider supports `anyOf` at the root. Wrapping the arguments would hide their members from a
//! reader, so the alternatives become one object, and its description names the choice.

use serde_json::json;

use super::schema::{Alternative, Kind, Node, Object};
use crate::conversion::change::ChangeEffect;

/// Merges the alternatives of a root if they differ only in the required members.
pub(crate) fn merge(root: &mut Node) {
    let stated: Vec<_> = root.any_of.iter().filter(|it| !it.is_implied()).collect();
    let [first, others @ ..] = &stated[..] else { return };
    let Kind::Object(object) = &first.kind else { return };
    if others.is_empty() || !others.iter().all(|other| is_same_but_required(first, object, other)) {
        return;
    }
    let objects = || stated.iter().filter_map(|it| object_of(it));
    let mut merged = object.clone();
    for (name, member) in &mut merged.members {
        member.required = objects().all(|it| it.members[name].required);
    }
    let choice = |object: &Object| {
        let names = object
            .members
            .iter()
            .filter(|(name, member)| member.required && !merged.members[*name].required);
        names.map(|(name, _)| &**name).collect::<Vec<_>>().join(" and ")
    };
    let choices: Vec<_> = objects().map(choice).collect();
    let alternative = Alternative { kind: Kind::Object(merged), ..(*first).clone() };
    let implied = root.any_of.iter().filter(|it| it.is_implied()).cloned();
    root.any_of = implied.chain([alternative]).collect();
    // Without further required members, an alternative accepts what the others accept.
    if choices.iter().any(String::is_empty) {
        return;
    }
    let hint = format!("(required: {})", choices.join(", or "));
    let description = match root.annotations.get("description").and_then(|it| it.as_str()) {
        Some(description) => format!("{description} {hint}"),
        None => hint,
    };
    root.annotations.insert("description".to_owned(), json!(description));
    let reason = "becomes one object, so the choice of required properties is only described";
    root.note("anyOf", ChangeEffect::Wider, reason);
}

fn object_of(alternative: &Alternative) -> Option<&Object> {
    match &alternative.kind {
        Kind::Object(object) => Some(object),
        _ => None,
    }
}

fn is_same_but_required(first: &Alternative, object: &Object, other: &Alternative) -> bool {
    object_of(other).is_some_and(|other| {
        other.others == object.others
            && other.members.len() == object.members.len()
            && other.members.iter().all(|(name, member)| {
                object.members.get(name).is_some_and(|it| it.node == member.node)
            })
    }) && other.keywords == first.keywords
        && other.annotations == first.annotations
}
