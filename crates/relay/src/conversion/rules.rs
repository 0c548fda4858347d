//! The rules of each provider for the schema of a tool's arguments.
//!
//! The rules are those that the providers publish. Each names its document. If a provider publishes
//! no rule, the rule follows from the requests that it rejects with status 400. If two rules
//! contradict each other, the stricter one counts.

use serde_json::Value;

use super::{
    limits::{Limits, UNLIMITED},
    provider::Provider,
};

/// The rules of a provider for schemas.
pub(super) struct ProviderRules {
    /// The supported keywords. `None` supports all.
    pub(super) keywords: Option<&'static [&'static str]>,
    /// The keywords that are supported at the root. `None` adds no restriction.
    pub(super) root: Option<&'static [&'static str]>,
    /// The supported values of `format`. `None` supports all.
    pub(super) formats: Option<&'static [&'static str]>,
    pub(super) references: References,
    /// A function that returns whether a member may have a name. `None` supports all names.
    pub(super) names: Option<fn(&str) -> bool>,
    /// True if every member must be required.
    pub(super) all_required: bool,
    /// True if objects must not have members that the schema does not name.
    pub(super) closed: bool,
    /// True for schemas of OpenAPI 3.0. `nullable` allows null, and `anyOf` has no sibling keywords.
    pub(super) openapi: bool,
    /// True if `propertyOrdering` names the order of the members.
    pub(super) ordering: bool,
    /// True if an object without members is supported.
    pub(super) allows_empty: bool,
    /// A function that returns whether a `pattern` is supported.
    pub(super) pattern: fn(&str) -> bool,
    /// A function that returns whether a value is supported in `enum`.
    pub(super) enum_value: fn(&Value) -> bool,
    /// The maximum nesting of objects and arrays.
    pub(super) max_depth: usize,
    pub(super) limits: Limits,
}

/// The references to definitions that a provider supports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    None,
    /// Only references that are not circular.
    NonCircular,
    All,
}

/// The limit of a long `enum`: one with more than 250 values may have at most 15,000 characters in
/// total (OpenAI, "Structured model outputs").
pub(super) const LONG_ENUM: (usize, usize) = (250, 15_000);

/// OpenAI without `strict` (guide "Function calling").
///
/// It accepts JSON Schema. It rejects `oneOf`, `anyOf`, `allOf`, `enum`, `const` and `not` at the root,
/// as its error messages say; see `NOT_AT_ROOT` in `passthrough.rs`. They also say that it rejects
/// patterns with lookaround.
const OPENAI: ProviderRules = ProviderRules {
    keywords: None,
    root: None,
    formats: None,
    references: References::All,
    names: None,
    all_required: false,
    closed: false,
    openapi: false,
    ordering: false,
    allows_empty: true,
    pattern: is_regular,
    enum_value: |_| true,
    max_depth: usize::MAX,
    limits: UNLIMITED,
};

/// OpenAI with `strict` (guide "Structured model outputs", "Supported schemas").
///
/// All members are required, and no others are allowed. The limits are ten levels, 5,000 members,
/// 1,000 `enum` values and 120,000 characters. A `$ref` has no sibling keywords.
///
/// The guide mentions `minLength` and `maxLength` only once: fine-tuned models do not support them.
/// Here they count as not supported.
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
    enum_value: is_scalar,
    max_depth: 10,
    limits: Limits { members: 5_000, values: 1_000, characters: 120_000, ..UNLIMITED },
    ..OPENAI
};

/// Anthropic without `strict` (API reference, "Messages", `input_schema`).
///
/// It accepts JSON Schema 2020-12. As its error messages say, it rejects `oneOf`, `allOf` and `anyOf`
/// at the root, and names of members that do not match `^[a-zA-Z0-9_.-]{1,64}$`.
const ANTHROPIC: ProviderRules =
    ProviderRules { names: Some(is_plain), pattern: |_| true, ..OPENAI };

/// Anthropic with `strict` (guide "Structured outputs", "JSON Schema limitations").
///
/// No other members and no recursion are allowed. Bounds of numbers and lengths of strings are not
/// supported. `minItems` may be 0 or 1. A request may have 24 optional members and 16 unions in total,
/// so one schema must not have more.
///
/// The guide allows simple regular expressions as `pattern`. According to other documents it is not
/// supported, so it counts as not supported. `allOf` is supported with limits. It is always merged here.
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
    references: References::NonCircular,
    closed: true,
    enum_value: is_scalar,
    max_depth: 32,
    limits: Limits { optional: 24, unions: 16, ..UNLIMITED },
    ..ANTHROPIC
};

