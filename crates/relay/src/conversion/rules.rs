//! What each provider takes as the schema of a tool's arguments.
//!
//! The rules are those that the providers publish; each names the document. Where a provider
//! publishes none, it is what it answers with status 400 to. Of rules that contradict each other, the
//! stricter one counts.

use serde_json::Value;

use super::{
    limits::{Limits, UNLIMITED},
    provider::Provider,
};

/// The rules of a provider, as far as they touch schemas.
pub(super) struct ProviderRules {
    /// The keywords that it takes, where it does not take all.
    pub(super) keywords: Option<&'static [&'static str]>,
    /// The keywords that it takes for the arguments as a whole, where these are fewer.
    pub(super) root: Option<&'static [&'static str]>,
    /// The values of `format` that it takes, where it does not take all.
    pub(super) formats: Option<&'static [&'static str]>,
    pub(super) references: References,
    /// The names that members may have, where not all are taken.
    pub(super) names: Option<fn(&str) -> bool>,
    /// Whether every member has to be required.
    pub(super) all_required: bool,
    /// Whether no member may be added that is not named.
    pub(super) closed: bool,
    /// Whether it is OpenAPI's schema: null is said by `nullable`, and `anyOf` stands alone.
    pub(super) openapi: bool,
    /// Whether it takes an object without members.
    pub(super) empty: bool,
    /// Whether it takes a value in `enum`.
    pub(super) listed: fn(&Value) -> bool,
    /// How deep objects and lists may be within each other.
    pub(super) depth: usize,
    pub(super) limits: Limits,
}

/// Which references to definitions a provider takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    None,
    /// Those that do not lead back to themselves.
    Straight,
    All,
}

/// Characters that an `enum` of more than 250 values may have (OpenAI, "Structured model outputs").
pub(super) const LONG_LIST: (usize, usize) = (250, 15_000);

/// OpenAI without `strict` (guide "Function calling"): JSON Schema. What it does not take at the root
/// is what its errors name: `oneOf`, `anyOf`, `allOf`, `enum`, `const`, `not`.
const OPENAI: ProviderRules = ProviderRules {
    keywords: None,
    root: None,
    formats: None,
    references: References::All,
    names: None,
    all_required: false,
    closed: false,
    openapi: false,
    empty: true,
    listed: |_| true,
    depth: usize::MAX,
    limits: UNLIMITED,
};

/// OpenAI with `strict` (guide "Structured model outputs", "Supported schemas"): all members are
/// required, none are added; ten levels, 5,000 members, 1,000 values of `enum`s, 120,000 characters.
///
/// `minLength` and `maxLength` are not among the keywords listed as supported, but among those that
/// fine-tuned models do not take as well; they are left out here. Beside `$ref` it takes nothing.
const OPENAI_STRICT: ProviderRules = ProviderRules {
    keywords: Some(&[
        "description",
        "pattern",
        "format",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    ]),
    formats: Some(&[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uuid",
    ]),
    all_required: true,
    closed: true,
    listed: is_scalar,
    depth: 10,
    limits: Limits { members: 5_000, values: 1_000, characters: 120_000, ..UNLIMITED },
    ..OPENAI
};

/// Anthropic (API reference, "Messages", `input_schema`): JSON Schema 2020-12. Its errors refuse
/// `oneOf`, `allOf` and `anyOf` at the root, and names of members but `^[a-zA-Z0-9_.-]{1,64}$`.
const ANTHROPIC: ProviderRules = ProviderRules { names: Some(is_plain), ..OPENAI };

/// Anthropic with `strict` (guide "Structured outputs", "JSON Schema limitations"): no members are
/// added, no recursion, no bounds of numbers and texts; `minItems` of 0 and 1 only. A request may have
/// 24 optional members and 16 unions in all, so that one schema cannot have more.
///
/// The guide takes simple regular expressions as `pattern`, others say that it takes none: it is left
/// out here. It takes `allOf` with limits; here it is merged.
const ANTHROPIC_STRICT: ProviderRules = ProviderRules {
    keywords: Some(&["description", "title", "default", "format", "minItems"]),
    formats: Some(&[
        "date-time",
        "time",
        "date",
        "duration",
        "email",
        "hostname",
        "uri",
        "ipv4",
        "ipv6",
        "uuid",
    ]),
    references: References::Straight,
    closed: true,
    listed: is_scalar,
    depth: 32,
    limits: Limits { optional: 24, unions: 16, ..UNLIMITED },
    ..ANTHROPIC
};

