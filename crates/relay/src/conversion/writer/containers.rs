//! Writing of objects and arrays for a provider.

use std::collections::BTreeMap;

use super::schema_writer::{Restorable, Writer};
use crate::conversion::{
    change::ChangeEffect,
    normal_form::{Alternative, Array, Keywords, Kind, Member, Members, Membership, Node, Object},
    restoration::{MemberRestoration, RestoreStep},
};

/// The name of the only member of an object that wraps arguments.
pub(crate) const WRAP: &str = "arguments";

impl<'a> Writer<'a> {
    /// Writes the root, which is always an object.
    pub(crate) fn root(&mut self, source: &'a Node) -> Restorable<Node> {
        let mut stated = source.any_of.iter().filter(|it| !it.is_implied());
        let (mut root, step) = match (stated.next(), stated.next()) {
            (Some(Alternative { kind: Kind::Object(object), keywords, annotations, .. }), None)
                if self.can_name_members(object) =>
            {
                let (written, step) = self.root_object(source, object, keywords);
                let mut node = Node { any_of: vec![written], ..Node::default() };
                self.describe(&mut node, annotations);
                self.describe(&mut node, &source.annotations);
                (node, step)
            }
            _ => {
                self.change(
                    "type",
                    ChangeEffect::Same,
                    "cannot be written as one object, so the arguments are wrapped",
                );
                let (node, step) = self.node(source);
                self.wrapped(node, step)
            }
        };
        if let [root] = &mut root.any_of[..] {
            self.trim(root);
        }
        (root, step)
    }

    /// Wraps a schema in an object with one member.
    pub(crate) fn wrapped(&self, node: Node, step: RestoreStep) -> Restorable<Node> {
        let members = Members::from([(WRAP.to_owned(), Member { node, required: true })]);
        let others = self.rules.closed.then(|| Box::new(Node::never()));
        let object = Node::of(Kind::Object(Object { members, others }));
        (object, RestoreStep::Unwrap(WRAP, Box::new(step)))
    }

    /// Returns whether the object can be written with named members.
    fn can_name_members(&self, object: &Object) -> bool {
        object.has_members()
            || object.others.is_none()
            || object.is_closed()
            // Without members, a provider that rejects empty objects would get no schema.
            || self.supports_others() && self.rules.allows_empty
    }

    fn root_object(
        &mut self,
        source: &Node,
        object: &'a Object,
        keywords: &Keywords,
    ) -> Restorable<Alternative> {
        for (keyword, effect, reason) in &source.notes {
            self.change(keyword, *effect, reason);
        }
        if source.any_of.len() > 1 {
            self.change("type", ChangeEffect::Same, "is missing, so it is set to \"object\"");
        }
        for keyword in source.rest.keys() {
            self.change(keyword, ChangeEffect::Wider, "is not supported at the root");
        }
        if !object.has_members() && !object.is_closed() && !self.rules.allows_empty {
            let reason = "names no properties, so the tool has no parameters";
            self.change("properties", ChangeEffect::Narrower, reason);
        }
        self.members(object, keywords)
    }

    /// Removes the keywords that the provider does not support at the root.
    fn trim(&mut self, root: &mut Alternative) {
        let retain_supported = |it: &mut Self, keywords: &mut Keywords, effect| {
            keywords.retain(|keyword, _| {
                let is_supported = it.rules.supports_at_root(keyword);
                if !is_supported {
                    it.change(keyword, effect, "is not supported at the root");
                }
                is_supported
            });
        };
        retain_supported(self, &mut root.keywords, ChangeEffect::Wider);
        retain_supported(self, &mut root.annotations, ChangeEffect::Same);
        if let Kind::Object(object) = &mut root.kind
            && object.others.is_some()
            && !self.rules.supports_at_root("additionalProperties")
        {
            object.others = None;
            let reason = "is not supported at the root";
            self.change("additionalProperties", ChangeEffect::Wider, reason);
        }
    }

    pub(crate) fn object(
        &mut self,
        object: &'a Object,
        keywords: &Keywords,
    ) -> Restorable<Alternative> {
        if self.depth >= self.rules.max_depth {
            let reason = "is nested too deeply, so the value becomes a JSON string";
            return self.json_string("properties", reason);
        }
        match object.has_members() {
            false if object.is_closed() && !self.rules.allows_empty => {
                self.change(
                    "properties",
                    ChangeEffect::Same,
                    "is empty, so the value becomes a JSON string",
                );
                self.report_unsupported(keywords);
                (Kind::Enum(vec!["{}".into()]).into(), RestoreStep::ParseJson)
            }
            false if !object.is_closed() && !self.supports_others() => {
                self.entries(object, keywords)
            }
            _ => self.members(object, keywords),
        }
    }

