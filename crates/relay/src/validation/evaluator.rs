//! The walk of rules over a value.

use super::{
    json_text::{Kind, Text},
    number::Decimal,
    rule::{Applied, Limit, Listed, Rule, Rules, Size, Sub, Types},
    validity::Fit,
    violation::Violation,
};

/// Steps that one look at a value may take: a rule, a member, an item, or some bytes of it.
const STEPS: usize = 100_000;
/// Bytes that are read in one step.
const BYTES: usize = 64;
/// How deep rules may be applied within each other.
const DEEPEST: usize = 100;
/// Violations that are named.
pub(super) const MOST: usize = 10;

pub(super) struct Judge<'a> {
    rules: &'a Rules,
    pub(super) steps: usize,
    depth: usize,
    /// Above zero where a misfit is no violation, as within `anyOf`, or need not be named.
    pub(super) silent: usize,
    pub(super) path: String,
    found: Vec<Violation>,
}

impl<'a> Judge<'a> {
    /// Tells whether values fit, and no more.
    pub(super) fn silent(rules: &'a Rules) -> Self {
        let (path, found) = (String::new(), Vec::new());
        Self { rules, steps: STEPS, depth: 0, silent: 1, path, found }
    }

    /// Names what does not fit.
    pub(super) fn naming(rules: &'a Rules) -> Self {
        Self { silent: 0, ..Self::silent(rules) }
    }

    pub(super) fn judge(&mut self, value: Text<'_>) -> Fit {
        self.fits(self.rules.root, value)
    }

    pub(super) fn into_found(self) -> Vec<Violation> {
        self.found
    }

    pub(super) fn fits(&mut self, sub: Sub, value: Text<'_>) -> Fit {
        let rules = self.rules;
        match sub {
            _ if !self.step(1) || self.depth == DEEPEST => Fit::Open,
            Sub::Any => Fit::Yes,
            Sub::Never => self.demand(Fit::No, || "nothing may be here".to_owned()),
            Sub::Open => Fit::Open,
            Sub::Rule(place) => {
                self.depth += 1;
                let fit = self.meets(&rules.all[place], value);
                self.depth -= 1;
                fit
            }
        }
    }

    fn meets(&mut self, rule: &'a Rule, value: Text<'_>) -> Fit {
        let kind = value.kind();
        let mut fit = if rule.open { Fit::Open } else { Fit::Yes };
        if let Some(types) = &rule.types {
            fit = fit.and(self.is_of(types, kind, value));
        }
        if let Some(only) = &rule.constant {
            let constant = self.is_listed(only, kind, value);
            fit =
                fit.and(self.demand(constant, || "it has to be the one constant value".to_owned()));
        }
        if let Some(all) = &rule.listed {
            let listed = self.is_listed(all, kind, value);
            fit = fit
                .and(self.demand(listed, || "it has to be one of the values of `enum`".to_owned()));
        }
        fit = match (kind, &rule.array, &rule.object) {
            (Kind::Number, ..) if !rule.number.is_empty() => {
                fit.and(self.number(&rule.number, value))
            }
            (Kind::String, ..) => fit.and(self.string(rule, value)),
            (Kind::Array, Some(array), _) => self.also(fit, |judge| judge.array(array, value)),
            (Kind::Object, _, Some(object)) => self.also(fit, |judge| judge.object(object, value)),
            _ => fit,
        };
        self.each(fit, &rule.applied, |judge, applied| judge.applied(applied, value))
    }

    /// Judges that too, if it makes a difference.
    pub(super) fn also(&mut self, fit: Fit, judge: impl FnOnce(&mut Self) -> Fit) -> Fit {
        match self.is_settled(fit) {
            true => fit.and(Fit::Open),
            false => fit.and(judge(self)),
        }
    }

    /// Judges one after the other, as long as it makes a difference.
    pub(super) fn each<T>(
        &mut self,
        mut fit: Fit,
        all: impl IntoIterator<Item = T>,
        mut judge: impl FnMut(&mut Self, T) -> Fit,
    ) -> Fit {
        for one in all {
            if self.is_settled(fit) {
                return fit.and(Fit::Open);
            }
            fit = fit.and(judge(self, one));
        }
        fit
    }

    /// Whether nothing that follows matters: it surely does not fit, and that need not be said again,
    /// or nothing more can be told.
    pub(super) fn is_settled(&self, fit: Fit) -> bool {
        self.steps == 0 || fit == Fit::No && (self.silent > 0 || self.found.len() == MOST)
    }

    /// Takes so many steps, if there are as many.
    pub(super) fn step(&mut self, steps: usize) -> bool {
        let enough = self.steps >= steps;
        self.steps = self.steps.saturating_sub(steps);
        enough
    }