/// Gemini's `parameters` (API reference, "Schema", "FunctionDeclaration"): a subset of OpenAPI 3.0 in
/// which every schema has a type and `enum` is of strings. Any other field is an error, and so are
/// formats but these, an object without members, and any field beside `anyOf`.
///
/// That names of members are `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$` is said for Vertex AI only; it is kept
/// here for both.
const GEMINI: ProviderRules = ProviderRules {
    keywords: Some(&[
        "description",
        "title",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "minProperties",
        "maxProperties",
        "format",
    ]),
    formats: Some(&["date-time", "float", "double", "int32", "int64"]),
    references: References::None,
    names: Some(is_identifier),
    openapi: true,
    empty: false,
    listed: Value::is_string,
    depth: 32,
    ..OPENAI
};

/// Gemini's `parametersJsonSchema` (API reference, "FunctionDeclaration"), for which the keywords of
/// `responseJsonSchema` ("GenerationConfig") are taken: the one place that lists any. `enum` is of
/// strings and numbers; references that lead back to themselves are unrolled "to a limited degree",
/// and so not used here.
const GEMINI_JSON_SCHEMA: ProviderRules = ProviderRules {
    keywords: Some(&[
        "description",
        "title",
        "format",
        "prefixItems",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "additionalProperties",
    ]),
    references: References::Straight,
    empty: false,
    listed: |value| value.is_string() || value.is_number(),
    depth: 32,
    ..OPENAI
};

/// Bedrock's `toolSpec.inputSchema.json` (API reference, "ToolInputSchema"). Amazon Nova takes a root
/// of `type`, `properties` and `required` only (Nova user guide, "Troubleshooting tool calls"), where
/// there is no place for `$defs`; Claude's rule for names holds here too.
const BEDROCK: ProviderRules = ProviderRules {
    root: Some(&["type", "properties", "required"]),
    references: References::None,
    ..ANTHROPIC
};

impl Provider {
    pub(super) fn rules(self) -> &'static ProviderRules {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses => &OPENAI,
            Self::OpenAiChatStrict | Self::OpenAiResponsesStrict => &OPENAI_STRICT,
            Self::Anthropic => &ANTHROPIC,
            Self::AnthropicStrict => &ANTHROPIC_STRICT,
            Self::Gemini => &GEMINI,
            Self::GeminiJsonSchema => &GEMINI_JSON_SCHEMA,
            Self::Bedrock => &BEDROCK,
        }
    }
}

impl ProviderRules {
    pub(super) fn takes(&self, keyword: &str) -> bool {
        self.keywords.is_none_or(|keywords| keywords.contains(&keyword))
    }

    pub(super) fn takes_at_root(&self, keyword: &str) -> bool {
        self.root.is_none_or(|keywords| keywords.contains(&keyword))
    }

    pub(super) fn takes_format(&self, format: &Value) -> bool {
        let named = |formats: &[&str]| formats.iter().any(|name| format == name);
        self.formats.is_none_or(named)
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// `^[a-zA-Z0-9_.-]{1,64}$`
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`
fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// What a keyword is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concern {
    Number,
    String,
    List,
    Object,
    /// Values of all types.
    All,
    /// The shape of schemas; it is read for itself.
    Structure,
    /// Nothing that changes which values fit.
    Nothing,
}

pub(super) fn concern(keyword: &str) -> Concern {
    match keyword {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            Concern::Number
        }
        "minLength" | "maxLength" | "pattern" => Concern::String,
        "minItems" | "maxItems" | "uniqueItems" | "contains" | "minContains" | "maxContains"
        | "unevaluatedItems" => Concern::List,
        "minProperties"
        | "maxProperties"
        | "patternProperties"
        | "propertyNames"
        | "dependentRequired"
        | "dependentSchemas"
        | "dependencies"
        | "unevaluatedProperties" => Concern::Object,
        "not" | "if" | "then" | "else" | "$dynamicRef" | "$recursiveRef" => Concern::All,
        "type"
        | "enum"
        | "const"
        | "$ref"
        | "allOf"
        | "anyOf"
        | "oneOf"
        | "properties"
        | "required"
        | "additionalProperties"
        | "items"
        | "prefixItems"
        | "additionalItems"
        | "$defs"
        | "definitions"
        | "format" => Concern::Structure,
        _ => Concern::Nothing,
    }
}
