//! Numbers of JSON as JSON Schema compares them.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

/// A bound that is a count, if it is one.
pub(crate) fn limit(schema: &Map<String, Value>, keyword: &str) -> Option<usize> {
    let limit = schema.get(keyword)?;
    let whole = limit
        .as_u64()
        .or_else(|| limit.as_f64().filter(|limit| *limit >= 0.0).map(|limit| limit as u64))?;
    usize::try_from(whole).ok()
}

/// Whether it has no fraction, as 1.0 has none.
pub(crate) fn is_whole(number: &Number) -> bool {
    whole(number).is_some() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// Equal as JSON Schema has it: 1 is 1.0.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Some(Ordering::Equal),
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

/// What the schema demands of a number: whether each fails, if that can be told, and its words.
pub(crate) fn faults<'a>(
    schema: &'a Map<String, Value>,
    number: &'a Number,
) -> impl Iterator<Item = (Option<bool>, String)> + 'a {
    use Ordering::{Equal, Greater, Less};
    let bounds: [(&str, &[Ordering]); 4] = [
        ("minimum", &[Less]),
        ("exclusiveMinimum", &[Less, Equal]),
        ("maximum", &[Greater]),
        ("exclusiveMaximum", &[Greater, Equal]),
    ];
    let bounds = bounds.into_iter().filter_map(move |(keyword, faulty)| {
        let bound = schema.get(keyword)?.as_number()?;
        let failed = compare(number, bound).map(|order| faulty.contains(&order));
        Some((failed, format!("`{keyword}` is {bound}")))
    });
    let step = schema.get("multipleOf").and_then(Value::as_number);
    bounds.chain(step.map(|step| {
        (is_multiple(number, step).map(|multiple| !multiple), format!("`multipleOf` is {step}"))
    }))
}

/// Integers by their value; others as near as a float is.
fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// For fractions only a result far from any doubt is one.
fn is_multiple(number: &Number, step: &Number) -> Option<bool> {
    if let (Some(number), Some(step)) = (whole(number), whole(step)) {
        return (step > 0).then(|| number % step == 0);
    }
    let quotient = number.as_f64()? / step.as_f64()?;
    let off = (quotient - quotient.round()).abs();
    match quotient.abs() < 1e9 {
        true if off > 1e-3 => Some(false),
        true if off < 1e-9 => Some(true),
        _ => None,
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}
