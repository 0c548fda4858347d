//! A tool's input schema as a provider takes it.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use mcp_types::Schema;
use serde_json::Value;

use super::{
    change::{ChangeEffect, SchemaChange},
    normal_form, passthrough, printer,
    provider::Provider,
    restoration::Restoration,
    rules::ProviderRules,
    writer,
};

/// The largest schema that is converted, in bytes.
const LARGEST: usize = 256 * 1024;

/// The schema of a tool's arguments as a provider takes it, with all that this changed and the way
/// back.
///
/// ```
/// use relay::{ChangeEffect, Provider, ProviderSchema, Schema};
/// use serde_json::json;
///
/// let own = Schema::from_value(json!({
///     "type": "object",
///     "properties": { "city": { "type": "string", "minLength": 1 }, "days": { "type": "integer" } },
///     "required": ["city"],
///     "additionalProperties": false,
/// }))?;
/// let schema = ProviderSchema::new(Provider::OpenAiChatStrict, &own);
///
/// // Strict mode wants every member, so that one which may be left out may be null instead.
/// let said: serde_json::Value = schema.schema().parse()?;
/// assert_eq!(said["required"], json!(["city", "days"]));
/// assert_eq!(said["properties"]["days"], json!({ "type": ["integer", "null"] }));
/// assert_eq!(schema.decode_arguments(json!({ "city": "Rome", "days": null })), json!({ "city": "Rome" }));
///
/// let lost: Vec<_> = schema.changes().iter().filter(|it| it.effect == ChangeEffect::Wider).collect();
/// assert_eq!(lost[0].to_string(), "city: `minLength` is not taken (wider)");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct ProviderSchema {
    schema: Schema,
    changes: Vec<SchemaChange>,
    restoration: Restoration,
}

impl ProviderSchema {
    /// Converts the schema of a tool's arguments. Where nothing has to be changed, it is shared.
    ///
    /// Time and memory are bounded, whatever the schema says: where it is larger than 256 KiB, or takes
    /// too much work, the arguments become one text of JSON, and [`changes`](Self::changes) says so. The
    /// outcome depends on nothing but the two.
    pub fn new(provider: Provider, own: &Schema) -> Self {
        let rules = provider.rules();
        let source = (own.get().len() <= LARGEST).then(|| own.parse::<Value>().ok()).flatten();
        let (schema, changes, restoration) = match &source {
            Some(source) => converted(source, rules),
            None => as_json_text(rules),
        };
        let schema = match Some(&schema) == source.as_ref() {
            true => own.clone(),
            // This does not fail: schemas of arguments are objects.
            false => Schema::from_value(schema).unwrap_or_else(|_| own.clone()),
        };
        Self { schema, changes, restoration }
    }

    /// The schema that the provider takes.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// All that is said otherwise, or not at all.
    pub fn changes(&self) -> &[SchemaChange] {
        &self.changes
    }

    /// Whether all that fits the schema fits the tool's own, once it is [restored](Self::decode_arguments).
    pub fn is_sound(&self) -> bool {
        self.changes.iter().all(|change| change.effect != ChangeEffect::Wider)
    }

    /// Turns arguments that a model gives by this schema into those that the tool takes. What does not
    /// keep to it stays as it is, for the check before the call to name.
    pub fn decode_arguments(&self, arguments: Value) -> Value {
        self.restoration.restore(arguments)
    }
}

type Converted = (Value, Vec<SchemaChange>, Restoration);

fn converted(source: &Value, rules: &'static ProviderRules) -> Converted {
    if let Some((schema, report)) = passthrough::unchanged(source, rules) {
        return (schema, report.changes, Restoration::none());
    }
    let normal = normal_form::read(source);
    let written =
        normal.and_then(|normal| writer::write(&normal, rules)).map(|it| printed(it, rules));
    let fitting = written.filter(|(schema, ..)| rules.limits.allow(schema));
    fitting.unwrap_or_else(|| as_json_text(rules))
}

fn as_json_text(rules: &'static ProviderRules) -> Converted {
    printed(writer::as_json_text(rules), rules)
}

fn printed(written: writer::Written, rules: &ProviderRules) -> Converted {
    let writer::Written { root, changes, restoration } = written;
    (printer::print(&root, &restoration.nodes, rules), changes, restoration)
}

/// The schemas of a tool for each provider. Each is converted when it is first used.
#[derive(Default)]
pub(crate) struct ProviderSchemas([OnceLock<Arc<ProviderSchema>>; 7]);

impl ProviderSchemas {
    /// Returns the schema `own` as the provider takes it.
    pub(crate) fn get(&self, provider: Provider, own: &Schema) -> Arc<ProviderSchema> {
        let supported = &self.0[slot(provider)];
        Arc::clone(supported.get_or_init(|| ProviderSchema::new(provider, own).into()))
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
    }
}

impl fmt::Debug for ProviderSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderSchemas")
    }
}
