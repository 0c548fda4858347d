//! Repairs of schemas that a provider would reject.

#[cfg(test)]
mod tests;
mod repair;
mod keyword;

pub(crate) use self::repair::repair;
