//! Secrets taken out of what a server prints.

use std::fmt;

/// The values that a server was given in its environment: what it prints may repeat them.
#[derive(Clone, Default)]
pub(crate) struct Mask(Vec<String>);

impl Mask {
    /// Shorter values, such as `true` or a port, are no secrets.
    const SHORTEST: usize = 6;

    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut values: Vec<_> =
            values.filter(|value| value.len() >= Self::SHORTEST).map(str::to_owned).collect();
        // One may be part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// The text with asterisks in place of the values.
    pub(crate) fn apply(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text).into_owned();
        self.0.iter().fold(text, |text, value| text.replace(value.as_str(), "****"))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_wherever_they_are() {
        let mask = Mask::new(["s3cret-key", "s3cret", "true"].into_iter());
        assert_eq!(mask.apply(b"key=s3cret-key, s3cret\xff, true"), "key=****, ****\u{fffd}, true");
        assert_eq!(format!("{mask:?}"), "Mask(2)");
    }
}
