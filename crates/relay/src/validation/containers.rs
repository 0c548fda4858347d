//! The walk of rules over what is within arrays and objects.

use std::{collections::HashSet, fmt::Display};

use super::{
    evaluator::Judge,
    json_text::Text,
    rule::{Array, Dependent, Object, Size, Sub},
    validity::Fit,
};

impl<'a> Judge<'a> {
    pub(super) fn array(&mut self, array: &'a Array, value: Text<'_>) -> Fit {
        if !self.read(value) {
            return Fit::Open;
        }
        let mut fit = Fit::Yes;
        if array.size != Size::ANY {
            fit = self.size(array.size, value.items().count(), ["minItems", "maxItems"]);
        }
        fit = self.each(fit, value.items().enumerate(), |judge, (index, item)| {
            let sub = array.first.get(index).unwrap_or(&array.rest);
            judge.within(index, *sub, item)
        });
        if let Some((sub, times)) = array.contains {
            let contains = self.contains(sub, times, value);
            fit = fit
                .and(self.demand(contains, || "it has to contain what `contains` says".to_owned()));
        }
        match array.unique {
            true => self.also(fit, |judge| judge.unique(value)),
            false => fit,
        }
    }

    fn contains(&mut self, sub: Sub, times: Size, value: Text<'_>) -> Fit {
        let (mut sure, mut possible) = (0, 0);
        for item in value.items() {
            let fit = self.silently(sub, item);
            sure += usize::from(fit == Fit::Yes);
            possible += usize::from(fit != Fit::No);
            if self.steps == 0 {
                return Fit::Open;
            }
        }
        match (possible < times.least || sure > times.most, sure == possible) {
            (true, _) => Fit::No,
            (false, true) => Fit::Yes,
            (false, false) => Fit::Open,
        }
    }

    fn unique(&mut self, value: Text<'_>) -> Fit {
        let (mut seen, mut fit) = (HashSet::new(), Fit::Yes);
        for item in value.items() {
            let item = if self.read(item) { item.canonical() } else { return Fit::Open };
            fit = fit.and(item.map(|item| seen.insert(item)).into());
        }
        self.demand(fit, || "its items have to differ".to_owned())
    }

    pub(super) fn object(&mut self, object: &'a Object, value: Text<'_>) -> Fit {
        if !self.read(value) {
            return Fit::Open;
        }
        let mut fit = Fit::Yes;
        if object.size != Size::ANY {
            let count = value.members().count();
            fit = self.size(object.size, count, ["minProperties", "maxProperties"]);
        }
        let mut required = 0;
        fit = self.each(fit, value.members(), |judge, (name, value)| {
            judge.member(object, name, value, &mut required)
        });
        if required < object.required {
            let missing = object.named.iter().filter(|named| named.required);
            let missing = missing.map(|named| &*named.name);
            fit = self.also(fit, |judge| judge.have(missing, value));
        }
        self.each(fit, &object.dependent, |judge, (name, dependent)| {
            if !judge.read(value) || !value.has(name) {
                return if judge.steps == 0 { Fit::Open } else { Fit::Yes };
            }
            match dependent {
                Dependent::Names(names) => judge.have(names.iter().map(|name| &**name), value),
                Dependent::Rule(sub) => judge.fits(*sub, value),
            }
        })
    }

    fn member(
        &mut self,
        object: &'a Object,
        name: Text<'_>,
        value: Text<'_>,
        required: &mut usize,
    ) -> Fit {
        let (Some(said), true) = (name.string(), self.step(1)) else { return Fit::Open };
        let known = object.named(&said);
        *required += usize::from(known.is_some_and(|known| known.required));
        let mut fit = match known.and_then(|known| known.rule) {
            Some(sub) => self.within(&said, sub, value),
            // Whether a pattern is for it cannot be told.
            None if object.patterns => Fit::Open,
            None if object.others == Sub::Never => {
                self.demand(Fit::No, || format!("a member {said:?} is not allowed"))
            }
            None => self.within(&said, object.others, value),
        };
        if object.patterns {
            fit = fit.and(Fit::Open);
        }
        if object.names != Sub::Any {
            let named = self.silently(object.names, name);
            let named = self.demand(named, || format!("{} is no name for a member", name.shown()));
            fit = fit.and(named);
        }
        fit
    }

    /// Whether all these members are there.
    fn have<'n>(&mut self, names: impl Iterator<Item = &'n str>, value: Text<'_>) -> Fit {
        self.each(Fit::Yes, names, |judge, name| match judge.read(value) {
            true => {
                let there = Fit::of(value.has(name));
                judge.demand(there, || format!("{name:?} is missing"))
            }
            false => Fit::Open,
        })
    }

    /// Judges what is within the value under this name.
    fn within(&mut self, name: impl Display, sub: Sub, value: Text<'_>) -> Fit {
        if self.silent > 0 {
            return self.fits(sub, value);
        }
        let length = self.path.len();
        let name = name.to_string().replace('~', "~0").replace('/', "~1");
        self.path.push('/');
        self.path += &name;
        let fit = self.fits(sub, value);
        self.path.truncate(length);
        fit
    }
}
