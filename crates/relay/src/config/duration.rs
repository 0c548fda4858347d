//! Durations in a configuration: `"30s"`, or a plain number in the unit of its key.

use std::time::Duration;

use toml::Value;

/// The units of a duration, with their length in seconds.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// The rules for the duration of one key.
pub(crate) struct DurationRule {
    pub(crate) key: &'static str,
    /// The unit of a plain number: its name, and its length in seconds.
    pub(crate) unit: (&'static str, f64),
    /// True if zero is allowed.
    pub(crate) zero: bool,
}

impl DurationRule {
    /// Returns the rule of a key whose plain numbers are seconds, and that must be above zero.
    pub(crate) fn seconds(key: &'static str) -> Self {
        Self { key, unit: ("seconds", 1.0), zero: false }
    }

    /// Reads a duration. A text must have its variables replaced.
    ///
    /// # Errors
    /// Returns a message that names the key and shows no value.
    pub(crate) fn read(&self, value: &Value) -> Result<Duration, String> {
        let Self { key, unit: (unit, unit_seconds), zero } = self;
        let seconds = match value {
            #[expect(clippy::cast_precision_loss, reason = "such a number is out of range anyway")]
            Value::Integer(number) => Some(*number as f64 * unit_seconds),
            Value::Float(number) => Some(number * unit_seconds),
            Value::String(text) => parse_seconds(text),
            _ => None,
        };
        let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) else {
            return Err(format!(
                "\"{key}\": expected a duration such as \"30s\", \"5m\" or \"1h\", or a number of {unit}"
            ));
        };
        match Duration::try_from_secs_f64(seconds) {
            _ if seconds < 0.0 => Err(format!("\"{key}\" must not be negative")),
            Ok(Duration::ZERO) if !zero => Err(format!("\"{key}\" must be longer than 0")),
            Ok(duration) => Ok(duration),
            Err(_) => Err(format!("\"{key}\" is too long")),
        }
    }
}

/// Returns the seconds of a text such as `1.5h`.
fn parse_seconds(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(end);
    let number = number.trim_end();
    let is_number = number.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    Some(number.parse::<f64>().ok().filter(|_| is_number)? * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zero: bool, value: impl Into<Value>) -> Result<Duration, String> {
        let rule = DurationRule { key: "k", unit: ("minutes", 60.0), zero };
        rule.read(&value.into())
    }

    #[test]
    fn reads_durations_with_a_unit_and_plain_numbers() {
        for (value, millis) in [
            (Value::from("500ms"), 500),
            ("30s".into(), 30_000),
            ("60m".into(), 3_600_000),
            ("1h".into(), 3_600_000),
            ("1.5 h".into(), 5_400_000),
            ("0.5s".into(), 500),
            (2.into(), 120_000),
            (0.5.into(), 30_000),
        ] {
            let expected = Duration::from_millis(millis);
            assert_eq!(read(false, value.clone()), Ok(expected), "{value:?}");
        }
        assert_eq!(read(true, 0), Ok(Duration::ZERO));
        assert_eq!(read(true, "0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn rejects_other_values_with_a_message_that_shows_no_value() {
        let unknown =
            "\"k\": expected a duration such as \"30s\", \"5m\" or \"1h\", or a number of minutes";
        for (value, expected) in [
            (Value::from("30"), unknown),
            ("30 seconds".into(), unknown),
            ("s".into(), unknown),
            ("".into(), unknown),
            ("infs".into(), unknown),
            ("+5s".into(), unknown),
            (f64::NAN.into(), unknown),
            (f64::INFINITY.into(), unknown),
            (true.into(), unknown),
            (0.into(), "\"k\" must be longer than 0"),
            ("0ms".into(), "\"k\" must be longer than 0"),
            ((-1).into(), "\"k\" must not be negative"),
            ("-5s".into(), "\"k\" must not be negative"),
            (i64::MAX.into(), "\"k\" is too long"),
            ("99999999999999999999h".into(), "\"k\" is too long"),
        ] {
            assert_eq!(read(false, value.clone()).unwrap_err(), expected, "{value:?}");
        }
        assert_eq!(read(true, -0.5).unwrap_err(), "\"k\" must not be negative");
    }
}
