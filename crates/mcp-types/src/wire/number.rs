//! Integers that are written as floats.

/// Up to here every integer has a float of its own.
const MAX_EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// A number without a fraction as an integer, if it is small enough to be exact.
pub(crate) fn integral(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}
