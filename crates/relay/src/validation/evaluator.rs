//! Evaluation of a value against a schema.

use mcp_client::{Redactor, Truncated};

use super::{
    json_text::{JsonText, JsonType},
    number::Decimal,
    rule::{AllowedValues, Applicator, CountRange, NumberBound, Rule, Subschema, Types, Validator},
    validity::Validity,
    violation::Violation,
};

/// The maximum number of steps of one evaluation. A rule, a member and an item count as one step
/// each, and so do [`BYTES_PER_STEP`] bytes of a value.
const MAX_STEPS: usize = 100_000;
/// The number of bytes of a value that count as one step.
const BYTES_PER_STEP: usize = 64;
/// The maximum nesting of rules.
const MAX_DEPTH: usize = 100;
/// The maximum number of violations that are collected.
pub(super) const MAX_VIOLATIONS: usize = 10;

/// The state of one evaluation of a value.
pub(super) struct Evaluator<'a> {
    validator: &'a Validator,
    /// The number of steps that are left.
    pub(super) steps: usize,
    depth: usize,
    /// Greater than zero while no violations are collected, as within `anyOf`.
    pub(super) silent: usize,
    /// The place of the current value, as a JSON Pointer.
    pub(super) path: String,
    /// The word for a member of the root.
    root_noun: &'static str,
    /// The secrets that are redacted in violations.
    redactor: Option<&'a Redactor>,
    violations: Vec<Violation>,
}

impl<'a> Evaluator<'a> {
    /// Creates an evaluator that collects no violations.
    pub(super) fn silent(validator: &'a Validator) -> Self {
        let (path, root_noun, violations) = (String::new(), "property", Vec::new());
        Self {
            validator,
            steps: MAX_STEPS,
            depth: 0,
            silent: 1,
            path,
            root_noun,
            redactor: None,
            violations,
        }
    }

    /// Creates an evaluator that collects violations. `root_noun` is the word for a member of the
    /// root.
    pub(super) fn collecting(
        validator: &'a Validator,
        root_noun: &'static str,
        redactor: &'a Redactor,
    ) -> Self {
        Self { silent: 0, root_noun, redactor: Some(redactor), ..Self::silent(validator) }
    }

    pub(super) fn evaluate(&mut self, value: JsonText<'_>) -> Validity {
        self.subschema(self.validator.root, value)
    }

    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    pub(super) fn subschema(&mut self, subschema: Subschema, value: JsonText<'_>) -> Validity {
        let validator = self.validator;
        match subschema {
            _ if !self.count_steps(1) || self.depth == MAX_DEPTH => Validity::Unknown,
            Subschema::Any => Validity::Valid,
            Subschema::Never => {
                self.require(Validity::Invalid, || "no value is allowed here".to_owned())
            }
            Subschema::Unknown => Validity::Unknown,
            Subschema::Rule(index) => {
                self.depth += 1;
                let validity = self.rule(&validator.rules[index], value);
                self.depth -= 1;
                validity
            }
        }
    }

    fn rule(&mut self, rule: &'a Rule, value: JsonText<'_>) -> Validity {
        let json_type = value.json_type();
        if rule.nullable && json_type == JsonType::Null {
            return Validity::Unknown;
        }
        let mut validity = if rule.has_unknown { Validity::Unknown } else { Validity::Valid };
        if let Some(types) = &rule.types {
            validity = validity.and(self.has_type(types, json_type, value));
        }
        if let Some(constant) = &rule.constant {
            let is_constant = self.is_listed(constant, json_type, value);
            let message = || "expected the value of \"const\"".to_owned();
            validity = validity.and(self.require(is_constant, message));
        }
        if let Some(all) = &rule.enum_values {
            let is_listed = self.is_listed(all, json_type, value);
            let message = || "expected one of the values of \"enum\"".to_owned();
            validity = validity.and(self.require(is_listed, message));
        }
        validity = match (json_type, &rule.array, &rule.object) {
            (JsonType::Number, ..) if !rule.bounds.is_empty() => {
                validity.and(self.number(&rule.bounds, value))
            }
            (JsonType::String, ..) => validity.and(self.string(rule, value)),
            (JsonType::Array, Some(array), _) => {
                self.and_then(validity, |evaluator| evaluator.array(array, value))
            }
            (JsonType::Object, _, Some(object)) => {
                self.and_then(validity, |evaluator| evaluator.object(object, value))
            }
            _ => validity,
        };
        self.each(validity, &rule.applicators, |evaluator, applicator| {
            evaluator.applicator(applicator, value)
        })
    }

