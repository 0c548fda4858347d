//! The kind of Rust type that a definition becomes.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{
    definitions::{Definitions, is_method, members, pascal, referent, requires, type_name},
    methods::is_input,
};

/// The kind of Rust type that a definition becomes.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A marker type of a request or notification.
    Method,
    /// A struct. `tag` is the name and value of its constant member.
    Struct { tag: Option<(String, String)> },
    /// An enumeration of strings.
    StringEnum(Vec<String>),
    /// A union whose variants differ in the value of the member `tag`. `string_members` are strings
    /// in all variants that have them.
    Tagged {
        tag: String,
        string_members: Vec<String>,
        variants: Vec<Variant>,
        default: Option<Variant>,
    },
    /// A union whose variants each have a member that the others do not have.
    Keyed { string_members: Vec<String>, variants: Vec<Variant> },
    /// A map from names to values of a definition.
    Map(String),
    /// A hand-written type.
    HandWritten(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Variant {
    /// The value of the tag, or the name of the member, that identifies the variant.
    pub(crate) by: String,
    pub(crate) definition: String,
}

impl Variant {
    /// Returns the name of the variant: that of the request or result, or of the discriminator.
    pub(crate) fn name(&self) -> String {
        let name = ["Request", "Result"].iter().find_map(|kind| self.definition.strip_suffix(kind));
        let by = || pascal(self.by.rsplit('/').next().unwrap_or_default());
        name.map_or_else(by, type_name)
    }
}

impl Shape {
    pub(crate) fn of(name: &str, definitions: &Definitions) -> Result<Self> {
        let schema = &definitions[name];
        if let Some(hand_written) = schema["x-rust"].as_str() {
            return Ok(Self::HandWritten(hand_written.to_owned()));
        }
        if is_method(schema) && !is_struct(schema) {
            return Ok(Self::Method);
        }
        if let Some(values) = schema["enum"].as_array() {
            let values = values.iter().map(|value| value.as_str().map(str::to_owned));
            let values: Vec<_> = values
                .collect::<Option<_>>()
                .context("an enumeration has values that are not strings")?;
            check_variant_names(values.iter().map(|value| pascal(value)))?;
            return Ok(Self::StringEnum(values));
        }
        if let Some(variants) = schema["anyOf"].as_array() {
            let union = union(variants, definitions)?;
            if let Self::Tagged { variants, .. } | Self::Keyed { variants, .. } = &union {
                check_variant_names(variants.iter().map(Variant::name))?;
            }
            return Ok(union);
        }
        if let Some(value) = schema.get("additionalProperties").and_then(referent) {
            ensure!(schema.get("properties").is_none(), "a map of definitions also has members");
            return Ok(Self::Map(value.to_owned()));
        }
        ensure!(is_struct(schema), "there is no Rust type for this kind of schema");
        let mut tags = constant_members(schema).filter(|(member, _)| requires(schema, member));
        let tag = tags.next().map(|(member, value)| (member.to_owned(), value.to_owned()));
        ensure!(tags.next().is_none(), "more than one member is constant");
        for (name, member) in members(schema) {
            check_member(member).with_context(|| format!("member \"{name}\""))?;
        }
        Ok(Self::Struct { tag })
    }
}

/// Returns true if a definition becomes a struct. That includes server requests inside a result.
pub(crate) fn is_struct(schema: &Value) -> bool {
    let map = schema.get("additionalProperties").is_some_and(|values| referent(values).is_some());
    schema["type"] == "object" && !map && (!is_method(schema) || is_input(schema))
}

/// Returns the members that are constant strings, with their values.
fn constant_members(schema: &Value) -> impl Iterator<Item = (&str, &str)> {
    members(schema).filter_map(|(name, member)| Some((name, member["const"].as_str()?)))
}

/// Fails if names cannot be the variants of one enum.
fn check_variant_names(names: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = BTreeSet::from(["Unknown".to_owned()]);
    for name in names {
        ensure!(
            syn::parse_str::<syn::Ident>(&name).is_ok(),
            "\"{name}\" is not a valid name of a variant"
        );
        ensure!(!seen.contains(&name), "two variants have the name \"{name}\"");
        seen.insert(name);
    }
    Ok(())
}

/// Fails if there is no Rust type for the schema of a member. Inline objects, enumerations and
/// unions have definitions of their own at this point.
fn check_member(schema: &Value) -> Result<()> {
    let inline = ["allOf", "anyOf", "enum", "oneOf", "properties"];
    let inline = inline.into_iter().find(|keyword| schema.get(keyword).is_some());
    ensure!(inline.is_none(), "\"{}\" has no definition of its own", inline.unwrap_or_default());
    let format = schema["format"].as_str();
    let plain = format.is_none_or(|format| ["byte", "uri", "uri-template"].contains(&format));
    ensure!(plain, "there is no Rust type for the format {}", schema["format"]);
    match &schema["type"] {
        Value::Array(types) => {
            let nullable = types.len() == 2 && types.iter().any(|of| of == "null");
            ensure!(nullable, "there is no Rust type for {}", schema["type"]);
        }
        Value::Null => {}
        Value::String(of) => {
            let types = ["array", "boolean", "integer", "number", "object", "string"];
            ensure!(types.contains(&of.as_str()), "there is no Rust type for {of}");
        }
        other => bail!("there is no Rust type for {other}"),
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(keyword).filter(|inner| inner.is_object()) {
            check_member(inner).with_context(|| format!("its \"{keyword}\""))?;
        }
    }
    Ok(())
}

fn union(variants: &[Value], definitions: &Definitions) -> Result<Shape> {
    let variants: Vec<_> = variants
        .iter()
        .map(|variant| referent(variant).and_then(|name| definitions.get_key_value(name)))
        .collect::<Option<_>>()
        .context("a variant of the union is not a definition")?;
    let Some((_, first)) = variants.first() else { bail!("the union has no variants") };
    let tag =
        constant_members(first).find_map(|(tag, _)| Some((tag, distinct_values(tag, &variants)?)));
    match tag {
        Some((tag, values)) => Ok(tagged(tag, &variants, &values)),
        None => {
            let string_members = string_members(&variants);
            let variants = keyed(&variants).context("nothing distinguishes the variants")?;
            Ok(Shape::Keyed { string_members, variants })
        }
    }
}

/// Returns the members that are plain strings in every variant that has them.
fn string_members(variants: &[(&String, &Value)]) -> Vec<String> {
    let is_text = |member: &Value| member["type"] == "string" && member.get("const").is_none();
    let (string_members, others): (Vec<_>, Vec<_>) = variants
        .iter()
        .flat_map(|(_, schema)| members(schema))
        .partition(|(_, member)| is_text(member));
    let string_members = string_members
        .into_iter()
        .filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    string_members.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the constants of the member `tag`, if each variant has a different one.
fn distinct_values<'a>(tag: &str, variants: &[(&String, &'a Value)]) -> Option<Vec<&'a str>> {
    let values = variants.iter().map(|(_, schema)| schema["properties"][tag]["const"].as_str());
    let values = values.collect::<Option<Vec<_>>>()?;
    let distinct = values.iter().collect::<BTreeSet<_>>().len() == values.len();
    distinct.then_some(values)
}

