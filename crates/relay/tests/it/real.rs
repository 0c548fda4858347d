//! Conversion of the tools of public servers. `tools/README.md` lists the servers.
//!
//! A snapshot next to each list of tools shows the result for each provider. It has the changes, with
//! the number of their occurrences, and the schemas that differ from those that the server sent.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use insta::{Settings, assert_snapshot};
use relay::{ProviderSchema, Schema};
use serde::Deserialize;

use crate::property::PROVIDERS;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool {
    name: String,
    input_schema: Schema,
}

/// Returns the tools of each server.
fn lists() -> BTreeMap<String, Vec<Tool>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tools");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let lists = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let list = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    };
    lists.map(list).collect()
}

#[test]
fn conversions_of_the_tools_of_public_servers() {
    let lists = lists();
    assert_eq!(lists.len(), 12);
    for (server, tools) in lists {
        let mut settings = Settings::clone_current();
        settings.set_snapshot_path("tools");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| assert_snapshot!(server, report(&tools)));
    }
}

fn report(tools: &[Tool]) -> String {
    let mut report = String::new();
    for provider in PROVIDERS {
        let schemas = tools.iter().map(|tool| ProviderSchema::new(provider, &tool.input_schema));
        let schemas: Vec<_> = schemas.collect();
        let changed =
            tools.iter().zip(&schemas).filter(|(tool, it)| it.schema() != &tool.input_schema);
        let changed: Vec<_> = changed.collect();
        let sound = schemas.iter().filter(|schema| schema.is_sound()).count();
        let (all, changed_count) = (tools.len(), changed.len());
        writeln!(report, "{provider:?}: {changed_count} of {all} changed, {sound} sound").unwrap();
        let mut counts = BTreeMap::<_, usize>::new();
        for change in schemas.iter().flat_map(ProviderSchema::changes) {
            let (keyword, reason, effect) = (&change.keyword, change.reason, change.effect);
            *counts.entry(format!("\"{keyword}\" {reason} ({effect:?})")).or_default() += 1;
        }
        for (change, count) in counts {
            writeln!(report, "  {count:3} {change}").unwrap();
        }
        for (tool, schema) in changed {
            writeln!(report, "  {} {}", tool.name, schema.schema().as_str()).unwrap();
        }
    }
    report
}