    /// Evaluates more keywords for the same value, unless the result is decided.
    pub(super) fn and_then(
        &mut self,
        validity: Validity,
        evaluate: impl FnOnce(&mut Self) -> Validity,
    ) -> Validity {
        match self.is_decided(validity) {
            true => validity.and(Validity::Unknown),
            false => validity.and(evaluate(self)),
        }
    }

    /// Evaluates each element until the result is decided.
    pub(super) fn each<T>(
        &mut self,
        mut validity: Validity,
        all: impl IntoIterator<Item = T>,
        mut evaluate: impl FnMut(&mut Self, T) -> Validity,
    ) -> Validity {
        for one in all {
            if self.is_decided(validity) {
                return validity.and(Validity::Unknown);
            }
            validity = validity.and(evaluate(self, one));
        }
        validity
    }

    /// Returns whether the result is final. This is so if no steps are left, or if the value is
    /// invalid and no further violations are collected.
    pub(super) fn is_decided(&self, validity: Validity) -> bool {
        self.steps == 0
            || validity == Validity::Invalid
                && (self.silent > 0 || self.violations.len() == MAX_VIOLATIONS)
    }

    /// Takes steps from the budget. Returns false if there are not enough.
    pub(super) fn count_steps(&mut self, steps: usize) -> bool {
        let enough = self.steps >= steps;
        self.steps = self.steps.saturating_sub(steps);
        enough
    }

    /// Takes the steps for reading a value from the budget. Returns false if there are not enough.
    pub(super) fn count_bytes(&mut self, value: JsonText<'_>) -> bool {
        self.count_steps(1 + value.len() / BYTES_PER_STEP)
    }

    /// Adds a violation if the value is invalid.
    pub(super) fn require(
        &mut self,
        validity: Validity,
        what: impl FnOnce() -> String,
    ) -> Validity {
        if validity == Validity::Invalid
            && self.silent == 0
            && self.violations.len() < MAX_VIOLATIONS
        {
            let (path, message) = (self.redacted_path(), self.redacted(&what()));
            let (path, message) = (shortened(path), shortened(message));
            self.violations.push(Violation { path, message });
        }
        validity
    }

    /// Returns the place of the current value. A secret that contains a slash is recognized only
    /// without the escapes of a JSON Pointer.
    fn redacted_path(&self) -> String {
        let redacted = |name: &str| escaped(&self.redacted(&unescaped(name)));
        self.path.split('/').map(redacted).collect::<Vec<_>>().join("/")
    }

    /// Redacts secrets in names of members, which the server may choose.
    fn redacted(&self, text: &str) -> String {
        self.redactor.map_or(text.into(), |redactor| redactor.redact(text)).into_owned()
    }

    /// Evaluates without collecting violations.
    pub(super) fn evaluate_silently(
        &mut self,
        subschema: Subschema,
        value: JsonText<'_>,
    ) -> Validity {
        self.silent += 1;
        let validity = self.subschema(subschema, value);
        self.silent -= 1;
        validity
    }

    fn has_type(&mut self, types: &Types, json_type: JsonType, value: JsonText<'_>) -> Validity {
        let validity = match json_type {
            _ if types.allowed.contains(&json_type) => Validity::Valid,
            JsonType::Number if types.integer => value.number().map(Decimal::is_whole).into(),
            _ => Validity::Invalid,
        };
        self.require(validity, || format!("expected {types}, got {json_type}"))
    }

