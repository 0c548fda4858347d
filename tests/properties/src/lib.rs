//! The settings of all property tests.
//!
//! Each run uses the same values, so that a test does not fail now and then.
//! `cargo xtask search` runs the property tests with new seeds.

use proptest::test_runner::{Config, RngSeed};

/// The seed, unless the variable `PROPTEST_RNG_SEED` has another one.
const SEED: u64 = 20_251_125;

/// Returns the settings of a property test.
pub fn config() -> Config {
    let defaults = Config::default();
    let rng_seed = match defaults.rng_seed {
        RngSeed::Random => RngSeed::Fixed(SEED),
        seed => seed,
    };
    // The seed is enough to repeat a failure.
    Config { rng_seed, failure_persistence: None, ..defaults }
}

/// Returns the settings of a property test with this number of cases.
pub fn config_with_cases(cases: u32) -> Config {
    Config { cases, ..config() }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn the_seed_is_fixed() {
        let requested = env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok());
        assert_eq!(config().rng_seed, RngSeed::Fixed(requested.unwrap_or(SEED)));
    }
}
