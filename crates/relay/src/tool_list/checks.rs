//! Validation of arguments and results against the schemas of a tool.

use std::{fmt, sync::OnceLock};

use mcp_client::{Redactor, ToolDefinition, Truncated};
use mcp_types::Schema;
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Error, InvalidOutput},
    tool_output::ToolOutput,
    validation::{UnknownDialect, Validator, Violation},
};

/// The largest schema that is used, in bytes. Validation must be fast compared with the call.
const MAX_SCHEMA_SIZE: usize = 256 * 1024;

/// The parsed schemas of a tool. All users of its definition share them. They are parsed on the
/// first call.
#[derive(Default)]
pub(crate) struct SchemaChecks {
    input: OnceLock<ParsedSchema>,
    output: OnceLock<ParsedSchema>,
}

/// A parsed schema. `None` if there is none, or if it cannot be used.
type ParsedSchema = Result<Option<Validator>, UnknownDialect>;

impl SchemaChecks {
    /// Returns an error if the arguments are certainly invalid, or if the dialect of a schema is
    /// not supported. Secrets of `redactor` are redacted in the error.
    pub(crate) fn check_arguments(
        &self,
        server: &str,
        tool: &ToolDefinition,
        arguments: &RawValue,
        redactor: impl Fn() -> Redactor,
    ) -> Result<(), Error> {
        let input = self.input.get_or_init(|| parse(&tool.input_schema));
        let (input, _) = (
            validator_of(server, tool, input, &redactor)?,
            validator_of(server, tool, self.output(tool), &redactor)?,
        );
        match input
            .map(|validator| validator.violations_of_arguments(arguments.get(), redactor))
            .unwrap_or_default()
        {
            none if none.is_empty() => Ok(()),
            violations => {
                let (server, tool) = (server.to_owned(), tool.name.clone());
                Err(Error::InvalidArguments { server, tool, violations })
            }
        }
    }

    /// Returns an error if the structured content is certainly invalid. If the tool reported an
    /// error, the result is not validated (MCP server/tools, "Output Schema"). Secrets of `redactor`
    /// are redacted in the error.
    pub(crate) fn check_output(
        &self,
        server: &str,
        tool: &ToolDefinition,
        output: ToolOutput,
        redactor: impl FnOnce() -> Redactor,
    ) -> Result<ToolOutput, Error> {
        let Ok(Some(validator)) = self.output(tool) else { return Ok(output) };
        let violations = match &output.structured_content {
            _ if output.is_error => return Ok(output),
            Some(content) => validator.violations_of_result(&content.to_string(), redactor),
            None => vec![Violation {
                path: String::new(),
                message: "missing structured content".to_owned(),
            }],
        };
        if violations.is_empty() {
            return Ok(output);
        }
        let (server, tool) = (server.to_owned(), tool.name.clone());
        Err(Error::InvalidOutput(Box::new(InvalidOutput { server, tool, violations, output })))
    }

    fn output(&self, tool: &ToolDefinition) -> &ParsedSchema {
        let schema = tool.output_schema.as_ref();
        self.output.get_or_init(|| schema.map_or(Ok(None), parse))
    }
}

fn validator_of<'a>(
    server: &str,
    tool: &ToolDefinition,
    check: &'a ParsedSchema,
    redactor: impl Fn() -> Redactor,
) -> Result<Option<&'a Validator>, Error> {
    check.as_ref().map(Option::as_ref).map_err(|UnknownDialect(dialect)| {
        let dialect = redactor().redact(dialect).into_owned();
        Error::ToolCall {
            server: server.to_owned(),
            tool: tool.name.clone(),
            reason: format!("schema dialect {} is not supported", Truncated(&dialect)).into(),
            source: None,
        }
    })
}

fn parse(schema: &Schema) -> ParsedSchema {
    let text = Some(schema.as_str()).filter(|text| text.len() <= MAX_SCHEMA_SIZE);
    let schema = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    schema.map(|schema| Validator::read(&schema)).transpose()
}

impl fmt::Debug for SchemaChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SchemaChecks")
    }
}