    /// Returns whether the provider supports members that the schema does not name.
    fn supports_others(&self) -> bool {
        !self.rules.closed && self.rules.supports("additionalProperties")
    }

    /// Writes an object with named members.
    fn members(&mut self, object: &'a Object, keywords: &Keywords) -> Restorable<Alternative> {
        let written = self.with_keywords(Kind::Null, keywords);
        self.depth += 1;
        let (mut members, mut restorations) = (Members::new(), BTreeMap::new());
        for (original_name, member) in &object.members {
            if member.node.is_never() && self.rules.keywords.is_some() {
                let closed = object.is_closed() || self.rules.closed;
                let effect = if closed { ChangeEffect::Same } else { ChangeEffect::Wider };
                let reason = "accepts no value, so the property is removed";
                self.within(format!(".{original_name}"), |it| it.change("false", effect, reason));
                continue;
            }
            let (member, mut restoration) =
                self.within(format!(".{original_name}"), |it| it.member(member));
            let name = self.name(original_name, object, keywords);
            restoration.name = (name != *original_name).then(|| original_name.clone());
            members.insert(name.clone(), member);
            restorations.insert(name, restoration);
        }
        let patterns = keywords.contains_key("patternProperties");
        let (others, step) = self.others(object, patterns);
        self.depth -= 1;
        let kind = Kind::Object(Object { members, others });
        (Alternative { kind, ..written }, RestoreStep::object(restorations, step))
    }

    fn member(&mut self, source: &'a Member) -> (Member, MemberRestoration) {
        let (mut node, step) = self.node(&source.node);
        let optional = self.rules.all_required && !source.required;
        if optional {
            let null = serde_json::Value::Null;
            match Membership::new(self.definitions).node(&source.node, &null) {
                Some(false) => {
                    let reason = "includes this optional property; null means absent";
                    self.change("required", ChangeEffect::Same, reason);
                }
                _ => {
                    let reason = "includes this optional property; null means absent, so null cannot be given";
                    self.change("required", ChangeEffect::Narrower, reason);
                }
            }
            if node.any_of.iter().all(|it| it.kind != Kind::Null) {
                node.any_of.push(Kind::Null.into());
            }
        }
        let required = self.rules.all_required || source.required;
        (
            Member { node, required },
            MemberRestoration { name: None, absent_if_null: optional, step },
        )
    }

    /// Returns a name that the provider supports.
    fn name(&mut self, original_name: &str, object: &Object, keywords: &Keywords) -> String {
        let Some(is_supported) =
            self.rules.names.filter(|is_supported| !is_supported(original_name))
        else {
            return original_name.to_owned();
        };
        // Under its new name, the member is one of the others for keywords that remain.
        let counts = |keyword: &String| matches!(&**keyword, "minProperties" | "maxProperties");
        let closed = object.is_closed() || self.rules.closed;
        let is_only_renamed = closed && keywords.keys().all(counts);
        let effect = if is_only_renamed { ChangeEffect::Same } else { ChangeEffect::Wider };
        let reason = "has an unsupported name, so the property is renamed";
        self.within(format!(".{original_name}"), |it| it.change("properties", effect, reason));
        let replace_special = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let prefix: String = original_name.chars().take(40).map(replace_special).collect();
        // The position of a member makes its new name unique.
        let position = object.members.get_index_of(original_name).unwrap_or_default();
        let mut names = (position..).map(|number| format!("p_{prefix}_{number}"));
        let is_free = |name: &String| is_supported(name) && !object.members.contains_key(name);
        names.find(is_free).unwrap_or_default()
    }

    /// Writes the schema of members that the schema does not name.
    fn others(&mut self, object: &'a Object, patterns: bool) -> (Option<Box<Node>>, RestoreStep) {
        const KEYWORD: &str = "additionalProperties";
        let never = || Some(Box::new(Node::never()));
        if self.rules.closed {
            if !object.is_closed() || patterns {
                let reason = "is not supported, so no other properties are allowed";
                self.change(KEYWORD, ChangeEffect::Narrower, reason);
            }
            return (never(), RestoreStep::Same);
        }
        let unsupported = patterns && !self.rules.supports("patternProperties");
        match object.others.as_deref() {
            None => (None, RestoreStep::Same),
            Some(_) if !self.rules.supports(KEYWORD) || unsupported => {
                self.change(KEYWORD, ChangeEffect::Wider, "is not supported");
                (None, RestoreStep::Same)
            }
            Some(node) if node.is_never() => (never(), RestoreStep::Same),
            Some(node) => {
                let (node, step) = self.within("{}".to_owned(), |it| it.node(node));
                (Some(Box::new(node)), step)
            }
        }
    }