    /// Returns the word for a member of the current object.
    pub(super) fn noun(&self) -> &'static str {
        if self.path.is_empty() { self.root_noun } else { "property" }
    }

    fn is_listed(
        &mut self,
        allowed_values: &AllowedValues,
        json_type: JsonType,
        value: JsonText<'_>,
    ) -> Validity {
        if !self.count_bytes(value) {
            return Validity::Unknown;
        }
        let is_listed = match json_type {
            JsonType::String => value.string().map(|text| {
                allowed_values.strings.binary_search_by(|one| (**one).cmp(&text)).is_ok()
            }),
            _ => value.canonical().map(|text| {
                allowed_values.others.binary_search_by(|one| (**one).cmp(&text)).is_ok()
            }),
        };
        is_listed.into()
    }

    fn number(&mut self, bounds: &[NumberBound], value: JsonText<'_>) -> Validity {
        let Some(number) = value.number() else { return Validity::Unknown };
        self.each(Validity::Valid, bounds, |evaluator, bound| {
            let is_met = bound.is_met_by(number).into();
            evaluator.require(is_met, || format!("expected {bound}"))
        })
    }

    fn string(&mut self, rule: &Rule, value: JsonText<'_>) -> Validity {
        let validity = if rule.has_pattern { Validity::Unknown } else { Validity::Valid };
        let Some(size) = rule.length else { return validity };
        match self.count_bytes(value).then(|| value.string()).flatten() {
            Some(text) => {
                let length = text.chars().count();
                validity.and(self.size(size, length, ["character", "characters"]))
            }
            None => Validity::Unknown,
        }
    }

    /// Evaluates a count. `nouns` are the singular and the plural of the counted parts.
    pub(super) fn size(&mut self, size: CountRange, count: usize, nouns: [&str; 2]) -> Validity {
        let CountRange { min, max } = size;
        let noun = |count| nouns[usize::from(count != 1)];
        let enough = self.require(Validity::of(count >= min), || {
            format!("expected at least {min} {}", noun(min))
        });
        enough.and(self.require(Validity::of(count <= max), || {
            format!("expected at most {max} {}", noun(max))
        }))
    }

    fn applicator(&mut self, applicator: &'a Applicator, value: JsonText<'_>) -> Validity {
        match applicator {
            Applicator::All(subschemas) => {
                self.each(Validity::Valid, subschemas, |evaluator, subschema| {
                    evaluator.subschema(*subschema, value)
                })
            }
            Applicator::Any(subschemas) => {
                let any = self.matches(subschemas, usize::MAX, value);
                let message = "expected a value that matches a schema of \"anyOf\"";
                self.require(any, || message.to_owned())
            }
            Applicator::One(subschemas) => {
                let one = self.matches(subschemas, 1, value);
                let message = "expected a value that matches exactly one schema of \"oneOf\"";
                self.require(one, || message.to_owned())
            }
            Applicator::Not(subschema) => {
                let is_not = self.evaluate_silently(*subschema, value).not();
                let message = "expected a value that does not match \"not\"";
                self.require(is_not, || message.to_owned())
            }
            Applicator::If { condition, then, otherwise } => {
                match self.evaluate_silently(*condition, value) {
                    Validity::Valid => self.subschema(*then, value),
                    Validity::Invalid => self.subschema(*otherwise, value),
                    Validity::Unknown => Validity::Unknown,
                }
            }
        }
    }

    /// Evaluates whether the value is valid by at least one of the subschemas, and by at most `most`.
    fn matches(&mut self, subschemas: &[Subschema], max: usize, value: JsonText<'_>) -> Validity {
        let (mut valid, mut unknown) = (0, 0);
        for subschema in subschemas {
            match self.evaluate_silently(*subschema, value) {
                Validity::Valid => valid += 1,
                Validity::Unknown => unknown += 1,
                Validity::Invalid => {}
            }
            match valid {
                1 if max > 1 => return Validity::Valid,
                _ if valid > max => return Validity::Invalid,
                _ if self.steps == 0 => return Validity::Unknown,
                _ => {}
            }
        }
        match (valid, unknown) {
            (0, 0) => Validity::Invalid,
            (1, 0) => Validity::Valid,
            _ => Validity::Unknown,
        }
    }
}

/// Escapes a name for a JSON Pointer (RFC 6901, section 3).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

/// Truncates a text that is too long for an error. Names of members are of any length.
fn shortened(text: String) -> String {
    match text.chars().nth(Truncated::MAX_CHARS) {
        Some(_) => Truncated(&text).to_string(),
        None => text,
    }
}
