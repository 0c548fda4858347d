//! Integers that are written as floats.

/// Up to this number, every integer is exact as a float.
const MAX_EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// Returns a number without a fraction as an integer, if it is exact.
pub(crate) fn integral(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= MAX_EXACT).then_some(number as i64)
}
