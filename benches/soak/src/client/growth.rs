//! Decides whether a resource grows, from its values at the end of each minute.

/// The minutes until a resource has reached its normal value. An idle HTTP connection stays open for
/// up to 180 seconds.
pub(crate) const WARM_UP: usize = 3;
/// The minimum number of minutes, after the warm-up, for a trend. In fewer minutes, the number of
/// idle connections differs too much.
pub(crate) const MIN_MINUTES: usize = 10;

/// The growth of a resource over the whole run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// The growth from the first to the last minute, by the trend.
    pub(crate) grown: f64,
    /// The highest growth that counts as noise.
    pub(crate) allowed: f64,
}

impl Growth {
    /// Returns the growth of a resource. `least` is the growth that is always allowed.
    ///
    /// The trend is the median of the slopes between all pairs of minutes (Theil–Sen), so that
    /// single minutes do not change it. Allowed are `least` and a tenth of the median value.
    pub(crate) fn of(values: &[f64], least: f64) -> Option<Self> {
        if values.len() < MIN_MINUTES {
            return None;
        }
        let pairs = (0..values.len())
            .flat_map(|one| (one + 1..values.len()).map(move |other| (one, other)));
        let slopes = pairs.map(|(one, other)| (values[other] - values[one]) / (other - one) as f64);
        let grown = median(slopes.collect()) * (values.len() - 1) as f64;
        let allowed = least.max(median(values.to_vec()) / 10.0);
        Some(Self { grown, allowed })
    }

    pub(crate) fn is_leak(&self) -> bool {
        self.grown > self.allowed
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_leak(values: &[f64]) -> bool {
        Growth::of(values, 2.0).unwrap().is_leak()
    }

    #[test]
    fn a_slow_steady_growth_is_a_leak() {
        let slow: Vec<f64> = (0..60).map(|minute| 100.0 + f64::from(minute) * 0.2).collect();
        assert!(is_leak(&slow));
        assert!(!is_leak(&slow[..20]), "over twenty minutes, it is noise");
    }

    #[test]
    fn noise_and_a_single_step_in_the_last_minute_are_no_leak() {
        let noise = [100.0, 108.0, 97.0, 103.0, 99.0, 109.0, 96.0, 101.0, 105.0, 98.0];
        assert!(!is_leak(&noise));
        let mut step = [100.0; 10];
        step[9] = 160.0;
        assert!(!is_leak(&step));
        assert!(
            !is_leak(&[100.0, 90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0]),
            "a decrease"
        );
    }

    #[test]
    fn growth_with_noise_is_a_leak() {
        let noisy: Vec<f64> =
            (0..60).map(|minute| 100.0 + f64::from(minute) * 0.3 + f64::from(minute % 7)).collect();
        assert!(is_leak(&noisy));
    }

    #[test]
    fn a_few_minutes_have_no_trend() {
        assert!(Growth::of(&[1.0; MIN_MINUTES - 1], 0.0).is_none());
    }
}
