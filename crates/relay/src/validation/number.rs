//! Exact values of JSON numbers.

use std::{cmp::Ordering, fmt};

/// The number of digits from which an integer is printed with an exponent.
const DIGITS: usize = 38;

/// A number: `mantissa` times ten to the power of `exponent`. The exponent is negative only if the
/// number has a fraction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// Parses a JSON number. `None` if it has too many digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // Short integers are the most common numbers by far.
        if let Ok(whole) = text.parse::<i64>() {
            return Some(Self { mantissa: whole.into(), exponent: 0 });
        }
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse().ok()?),
            None => (text, 0_i32),
        };
        let mantissa = mantissa(number)?;
        let fraction = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let exponent = exponent.checked_sub(i32::try_from(fraction).ok()?)?;
        Some(Self { mantissa, exponent }.stripped(0))
    }

    /// Removes zeros at the end of the mantissa until the exponent reaches `most`.
    fn stripped(mut self, most: i32) -> Self {
        if self.mantissa == 0 {
            return Self { mantissa: 0, exponent: 0 };
        }
        while self.exponent < most && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }

    /// Returns whether a number is written the way that [`Decimal`] displays it.
    pub(super) fn is_canonical(text: &str) -> bool {
        let digit = |byte: u8| byte.is_ascii_digit() || byte == b'-';
        text.len() < DIGITS && text != "-0" && text.bytes().all(digit)
    }

    /// Returns whether the number has no fraction. 1.0 has none.
    pub(crate) fn is_whole(self) -> bool {
        self.exponent >= 0
    }

    /// Returns the number as a count. `None` if it is negative or has a fraction.
    pub(crate) fn count(self) -> Option<usize> {
        let whole = self.is_whole() && self.mantissa >= 0;
        whole.then(|| self.scaled(0).and_then(|count| count.try_into().ok()).unwrap_or(usize::MAX))
    }

    /// Compares two numbers. `None` if both are out of range at the same scale.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        if self.exponent == other.exponent {
            return Some(self.mantissa.cmp(&other.mantissa));
        }
        let exponent = self.exponent.min(other.exponent);
        match (self.scaled(exponent), other.scaled(exponent)) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            // The number that is out of range at the scale of the other is farther from zero.
            (None, Some(_)) => Some(self.mantissa.cmp(&0)),
            (Some(_), None) => Some(0.cmp(&other.mantissa)),
            (None, None) => None,
        }
    }

    /// Returns whether the number is a multiple of `divisor`. `None` if a number is out of range, or if
    /// `divisor` is not positive.
    pub(crate) fn is_multiple(self, divisor: Self) -> Option<bool> {
        let exponent = self.exponent.min(divisor.exponent);
        let (number, divisor) = (self.scaled(exponent)?, divisor.scaled(exponent)?);
        (divisor > 0).then(|| number % divisor == 0)
    }

    /// Returns the number for a message, such as `2.5`. Very small numbers keep their exponent.
    pub(super) fn in_decimal_notation(self) -> String {
        let Self { mantissa, exponent } = self.stripped(0);
        match usize::try_from(-i64::from(exponent)) {
            Ok(places @ 1..=DIGITS) => {
                let sign = if mantissa < 0 { "-" } else { "" };
                let digits = format!("{:0>1$}", mantissa.unsigned_abs(), places + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places);
                format!("{sign}{whole}.{fraction}")
            }
            _ => self.to_string(),
        }
    }

    /// Returns the mantissa for a smaller exponent. `None` if it is out of range.
    fn scaled(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        match (self.mantissa, power) {
            (0, _) | (_, 0) => Some(self.mantissa),
            _ => self.mantissa.checked_mul(10_i128.checked_pow(power)?),
        }
    }
}

/// Returns the digits of a number without its decimal point.
fn mantissa(number: &str) -> Option<i128> {
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |it| (true, it));
    let mut digits = digits.bytes().filter(|byte| *byte != b'.');
    let all = digits.try_fold(0_i128, |all, digit| {
        all.checked_mul(10)?.checked_add(i128::from(digit.wrapping_sub(b'0')))
    })?;
    Some(if negative { -all } else { all })
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.is_whole().then(|| self.scaled(0)).flatten().map(|it| it.to_string());
        match whole.filter(|whole| whole.len() < DIGITS) {
            Some(whole) => f.write_str(&whole),
            None => {
                let Self { mantissa, exponent } = self.stripped(i32::MAX);
                write!(f, "{mantissa}e{exponent}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::read(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_by_their_value() {
        use Ordering::{Equal, Greater, Less};
        for (one, other, order) in [
            ("1", "1.0", Equal),
            ("-0.0", "0", Equal),
            ("1e2", "100", Equal),
            ("0.1", "0.10000000000000000001", Less),
            ("9007199254740993", "9007199254740992.0", Greater),
            ("1e300", "1", Greater),
            ("-1e300", "1e-300", Less),
            ("1e-300", "0", Greater),
            ("-1e-300", "-1", Greater),
        ] {
            assert_eq!(decimal(one).compare(decimal(other)), Some(order), "{one} {other}");
            let swapped = decimal(other).compare(decimal(one));
            assert_eq!(swapped, Some(order.reverse()), "{other} {one}");
        }
        assert!(Decimal::read(&"9".repeat(60)).is_none());
        assert!(Decimal::read("1e99999999999").is_none());
    }

    #[test]
    fn multiples_are_exact() {
        for (number, divisor, multiple) in [
            ("0.3", "0.1", Some(true)),
            ("1.0000000001", "1", Some(false)),
            ("-9", "3.0", Some(true)),
            ("19.99", "0.01", Some(true)),
            ("1e30", "7e30", Some(false)),
            ("1e300", "0.1", None),
            ("1", "0", None),
        ] {
            assert_eq!(
                decimal(number).is_multiple(decimal(divisor)),
                multiple,
                "{number} {divisor}"
            );
        }
    }

    #[test]
    fn messages_show_decimal_notation() {
        for (number, expected) in [
            ("2.50", "2.5"),
            ("-0.5", "-0.5"),
            ("1e-3", "0.001"),
            ("-1234.5", "-1234.5"),
            ("3.0", "3"),
            ("1e2", "100"),
            ("1e-60", "1e-60"),
        ] {
            assert_eq!(decimal(number).in_decimal_notation(), expected);
        }
    }

    #[test]
    fn only_whole_numbers_in_range_are_counts() {
        let counts = ["0", "2.0", "1e3", "1e99", "-1", "1.5"].map(|text| decimal(text).count());
        assert_eq!(counts, [Some(0), Some(2), Some(1000), Some(usize::MAX), None, None]);
    }

    proptest! {
        #![proptest_config(property_tests::config())]

        #[test]
        fn decimals_of_floats_compare_as_floats_do(one: f64, other: f64) {
            let finite = one.is_finite() && other.is_finite();
            prop_assume!(finite);
            let read = |float: f64| Decimal::read(&serde_json::json!(float).to_string()).unwrap();
            let order = read(one).compare(read(other));
            prop_assert!(order.is_none_or(|order| Some(order) == one.partial_cmp(&other)));
            prop_assert_eq!(read(one).is_whole(), one.fract() == 0.0);
        }
    }
}