    /// Takes the steps to read these bytes.
    pub(super) fn read(&mut self, value: Text<'_>) -> bool {
        self.step(1 + value.len() / BYTES)
    }

    /// Names what was demanded, where it is not met.
    pub(super) fn demand(&mut self, fit: Fit, what: impl FnOnce() -> String) -> Fit {
        if fit == Fit::No && self.silent == 0 && self.found.len() < MOST {
            self.found.push(Violation { path: self.path.clone(), demand: what() });
        }
        fit
    }

    /// Judges without naming anything.
    pub(super) fn silently(&mut self, sub: Sub, value: Text<'_>) -> Fit {
        self.silent += 1;
        let fit = self.fits(sub, value);
        self.silent -= 1;
        fit
    }

    fn is_of(&mut self, types: &Types, kind: Kind, value: Text<'_>) -> Fit {
        let fit = match kind {
            _ if types.kinds.contains(&kind) => Fit::Yes,
            Kind::Number if types.integer => value.number().map(Decimal::is_whole).into(),
            _ => Fit::No,
        };
        self.demand(fit, || format!("it has to be of type {}", types.shown))
    }

    fn is_listed(&mut self, listed: &Listed, kind: Kind, value: Text<'_>) -> Fit {
        if !self.read(value) {
            return Fit::Open;
        }
        let found = match kind {
            Kind::String => value
                .string()
                .map(|text| listed.texts.binary_search_by(|one| (**one).cmp(&text)).is_ok()),
            _ => value
                .canonical()
                .map(|text| listed.others.binary_search_by(|one| (**one).cmp(&text)).is_ok()),
        };
        found.into()
    }

    fn number(&mut self, limits: &[Limit], value: Text<'_>) -> Fit {
        let Some(number) = value.number() else { return Fit::Open };
        self.each(Fit::Yes, limits, |judge, limit| {
            let meets = limit.is_met_by(number).into();
            judge.demand(meets, || format!("`{}` is {}", limit.keyword, limit.bound))
        })
    }

    fn string(&mut self, rule: &Rule, value: Text<'_>) -> Fit {
        let fit = if rule.pattern { Fit::Open } else { Fit::Yes };
        let Some(size) = rule.string else { return fit };
        match self.read(value).then(|| value.string()).flatten() {
            Some(text) => {
                let length = text.chars().count();
                fit.and(self.size(size, length, ["minLength", "maxLength"]))
            }
            None => Fit::Open,
        }
    }

    pub(super) fn size(&mut self, size: Size, count: usize, keywords: [&str; 2]) -> Fit {
        let Size { least, most } = size;
        let [fewest, largest] = keywords;
        let fewest = self.demand(Fit::of(count >= least), || format!("`{fewest}` is {least}"));
        fewest.and(self.demand(Fit::of(count <= most), || format!("`{largest}` is {most}")))
    }

    fn applied(&mut self, applied: &'a Applied, value: Text<'_>) -> Fit {
        match applied {
            Applied::All(subs) => self.each(Fit::Yes, subs, |judge, sub| judge.fits(*sub, value)),
            Applied::Any(subs) => {
                let some = self.some(subs, usize::MAX, value);
                self.demand(some, || "it has to fit one of `anyOf`".to_owned())
            }
            Applied::One(subs) => {
                let one = self.some(subs, 1, value);
                self.demand(one, || "it has to fit exactly one of `oneOf`".to_owned())
            }
            Applied::Not(sub) => {
                let not = self.silently(*sub, value).not();
                self.demand(not, || "it has to differ from what `not` says".to_owned())
            }
            Applied::If { condition, then, otherwise } => match self.silently(*condition, value) {
                Fit::Yes => self.fits(*then, value),
                Fit::No => self.fits(*otherwise, value),
                Fit::Open => Fit::Open,
            },
        }
    }

    /// Whether at least one and at most so many of them fit.
    fn some(&mut self, subs: &[Sub], most: usize, value: Text<'_>) -> Fit {
        let (mut fitting, mut open) = (0, 0);
        for sub in subs {
            match self.silently(*sub, value) {
                Fit::Yes => fitting += 1,
                Fit::Open => open += 1,
                Fit::No => {}
            }
            match fitting {
                1 if most > 1 => return Fit::Yes,
                _ if fitting > most => return Fit::No,
                _ if self.steps == 0 => return Fit::Open,
                _ => {}
            }
        }
        match (fitting, open) {
            (0, 0) => Fit::No,
            (1, 0) => Fit::Yes,
            _ => Fit::Open,
        }
    }
}