    /// Reports that keywords are not supported by the replacement of an object.
    fn report_unsupported(&mut self, keywords: &Keywords) {
        for keyword in keywords.keys() {
            self.change(
                keyword,
                ChangeEffect::Wider,
                "is not supported by the replacement of the object",
            );
        }
    }

    /// Writes members of any name as an array of entries.
    fn entries(&mut self, object: &'a Object, keywords: &Keywords) -> Restorable<Alternative> {
        let reason = "becomes an array of objects with \"key\" and \"value\"";
        self.change("additionalProperties", ChangeEffect::Same, reason);
        self.report_unsupported(keywords);
        self.depth += 2;
        let (value, step) = self.within("{}".to_owned(), |it| match object.others.as_deref() {
            Some(node) => it.node(node),
            None => it.any_node(),
        });
        self.depth -= 2;
        let member = |node| Member { node, required: true };
        let members = [
            ("key".to_owned(), member(Node::of(Kind::String))),
            ("value".to_owned(), member(value)),
        ];
        let others = self.rules.closed.then(|| Box::new(Node::never()));
        let entry = Node::of(Kind::Object(Object { members: members.into(), others }));
        let array = Array { prefix_items: Vec::new(), items: Some(Box::new(entry)) };
        (Kind::Array(array).into(), RestoreStep::Entries(Box::new(step)))
    }

    pub(crate) fn array(
        &mut self,
        array: &'a Array,
        keywords: &Keywords,
    ) -> Restorable<Alternative> {
        if self.depth >= self.rules.max_depth {
            let reason = "is nested too deeply, so the value becomes a JSON string";
            return self.json_string("items", reason);
        }
        let written = self.with_keywords(Kind::Null, keywords);
        self.depth += 1;
        let (array, step) =
            self.within("[]".to_owned(), |it| match array.prefix_items.is_empty() {
                false if !it.rules.supports("prefixItems") => it.mixed(array),
                _ => it.tuple(array),
            });
        self.depth -= 1;
        (Alternative { kind: Kind::Array(array), ..written }, step)
    }

    /// Writes the first items one by one, then the others.
    fn tuple(&mut self, array: &'a Array) -> (Array, RestoreStep) {
        let (prefix_items, steps): (Vec<_>, Vec<_>) =
            array.prefix_items.iter().map(|it| self.node(it)).unzip();
        let (items, step) = match array.items.as_deref() {
            Some(items) => {
                let (items, step) = self.node(items);
                (Some(Box::new(items)), step)
            }
            // A schema for any value is only needed if there is no other schema for items.
            None if !prefix_items.is_empty() || self.rules.keywords.is_none() => {
                (None, RestoreStep::Same)
            }
            None => {
                let (items, step) = self.any_node();
                (Some(Box::new(items)), step)
            }
        };
        (Array { prefix_items, items }, RestoreStep::array(steps, step))
    }

    /// Writes one schema for all items, because the provider does not support `prefixItems`.
    fn mixed(&mut self, array: &'a Array) -> (Array, RestoreStep) {
        self.change(
            "prefixItems",
            ChangeEffect::Wider,
            "becomes \"items\", so the items may have any order",
        );
        if array.items.is_none() {
            self.change(
                "items",
                ChangeEffect::Narrower,
                "is missing, so further items must match one of \"prefixItems\"",
            );
        }
        let others = array.items.as_deref().filter(|items| !items.is_never());
        let mut parts = Vec::new();
        for item in array.prefix_items.iter().chain(others) {
            let (node, step) = self.node(item);
            parts.extend(match step {
                RestoreStep::Any(more) => more,
                step => {
                    let each = node.into_alternatives().into_iter();
                    each.map(|it| (it, step.clone())).collect()
                }
            });
        }
        let (items, step) = self.union(parts);
        (
            Array { prefix_items: Vec::new(), items: Some(Box::new(items)) },
            RestoreStep::array(vec![], step),
        )
    }

    fn any_node(&mut self) -> Restorable<Node> {
        let parts = self.any();
        self.union(parts)
    }
}
