//! Arguments and results against the schemas of their tool.

use std::{fmt, sync::OnceLock};

use mcp_types::Schema;
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Error, InvalidOutput},
    fit::{self, Violation},
    named::NamedTool,
    output::ToolOutput,
};

/// Larger schemas are not read: a look at the arguments is to be cheap next to the call.
const LARGEST: usize = 256 * 1024;

/// The schemas of a tool as they are read with its first call, for all who share its definition.
#[derive(Default)]
pub(crate) struct Checks {
    input: OnceLock<Option<Value>>,
    output: OnceLock<Option<Value>>,
}

impl NamedTool {
    /// Refuses arguments that surely do not fit the tool's schema.
    pub(crate) fn check_arguments(&self, server: &str, arguments: &RawValue) -> Result<(), Error> {
        let schema = self.checks.input.get_or_init(|| read(&self.tool.input_schema));
        let arguments = serde_json::from_str::<Value>(arguments.get());
        let (Some(schema), Ok(arguments)) = (schema, arguments) else { return Ok(()) };
        match fit::violations(schema, &arguments) {
            none if none.is_empty() => Ok(()),
            violations => {
                let (server, tool) = (server.to_owned(), self.tool.name.clone());
                Err(Error::InvalidArguments { server, tool, violations })
            }
        }
    }

    /// Sets apart a result whose structured content surely does not fit the tool's schema. A failure
    /// of the tool's own has none (MCP server/tools, "Output Schema").
    pub(crate) fn check_output(
        &self,
        server: &str,
        output: ToolOutput,
    ) -> Result<ToolOutput, Error> {
        let Some(schema) = &self.tool.output_schema else { return Ok(output) };
        let Some(schema) = self.checks.output.get_or_init(|| read(schema)) else {
            return Ok(output);
        };
        let violations = match &output.structured_content {
            _ if output.is_error => return Ok(output),
            Some(content) => fit::violations(schema, content),
            None => vec![Violation {
                path: String::new(),
                demand: "structured content is missing".to_owned(),
            }],
        };
        if violations.is_empty() {
            return Ok(output);
        }
        let (server, tool) = (server.to_owned(), self.tool.name.clone());
        Err(Error::InvalidOutput(Box::new(InvalidOutput { server, tool, violations, output })))
    }
}

fn read(schema: &Schema) -> Option<Value> {
    let text = schema.get();
    (text.len() <= LARGEST).then(|| serde_json::from_str(text).ok())?
}

impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checks")
    }
}
