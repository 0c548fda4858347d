//! The input schema of a tool, converted for a provider.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use mcp_types::Schema;
use serde_json::Value;

use super::{
    change::{ChangeEffect, ChangeReport, SchemaChange},
    normal_form, passthrough, printer,
    provider::Provider,
    repair::repair,
    restoration::Restoration,
    rules::ProviderRules,
    writer,
};

/// The maximum size of a schema that is converted, in bytes.
const MAX_SIZE: usize = 256 * 1024;

/// The input schema of a tool, converted for a provider.
///
/// It lists the [`changes`](Self::changes) of the conversion. It also converts the arguments of a
/// model back, with [`decode_arguments`](Self::decode_arguments).
///
/// # Examples
/// ```
/// use relay::{ChangeEffect, Provider, ProviderSchema, Schema};
/// use serde_json::{Value, json};
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let input_schema = Schema::from_value(json!({
///     "type": "object",
///     "properties": { "city": { "type": "string", "minLength": 1 }, "days": { "type": "integer" } },
///     "required": ["city"],
///     "additionalProperties": false,
/// }))?;
/// let converted = ProviderSchema::new(Provider::OpenAiChatStrict, &input_schema);
///
/// // In strict mode, every property is required. An optional property may be null instead.
/// let schema: Value = converted.schema().parse()?;
/// assert_eq!(schema["required"], json!(["city", "days"]));
/// assert_eq!(schema["properties"]["days"], json!({ "type": ["integer", "null"] }));
///
/// let arguments = converted.decode_arguments(json!({ "city": "Rome", "days": null }));
/// assert_eq!(arguments, json!({ "city": "Rome" }));
///
/// let mut changes = converted.changes().iter();
/// let wider = changes.find(|change| change.effect == ChangeEffect::Wider);
/// let text = wider.map(|change| change.to_string());
/// assert_eq!(text.as_deref(), Some(r#""city": "minLength" is not supported (wider)"#));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ProviderSchema {
    schema: Schema,
    changes: Vec<SchemaChange>,
    restoration: Restoration,
}

impl ProviderSchema {
    /// Converts the input schema of a tool. If no change is needed, the schema is shared.
    ///
    /// Time and memory are bounded for every schema. If a schema is larger than 256 KiB, or needs too
    /// much work, the arguments become one string that contains JSON. This is one of the
    /// [`changes`](Self::changes). The result depends only on the provider and the schema.
    pub fn new(provider: Provider, input_schema: &Schema) -> Self {
        let rules = provider.rules();
        let source = (input_schema.as_str().len() <= MAX_SIZE)
            .then(|| input_schema.parse::<Value>().ok())
            .flatten();
        let mut repairs = ChangeReport::default();
        let source = source.map(|mut source| {
            repair(&mut source, rules, &mut repairs);
            source
        });
        let (schema, more, restoration) = match &source {
            Some(source) => convert(source, rules),
            None => as_json_text(rules),
        };
        let is_same = repairs.changes.is_empty() && Some(&schema) == source.as_ref();
        let changes = repairs.followed_by(more);
        let schema = match is_same {
            true => input_schema.clone(),
            // This does not fail, because a converted schema is always an object.
            false => Schema::from_value(schema).unwrap_or_else(|_| input_schema.clone()),
        };
        Self { schema, changes, restoration }
    }

    /// Returns the converted schema, to be sent to the provider.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the differences between the converted schema and the tool's own schema.
    pub fn changes(&self) -> &[SchemaChange] {
        &self.changes
    }

    /// Returns whether no change is [wider](ChangeEffect::Wider).
    ///
    /// If so, arguments that are valid by the converted schema are also valid by the tool's own schema
    /// after [`decode_arguments`](Self::decode_arguments).
    pub fn is_sound(&self) -> bool {
        self.changes.iter().all(|change| change.effect != ChangeEffect::Wider)
    }

    /// Converts arguments of the converted schema to arguments of the tool's own schema.
    ///
    /// Parts that do not match the converted schema stay unchanged. The check before a call reports
    /// them.
    pub fn decode_arguments(&self, arguments: Value) -> Value {
        self.restoration.restore(arguments)
    }
}

type Converted = (Value, Vec<SchemaChange>, Restoration);

fn convert(source: &Value, rules: &'static ProviderRules) -> Converted {
    if let Some((schema, report)) = passthrough::pass_through(source, rules) {
        return (schema, report.changes, Restoration::none());
    }
    let normal = normal_form::read(source);
    let written =
        normal.and_then(|normal| writer::write(&normal, rules)).map(|it| print(it, rules));
    let within_limits = written.filter(|(schema, ..)| rules.limits.allow(schema));
    within_limits.unwrap_or_else(|| as_json_text(rules))
}

fn as_json_text(rules: &'static ProviderRules) -> Converted {
    print(writer::as_json_text(rules), rules)
}

fn print(written: writer::Written, rules: &ProviderRules) -> Converted {
    let writer::Written { root, changes, restoration } = written;
    (printer::print(&root, &restoration.nodes, rules), changes, restoration)
}

/// The schemas of a tool for each provider. Each is converted on first use.
#[derive(Default)]
pub(crate) struct ProviderSchemas([OnceLock<Arc<ProviderSchema>>; 8]);

impl ProviderSchemas {
    /// Returns the input schema, converted for the provider.
    pub(crate) fn get(&self, provider: Provider, input_schema: &Schema) -> Arc<ProviderSchema> {
        let schema = &self.0[slot(provider)];
        Arc::clone(schema.get_or_init(|| ProviderSchema::new(provider, input_schema).into()))
    }
}

/// Returns the index of a provider. Providers with the same rules share a schema.
fn slot(provider: Provider) -> usize {
    match provider {
        Provider::OpenAiChat | Provider::OpenAiResponses => 0,
        Provider::OpenAiChatStrict | Provider::OpenAiResponsesStrict => 1,
        Provider::Anthropic => 2,
        Provider::AnthropicStrict => 3,
        Provider::Gemini => 4,
        Provider::GeminiJsonSchema => 5,
        Provider::Bedrock => 6,
        Provider::BedrockStrict => 7,
    }
}

impl fmt::Debug for ProviderSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderSchemas")
    }
}
