//! Imports a published schema without its prose, and records its source.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest;

use super::json::Json;
use crate::files::{self, Mode};

/// Members of a schema that are prose.
const PROSE: [&str; 3] = ["$comment", "description", "title"];
/// Members of a schema whose own members are names, not keywords.
const WITH_NAMED_MEMBERS: [&str; 4] = ["$defs", "definitions", "patternProperties", "properties"];
/// Members of a schema that are data, not schemas.
const DATA: [&str; 4] = ["const", "default", "enum", "examples"];

/// Writes `schema/<revision>/` from a published schema, or checks that it is exactly that.
pub(crate) fn import(published: &Path, revision: &str, mode: Mode) -> Result<()> {
    let bytes = fs::read(published)
        .with_context(|| format!("cannot read the published schema {}", published.display()))?;
    import_to(&files::schema_dir(revision), &bytes, revision, mode)
}

/// Imports into another folder than `schema/<revision>/`.
pub(crate) fn import_to(folder: &Path, published: &[u8], revision: &str, mode: Mode) -> Result<()> {
    ensure!(
        is_date(revision),
        "{revision:?} is not a revision: expected a date, such as 2025-11-25"
    );
    let command = format!("cargo xtask schema import <published.json> --revision {revision}");
    let interface = interface(published)?;
    let (record, source) = (folder.join("source.toml"), source(published, revision));
    // A check must not pass or overwrite anything for a file that was imported from another source.
    ensure!(
        mode == Mode::Write || sha256(&files::read(&record)?) == sha256(&source),
        "the published file differs from the one that the source.toml of {revision} records"
    );
    files::write_or_check(&record, &source, mode, &command)?;
    files::write_or_check(&folder.join("schema.json"), &interface, mode, &command)
}

/// Reads the schema of a revision or of a file, and removes prose.
pub(crate) fn load(revision_or_path: &str) -> Result<Json> {
    let committed = files::schema_dir(revision_or_path).join("schema.json");
    let path = if committed.exists() { &committed } else { Path::new(revision_or_path) };
    let schema = serde_json::from_str(&files::read(path)?)
        .with_context(|| format!("{} is not JSON", path.display()))?;
    Ok(without_prose(schema))
}

/// Returns the definitions of a schema in their order.
pub(crate) fn definitions(schema: &Json) -> &[(String, Json)] {
    schema.get("$defs").or_else(|| schema.get("definitions")).map_or(&[], Json::members)
}

fn interface(published: &[u8]) -> Result<String> {
    let schema: Json =
        serde_json::from_slice(published).context("the published schema is not JSON")?;
    ensure!(!definitions(&schema).is_empty(), "the published schema has no definitions");
    Ok(serde_json::to_string_pretty(&without_prose(schema))? + "\n")
}

/// Returns true if a name has the form of a date. Such a name is also safe as the name of a folder.
fn is_date(name: &str) -> bool {
    let lengths = name.split('-').map(str::len);
    lengths.eq([4, 2, 2]) && name.chars().all(|c| c.is_ascii_digit() || c == '-')
}

/// Returns the line of a `source.toml` that holds the hash.
fn sha256(source: &str) -> Option<&str> {
    source.lines().find(|line| line.starts_with("sha256 = "))
}

fn source(published: &[u8], revision: &str) -> String {
    let sha256 = digest::digest(&digest::SHA256, published);
    let sha256: String = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "# Written by `cargo xtask schema import`: the file that schema.json is the interface of.\n\
         repository = \"modelcontextprotocol/modelcontextprotocol\"\n\
         file = \"schema/{revision}/schema.json\"\n\
         revision = \"{revision}\"\n\
         sha256 = \"{sha256}\"\n"
    )
}

fn without_prose(schema: Json) -> Json {
    match schema {
        Json::Scalar(_) => schema,
        Json::Array(items) => Json::Array(items.into_iter().map(without_prose).collect()),
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .filter(|(keyword, _)| !PROSE.contains(&keyword.as_str()))
                .map(|(keyword, value)| match keyword.as_str() {
                    name if DATA.contains(&name) => (keyword, value),
                    name if WITH_NAMED_MEMBERS.contains(&name) => {
                        (keyword, each_without_prose(value))
                    }
                    _ => (keyword, without_prose(value)),
                })
                .collect(),
        ),
    }
}

fn each_without_prose(named: Json) -> Json {
    match named {
        Json::Object(members) => Json::Object(
            members.into_iter().map(|(name, value)| (name, without_prose(value))).collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_removes_only_prose() {
        let published = r##"{
            "$schema": "x",
            "$comment": "prose",
            "$defs": {
                "title": { "type": "object", "description": "prose", "title": "prose" },
                "Tool": {
                    "required": ["name", "description"],
                    "properties": {
                        "name": { "$ref": "#/$defs/Name", "description": "prose" },
                        "description": { "type": ["string", "null"], "description": "prose" },
                        "any": { "default": { "description": "data" }, "minimum": 0.5 },
                        "all": { "anyOf": [{ "description": "prose", "const": -1 }, true] }
                    }
                }
            }
        }"##;
        let expected = concat!(
            r##"{"$schema":"x","$defs":{"title":{"type":"object"},"##,
            r##""Tool":{"required":["name","description"],"properties":{"##,
            r##""name":{"$ref":"#/$defs/Name"},"description":{"type":["string","null"]},"##,
            r##""any":{"default":{"description":"data"},"minimum":0.5},"##,
            r##""all":{"anyOf":[{"const":-1},true]}}}}}"##
        );
        let schema = serde_json::from_str(published).unwrap();
        assert_eq!(without_prose(schema).to_string(), expected);
    }

    #[test]
    fn source_file_records_the_hash() {
        let source = source(b"abc", "2025-11-25");
        assert!(source.contains(
            "sha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
        ));
        assert!(source.contains("file = \"schema/2025-11-25/schema.json\""));
        assert!(toml::from_str::<toml::Table>(&source).is_ok());
    }

    #[test]
    fn check_verifies_hash_and_content() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-{}", std::process::id()));
        let import =
            |published: &str, mode| import_to(&folder, published.as_bytes(), "2025-01-01", mode);
        let published = r#"{ "$defs": { "A": { "description": "prose", "type": "string" } } }"#;
        import(published, Mode::Write).unwrap();
        import(published, Mode::Check).unwrap();

        let reworded = import(&published.replace("prose", "other"), Mode::Check).unwrap_err();
        assert!(reworded.to_string().starts_with("the published file differs from"), "{reworded}");
        fs::write(folder.join("schema.json"), "{}").unwrap();
        let edited = import(published, Mode::Check).unwrap_err().to_string();
        assert!(
            edited.contains("schema.json is stale: run \"cargo xtask schema import"),
            "{edited}"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn import_requires_a_date_and_definitions() {
        let folder = std::env::temp_dir().join(format!("relay-xtask-no-{}", std::process::id()));
        let published = br#"{ "$defs": { "A": {} } }"#;
        for revision in ["../../2025-01-01", "2025-1-01", "", "draft", "2025-01-01-"] {
            let error = import_to(&folder, published, revision, Mode::Write).unwrap_err();
            assert!(error.to_string().contains("is not a revision"), "{error}");
        }
        for published in ["[1,2]", "{}", r#"{ "$defs": {} }"#] {
            let error = import_to(&folder, published.as_bytes(), "2025-01-01", Mode::Write);
            let error = error.unwrap_err().to_string();
            assert_eq!(error, "the published schema has no definitions");
        }
        assert!(!folder.exists());
    }
}
