//! Comparison of JSON numbers as JSON Schema defines it.

use std::cmp::Ordering::{self, Equal, Greater, Less};

use serde_json::{Number, Value};

use super::schema::Keywords;
use crate::validation::Decimal;

/// Returns the value of a keyword that is a count, such as `minLength`.
pub(crate) fn limit(keywords: &Keywords, keyword: &str) -> Option<usize> {
    decimal(keywords.get(keyword)?.as_number()?)?.count()
}

/// Returns whether the number has no fraction. 1.0 has none.
pub(crate) fn is_whole(number: &Number) -> bool {
    decimal(number).is_some_and(Decimal::is_whole)
}

/// Returns whether two values are equal as JSON Schema defines it. For example, 1 equals 1.0.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || compare(one, other) == Some(Equal)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, value)| other.get(name).is_some_and(|other| equal(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}

/// Returns, for each keyword of numbers, whether a number is valid. `None` if this cannot be decided.
pub(crate) fn bounds_met<'a>(
    keywords: &'a Keywords,
    number: &'a Number,
) -> impl Iterator<Item = Option<bool>> + 'a {
    let bounds: [(&str, &[Ordering]); 4] = [
        ("minimum", &[Equal, Greater]),
        ("exclusiveMinimum", &[Greater]),
        ("maximum", &[Equal, Less]),
        ("exclusiveMaximum", &[Less]),
    ];
    let bounds = bounds.into_iter().filter_map(move |(keyword, accepted)| {
        let bound = keywords.get(keyword)?.as_number()?;
        Some(compare(number, bound).map(|order| accepted.contains(&order)))
    });
    let divisor = keywords.get("multipleOf").and_then(Value::as_number);
    bounds.chain(divisor.map(|divisor| decimal(number)?.is_multiple(decimal(divisor)?)))
}

fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    decimal(one)?.compare(decimal(other)?)
}

fn decimal(number: &Number) -> Option<Decimal> {
    Decimal::read(&number.to_string())
}
