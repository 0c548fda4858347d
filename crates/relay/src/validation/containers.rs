//! Evaluation of the items of an array and the members of an object.

use std::{collections::HashSet, fmt::Display};

use super::{
    evaluator::{Evaluator, escaped},
    json_text::JsonText,
    rule::{Array, CountRange, Dependency, Object, Subschema},
    validity::Validity,
};

impl<'a> Evaluator<'a> {
    pub(super) fn array(&mut self, array: &'a Array, value: JsonText<'_>) -> Validity {
        if !self.count_bytes(value) {
            return Validity::Unknown;
        }
        let mut validity = Validity::Valid;
        if array.size != CountRange::ANY {
            validity = self.size(array.size, value.items().count(), ["item", "items"]);
        }
        validity = self.each(validity, value.items().enumerate(), |evaluator, (index, item)| {
            let subschema = array.prefix_items.get(index).unwrap_or(&array.items);
            evaluator.within(index, *subschema, item)
        });
        if let Some((subschema, times)) = array.contains {
            let contains = self.contains(subschema, times, value);
            let message = || match times {
                CountRange { min: 1, max: usize::MAX } => {
                    "expected an item that matches \"contains\"".to_owned()
                }
                _ => format!("expected the number of items that match \"contains\" to be {times}"),
            };
            validity = validity.and(self.require(contains, message));
        }
        match array.unique {
            true => self.and_then(validity, |evaluator| evaluator.unique(value)),
            false => validity,
        }
    }

    fn contains(
        &mut self,
        subschema: Subschema,
        times: CountRange,
        value: JsonText<'_>,
    ) -> Validity {
        let (mut certain, mut possible) = (0, 0);
        for item in value.items() {
            let validity = self.evaluate_silently(subschema, item);
            certain += usize::from(validity == Validity::Valid);
            possible += usize::from(validity != Validity::Invalid);
            if self.steps == 0 {
                return Validity::Unknown;
            }
        }
        match (possible < times.min || certain > times.max, certain == possible) {
            (true, _) => Validity::Invalid,
            (false, true) => Validity::Valid,
            (false, false) => Validity::Unknown,
        }
    }

    fn unique(&mut self, value: JsonText<'_>) -> Validity {
        let (mut seen, mut validity) = (HashSet::new(), Validity::Valid);
        for item in value.items() {
            let item =
                if self.count_bytes(item) { item.canonical() } else { return Validity::Unknown };
            validity = validity.and(item.map(|item| seen.insert(item)).into());
        }
        self.require(validity, || "expected unique items".to_owned())
    }

    pub(super) fn object(&mut self, object: &'a Object, value: JsonText<'_>) -> Validity {
        if !self.count_bytes(value) {
            return Validity::Unknown;
        }
        let mut validity = Validity::Valid;
        if object.size != CountRange::ANY {
            let count = value.members().count();
            validity = self.size(object.size, count, ["property", "properties"]);
        }
        let mut required = 0;
        validity = self.each(validity, value.members(), |evaluator, (name, value)| {
            evaluator.member(object, name, value, &mut required)
        });
        if required < object.required {
            let missing = object.properties.iter().filter(|property| property.required);
            let missing = missing.map(|property| &*property.name);
            validity = self.and_then(validity, |evaluator| evaluator.has_all(missing, value));
        }
        self.each(validity, &object.dependencies, |evaluator, (name, dependency)| {
            if !evaluator.count_bytes(value) || !value.has_member(name) {
                return if evaluator.steps == 0 { Validity::Unknown } else { Validity::Valid };
            }
            match dependency {
                Dependency::Names(names) => {
                    evaluator.has_all(names.iter().map(|name| &**name), value)
                }
                Dependency::Rule(subschema) => evaluator.subschema(*subschema, value),
            }
        })
    }

    fn member(
        &mut self,
        object: &'a Object,
        name: JsonText<'_>,
        value: JsonText<'_>,
        required: &mut usize,
    ) -> Validity {
        let (Some(name_text), true) = (name.string(), self.count_steps(1)) else {
            return Validity::Unknown;
        };
        let property = object.property(&name_text);
        *required += usize::from(property.is_some_and(|property| property.required));
        let mut validity = match property.and_then(|property| property.rule) {
            Some(subschema) => self.within(&name_text, subschema, value),
            // A pattern may match the name, and patterns are not evaluated.
            None if object.has_patterns => Validity::Unknown,
            None if object.additional == Subschema::Never => {
                let noun = self.noun();
                self.require(Validity::Invalid, || format!("unknown {noun} {name_text:?}"))
            }
            None => self.within(&name_text, object.additional, value),
        };
        if object.has_patterns {
            validity = validity.and(Validity::Unknown);
        }
        if object.property_names != Subschema::Any {
            let is_valid_name = self.evaluate_silently(object.property_names, name);
            let noun = self.noun();
            let message = || format!("invalid {noun} name {}", name.text());
            validity = validity.and(self.require(is_valid_name, message));
        }
        validity
    }

    /// Evaluates whether the object has all these members.
    fn has_all<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
        value: JsonText<'_>,
    ) -> Validity {
        self.each(Validity::Valid, names, |evaluator, name| match evaluator.count_bytes(value) {
            true => {
                let (is_present, noun) = (Validity::of(value.has_member(name)), evaluator.noun());
                evaluator.require(is_present, || format!("missing required {noun} {name:?}"))
            }
            false => Validity::Unknown,
        })
    }

    /// Evaluates the member or item with this name or index.
    fn within(
        &mut self,
        name: impl Display,
        subschema: Subschema,
        value: JsonText<'_>,
    ) -> Validity {
        if self.silent > 0 {
            return self.subschema(subschema, value);
        }
        let length = self.path.len();
        self.path.push('/');
        self.path += &escaped(&name.to_string());
        let validity = self.subschema(subschema, value);
        self.path.truncate(length);
        validity
    }
}
