//! Time and memory for hostile input. Both must grow in proportion to its length.

use std::{env, fs, hint::black_box, process::Command};

use anyhow::{Context as _, Result};
use mcp_types::{JsonRpcMessage, Method, v2026_07_28::*};

use crate::{instructions, table};

type ToolCallResult = <CallToolRequest as Method>::Result;

const SIZE: usize = 64 << 10;
/// The maximum message size of transports.
const LIMIT: usize = 32 << 20;

/// The maximum number of objects and arrays in a message, without those around the input.
const MOST: usize = JsonRpcMessage::<ToolCallResult>::MAX_CONTAINERS - 10;
/// The maximum depth of JSON, without what is around the input.
const DEPTH: usize = 120;

/// A name, and a function that returns text of about the given length.
type Hostile = (&'static str, fn(usize) -> String);

const ALL: [Hostile; 16] = [
    ("objects in objects, in a schema", |size| {
        in_schema(&[&r#"{"a":"#.repeat(size / 6), "1", &"}".repeat(size / 6)].concat())
    }),
    ("arrays in arrays, in content", |size| {
        in_result(&["[".repeat(size / 2), "]".repeat(size / 2)].concat())
    }),
    ("a string", |size| in_text(&"a".repeat(size))),
    ("a string of escapes", |size| in_text(&r"\ud83d\ude00".repeat(size / 12))),
    ("a key", |size| in_result(&format!(r#"{{"{}":0}}"#, "a".repeat(size)))),
    ("a number", |size| in_result(&"9".repeat(size))),
    ("an array of numbers", |size| in_result(&format!("[{}0]", "0,".repeat(size / 2)))),
    ("blocks that are empty texts", |size| {
        in_result(&format!(
            "[{0}{{\"type\":\"text\",\"text\":\"\"}}]",
            r#"{"type":"text","text":""},"#.repeat(size / 26)
        ))
    }),
    ("blocks of an unknown type", |size| {
        in_result(&format!("[{0}{{\"type\":\"\"}}]", r#"{"type":""},"#.repeat(size / 12)))
    }),
    ("as many of those as are taken, then numbers", |size| {
        format!("{{{}}}", blocks_and_numbers(size))
    }),
    ("the same, and then a type that is unknown", |size| {
        format!(r#"{{{},"resultType":"x"}}"#, blocks_and_numbers(size))
    }),
    ("objects in objects, as many, then numbers", |size| {
        let towers = (size / (6 * DEPTH)).min(MOST / DEPTH);
        let tower = [&r#"{"":"#.repeat(DEPTH), "0", &"}".repeat(DEPTH), ","].concat();
        let rest = "0,".repeat((size - tower.len() * towers) / 2);
        format!(r#"{{"content":[],"structuredContent":[{}{rest}0]}}"#, tower.repeat(towers))
    }),
    ("resources with null for text", |size| {
        let nulls = r#""text":null,"#.repeat(size / 12);
        in_result(&format!(r#"[{{"type":"resource","resource":{{{nulls}"blob":"","uri":""}}}}]"#))
    }),
    ("members that are unknown, in a result", |size| in_members(size, r#""content":[]"#)),
    ("members in front of the type", |size| {
        let block = in_members(size, r#""type":"text","text":"""#);
        in_result(&format!("[{block}]"))
    }),
    ("many blocks, and a mistake in the last", |size| {
        in_result(&format!("[{}7]", r#"{"text":"","type":"text"},"#.repeat(size / 26)))
    }),
];

fn blocks_and_numbers(size: usize) -> String {
    let blocks = (size / 12).min(MOST);
    let rest = "0,".repeat((size - 12 * blocks) / 2);
    let blocks = r#"{"type":""},"#.repeat(blocks);
    format!(r#""content":[{blocks}{{"type":""}}],"structuredContent":[{rest}0]"#)
}

fn in_result(content: &str) -> String {
    format!(r#"{{"content":{content}}}"#)
}

fn in_text(text: &str) -> String {
    in_result(&format!(r#"[{{"type":"text","text":"{text}"}}]"#))
}

fn in_schema(schema: &str) -> String {
    format!(r#"{{"tools":[{{"name":"n","inputSchema":{schema}}}]}}"#)
}

fn in_members(size: usize, last: &str) -> String {
    let members: String = (0..size / 16).map(|index| format!(r#""{index:010}":0,"#)).collect();
    format!("{{{members}{last}}}")
}

pub(crate) fn run() -> Result<()> {
    let mut rows = Vec::new();
    for (name, _) in ALL {
        let mut row = vec![name.to_owned()];
        for times in [1, 2, 4] {
            let size = (SIZE * times).to_string();
            row.push(if instructions::available() {
                let count = instructions::of_one(&["read-hostile", name, &size])?;
                format!("{:.1}", count as f64 / (SIZE * times) as f64)
            } else {
                "?".to_owned()
            });
        }
        let size = LIMIT.to_string();
        let (before, after) = (peak(name, &size, "0")?, peak(name, &size, "1")?);
        row.push(format!("{:.1}", (after - before) / LIMIT as f64));
        rows.push(row);
    }
    println!("Instructions a byte, and memory at 32 MiB by the length of the text:\n");
    table::print(&["input", "64 KiB", "128 KiB", "256 KiB", "memory"], &rows);
    Ok(())
}

/// Reads the text `count` times as the result of a message. Errors are ignored.
pub(crate) fn read(name: &str, size: usize, count: usize) -> Result<()> {
    let (_, text) = ALL.iter().find(|(each, _)| *each == name).context("no such input")?;
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}}}"#, text(size));
    // Reset the peak, so that it does not include the creation of the text.
    _ = fs::write("/proc/self/clear_refs", "5");
    for _ in 0..count {
        if name.ends_with("in a schema") {
            _ = black_box(JsonRpcMessage::<ListToolsResult>::from_slice(text.as_bytes()));
        } else {
            _ = black_box(JsonRpcMessage::<ToolCallResult>::from_slice(text.as_bytes()));
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    println!("{}", peak.trim().trim_end_matches(" kB"));
    Ok(())
}

/// Returns the peak memory of a run in bytes.
fn peak(name: &str, size: &str, count: &str) -> Result<f64> {
    let output =
        Command::new(env::current_exe()?).args(["read-hostile", name, size, count]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>()? * 1024.0)
}