/// Gemini's `parameters` (API reference, "Schema", "FunctionDeclaration").
///
/// They are a subset of OpenAPI 3.0 in which every schema has a type, and `enum` values are strings.
/// `propertyOrdering` names the order of the members. Any other field is an error. So are other formats, an object without members, and sibling fields of
/// `anyOf`, and an empty string in `enum`.
///
/// Names of members must match `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`. Only Vertex AI documents this rule.
/// Here it applies to both APIs.
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
    ordering: true,
    allows_empty: false,
    enum_value: |value| value.as_str().is_some_and(|text| !text.is_empty()),
    max_depth: 32,
    ..OPENAI
};

/// Gemini's `parametersJsonSchema` (API reference, "FunctionDeclaration").
///
/// The supported keywords are those of `responseJsonSchema` ("GenerationConfig"), because only that
/// section lists any. It also mentions `propertyOrdering`. `enum` values are strings and numbers. Circular references are unrolled "to a
/// limited degree", so they are not used here.
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
    references: References::NonCircular,
    ordering: true,
    allows_empty: false,
    enum_value: |value| value.as_str().map_or(value.is_number(), |text| !text.is_empty()),
    max_depth: 32,
    ..OPENAI
};

/// Bedrock's `toolSpec.inputSchema.json` (API reference, "ToolInputSchema").
///
/// Amazon Nova supports only `type`, `properties` and `required` at the root (Nova user guide,
/// "Troubleshooting tool calls"). Schemas for Bedrock therefore have no `$defs`. Claude's rule for names applies too.
const BEDROCK: ProviderRules = ProviderRules {
    root: Some(&["type", "properties", "required"]),
    references: References::None,
    ..ANTHROPIC
};

/// Bedrock's `toolSpec.strict` (user guide, "Structured outputs", "JSON Schema limitations").
///
/// The rules are those of Anthropic's `strict`. `$defs` are replaced as in [`BEDROCK`].
const BEDROCK_STRICT: ProviderRules =
    ProviderRules { references: References::None, ..ANTHROPIC_STRICT };

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
            Self::BedrockStrict => &BEDROCK_STRICT,
        }
    }
}

impl ProviderRules {
    /// Returns whether the provider supports a keyword.
    pub(super) fn supports(&self, keyword: &str) -> bool {
        self.keywords.is_none_or(|keywords| keywords.contains(&keyword))
    }

    /// Returns whether the provider supports a keyword at the root.
    pub(super) fn supports_at_root(&self, keyword: &str) -> bool {
        self.root.is_none_or(|keywords| keywords.contains(&keyword))
    }

    /// Returns whether the provider supports a value of `format`.
    pub(super) fn supports_format(&self, format: &Value) -> bool {
        let named = |formats: &[&str]| formats.iter().any(|name| format == name);
        self.formats.is_none_or(named)
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Returns whether a pattern is without lookaround and backreferences, which engines such as RE2 do
/// not have.
fn is_regular(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some(at) = rest.find(['\\', '(']) {
        let after = &rest[at + 1..];
        let lookaround = ["?=", "?!", "?<=", "?<!", "?>"];
        if rest.as_bytes()[at] == b'(' {
            if lookaround.iter().any(|group| after.starts_with(group)) {
                return false;
            }
            rest = after;
            continue;
        }
        let escaped = after.chars().next();
        if escaped.is_some_and(|c| matches!(c, '1'..='9' | 'k')) {
            return false;
        }
        rest = &after[escaped.map_or(0, char::len_utf8)..];
    }
    true
}

/// Returns whether a name matches `^[a-zA-Z0-9_.-]{1,64}$`.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// Returns whether a name matches `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`.
fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// The values that a keyword applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeywordScope {
    Number,
    String,
    Array,
    Object,
    /// Values of all types.
    AnyType,
    /// The structure of schemas. The reader handles each of these keywords separately.
    Structure,
    /// No values. The keyword does not change which values are valid.
    Annotation,
}

/// Returns the values that a keyword applies to.
pub(super) fn keyword_scope(keyword: &str) -> KeywordScope {
    match keyword {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            KeywordScope::Number
        }
        "minLength" | "maxLength" | "pattern" => KeywordScope::String,
        "minItems" | "maxItems" | "uniqueItems" | "contains" | "minContains" | "maxContains"
        | "unevaluatedItems" => KeywordScope::Array,
        "minProperties"
        | "maxProperties"
        | "patternProperties"
        | "propertyNames"
        | "dependentRequired"
        | "dependentSchemas"
        | "dependencies"
        | "unevaluatedProperties" => KeywordScope::Object,
        "not" | "if" | "then" | "else" | "$dynamicRef" | "$recursiveRef" => KeywordScope::AnyType,
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
        | "format" => KeywordScope::Structure,
        _ => KeywordScope::Annotation,
    }
}