/// Identifies each variant by a required member that the others do not have.
fn keyed(variants: &[(&String, &Value)]) -> Option<Vec<Variant>> {
    let variant = |(name, schema): &(&String, &Value)| {
        let others = || variants.iter().filter(|(other, _)| other != name);
        let own = |key: &str| others().all(|(_, other)| other["properties"].get(key).is_none());
        let (key, _) = members(schema).find(|(key, _)| requires(schema, key) && own(key))?;
        Some(Variant { by: key.to_owned(), definition: (*name).clone() })
    };
    variants.iter().map(variant).collect()
}

fn tagged(tag: &str, variants: &[(&String, &Value)], values: &[&str]) -> Shape {
    let variant = |((name, _), value): (&(&String, &Value), &&str)| Variant {
        by: (*value).to_owned(),
        definition: (*name).clone(),
    };
    let optional = variants.iter().zip(values).find(|((_, schema), _)| !requires(schema, tag));
    Shape::Tagged {
        tag: tag.to_owned(),
        string_members: string_members(variants),
        variants: variants.iter().zip(values).map(variant).collect(),
        default: optional.map(variant),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::definitions::reference;
    use super::*;

    fn shape(union: Value) -> Result<Shape> {
        let object = |required: &str, tag: Value| {
            let mut properties = json!({ required: {}, "shared": {} });
            properties["t"] = tag;
            json!({ "type": "object", "required": [required], "properties": properties })
        };
        let definitions = Definitions::from([
            ("X".to_owned(), object("t", json!({ "const": "x/one" }))),
            ("Y".to_owned(), object("y", json!({ "const": "two" }))),
            ("Z".to_owned(), object("z", json!({}))),
            ("S".to_owned(), object("shared", json!({}))),
            ("U".to_owned(), union),
        ]);
        Shape::of("U", &definitions)
    }

    fn any_of(names: &[&str]) -> Value {
        json!({ "anyOf": names.iter().map(|name| reference(name)).collect::<Vec<_>>() })
    }

    #[test]
    fn unions_are_distinguished_by_tag_or_by_key() {
        let Shape::Tagged { tag, variants, default, .. } = shape(any_of(&["X", "Y"])).unwrap()
        else {
            panic!("not tagged")
        };
        assert_eq!(tag, "t");
        assert_eq!(variants.iter().map(Variant::name).collect::<Vec<_>>(), ["One", "Two"]);
        assert_eq!(default.unwrap().definition, "Y");

        let Shape::Keyed { variants, .. } = shape(any_of(&["Y", "Z"])).unwrap() else {
            panic!("not keyed")
        };
        assert_eq!(variants.iter().map(|variant| &*variant.by).collect::<Vec<_>>(), ["y", "z"]);

        let error = shape(any_of(&["Z", "S"])).unwrap_err().to_string();
        assert_eq!(error, "nothing distinguishes the variants");
        let error = shape(json!({ "anyOf": [{ "type": "string" }] })).unwrap_err().to_string();
        assert_eq!(error, "a variant of the union is not a definition");
    }

    #[test]
    fn variant_names_come_from_the_definition_or_the_discriminator() {
        for (by, definition, name) in [
            ("roots/list", "ListRootsRequest", "ListRoots"),
            ("model", "CreateMessageResult", "CreateMessage"),
            ("ref/prompt", "PromptReference", "Prompt"),
            ("resource_link", "ResourceLink", "ResourceLink"),
        ] {
            let variant = Variant { by: by.to_owned(), definition: definition.to_owned() };
            assert_eq!(variant.name(), name);
        }
    }

    #[test]
    fn map_of_definitions_is_not_a_struct() {
        let map = json!({ "type": "object", "additionalProperties": reference("X") });
        assert!(!is_struct(&map));
        assert!(matches!(shape(map), Ok(Shape::Map(values)) if values == "X"));
        let both = json!({ "properties": { "a": {} }, "additionalProperties": reference("X") });
        assert_eq!(shape(both).unwrap_err().to_string(), "a map of definitions also has members");
    }

    #[test]
    fn invalid_variant_names_are_errors() {
        for (values, wrong) in [
            (json!(["a", "2.0"]), "\"20\" is not a valid name of a variant"),
            (json!(["self"]), "\"Self\" is not a valid name of a variant"),
            (json!([""]), "\"\" is not a valid name of a variant"),
            (json!(["unknown"]), "two variants have the name \"Unknown\""),
            (json!(["a-b", "a_b"]), "two variants have the name \"AB\""),
        ] {
            assert_eq!(shape(json!({ "enum": values })).unwrap_err().to_string(), wrong);
        }
    }

    #[test]
    fn string_members_are_strings_in_every_variant() {
        let text = json!({ "type": "string" });
        let a = json!({ "properties": { "t": { "type": "string", "const": "a" }, "u": text, "v": text } });
        let b = json!({ "properties": { "v": { "type": "integer" }, "w": text, "u": text } });
        let (first, second) = ("A".to_owned(), "B".to_owned());
        assert_eq!(string_members(&[(&first, &a), (&second, &b)]), ["u", "w"]);
    }

    #[test]
    fn unsupported_member_is_an_error_with_its_path() {
        for (member, wrong) in [
            (json!({ "type": ["string", "integer"] }), r#"no Rust type for ["string","integer"]"#),
            (json!({ "type": "string", "format": "date-time" }), r#"the format "date-time""#),
            (json!({ "oneOf": [] }), "\"oneOf\" has no definition of its own"),
            (
                json!({ "type": "array", "items": { "type": "array", "items": { "enum": [] } } }),
                "its \"items\": its \"items\": \"enum\" has no definition of its own",
            ),
            (
                json!({ "additionalProperties": { "items": { "properties": {} } } }),
                "its \"additionalProperties\": its \"items\": \"properties\" has no definition",
            ),
        ] {
            let object = json!({ "type": "object", "properties": { "m": member } });
            let error = format!("{:#}", shape(object).unwrap_err());
            assert!(error.starts_with("member \"m\": ") && error.contains(wrong), "{error}");
        }
        for member in [json!({}), json!({ "type": ["integer", "null"] }), reference("X")] {
            let object = json!({ "type": "object", "properties": { "m": member } });
            assert!(shape(object).is_ok());
        }
    }

    #[test]
    fn unsupported_definition_is_an_error() {
        assert!(shape(json!({ "type": ["string", "array"] })).is_err());
        assert!(shape(json!({ "enum": ["a", 1] })).is_err());
    }
}
