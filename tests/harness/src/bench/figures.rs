//! Arithmetic of measurements: percentiles, medians, and shares per step.
//!
//! Percentiles use the nearest rank, so each is a value that was measured.

/// Returns the smallest value that at least `percent` of all values do not exceed (nearest rank), or zero without
/// values.
#[must_use]
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank within the number of values"
    )]
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    let index = rank.clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or_default()
}

/// Returns the middle value, or the lower one of the two middle values.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// Returns the item with the median figure, or none without items.
pub fn median_by<T>(items: &[T], figure: impl Fn(&T) -> f64) -> Option<&T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by(|a, b| figure(a).total_cmp(&figure(b)));
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// Divides a sum by the number of steps; zero without steps.
#[must_use]
pub fn per(sum: f64, steps: u64) -> f64 {
    if steps == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of steps are small")]
    let steps = steps as f64;
    sum / steps
}

/// Rounds to this number of decimal places.
#[must_use]
pub fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10_f64.powi(places);
    (value * scale).round() / scale
}

/// Returns the milliseconds between successive moments; the first is measured from `began`.
#[must_use]
pub fn gaps(began: f64, moments: &[f64]) -> Vec<f64> {
    let mut moments = moments.to_vec();
    moments.sort_by(f64::total_cmp);
    let before = std::iter::once(began).chain(moments.iter().copied());
    before
        .zip(moments.iter())
        .map(|(before, after)| after - before)
        .collect()
}

/// Returns the slope of the least-squares line through these points, or zero if it is undefined.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "numbers of points are small")]
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )]

    use super::*;

    #[test]
    fn percentile_is_a_measured_value() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50.0), 10.0);
        assert_eq!(percentile(&values, 95.0), 19.0);
        assert_eq!(percentile(&values, 100.0), 20.0);
        assert_eq!(percentile(&values, 0.0), 1.0);
        assert_eq!(percentile(&[7.0], 95.0), 7.0);
        assert_eq!(percentile(&[], 50.0), 0.0);
    }

    #[test]
    fn median_item_is_the_lower_middle_one() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 1.0);
        let items = [("slow", 9.0), ("fast", 1.0), ("usual", 2.0)];
        assert_eq!(median_by(&items, |item| item.1).unwrap().0, "usual");
        assert!(median_by(&[] as &[f64], |value| *value).is_none());
    }

    #[test]
    fn sum_per_step_is_zero_without_steps() {
        assert_eq!(per(10.0, 4), 2.5);
        assert_eq!(per(10.0, 0), 0.0);
        assert_eq!(rounded(1.23456, 2), 1.23);
    }

    #[test]
    fn gaps_start_at_submission_and_follow_end_order() {
        assert_eq!(gaps(100.0, &[109.0, 103.0, 104.0]), [3.0, 1.0, 5.0]);
        assert!(gaps(100.0, &[]).is_empty());
    }

    #[test]
    fn slope_is_the_trend_or_zero() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0);
        assert_eq!(slope(&[(0.0, 4.0), (1.0, 4.0)]), 0.0);
        assert_eq!(slope(&[(1.0, 4.0)]), 0.0);
    }
}
