//! Integers that are written as floats.

/// The largest number up to which every integer is exact as a float.
const MAX_EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// Converts a number without a fraction to an integer, if it is exact.
pub(crate) fn integral(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}
