//! Comparison of two success rates.

/// Successes among uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) successes: u32,
    pub(crate) uses: u32,
}

/// Returns the posterior probability, 0 to 1, that the first success rate is higher than the second, each with a uniform
/// prior: the closed form for two Beta distributions with whole parameters (E. Miller, Formulas for Bayesian A/B
/// Testing, 2015), summed by the ratio of its terms.
pub(crate) fn probability_of_higher_rate(first: Outcomes, second: Outcomes) -> f64 {
    let parameters = |one: Outcomes| {
        let successes = one.successes.min(one.uses);
        (
            f64::from(successes) + 1.0,
            f64::from(one.uses - successes) + 1.0,
        )
    };
    let (_, beta) = parameters(first);
    let (other_alpha, other_beta) = parameters(second);
    let mut term = (0..=first.uses - first.successes.min(first.uses))
        .map(|place| {
            (other_beta + f64::from(place)) / (other_alpha + other_beta + f64::from(place))
        })
        .product::<f64>();
    let mut sum = 0.0;
    for place in 0..=first.successes.min(first.uses) {
        let place = f64::from(place);
        sum += term;
        term *= (other_alpha + place) / (other_alpha + other_beta + beta + place) * (beta + place)
            / (1.0 + place);
    }
    sum.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probability(successes: u32, uses: u32, other_successes: u32, other_uses: u32) -> f64 {
        probability_of_higher_rate(
            Outcomes { successes, uses },
            Outcomes {
                successes: other_successes,
                uses: other_uses,
            },
        )
    }

    #[test]
    fn equal_outcomes_are_even() {
        for (successes, uses) in [(0, 0), (3, 5), (0, 7), (40, 40), (500, 1000)] {
            let even = probability(successes, uses, successes, uses);
            assert!((even - 0.5).abs() < 1e-9, "{successes} of {uses}: {even}");
        }
    }

    #[test]
    fn probabilities_equal_those_of_the_integral() {
        // Of Beta(2, 1) against Beta(1, 1): the integral of 2x * x is 2/3; of Beta(3, 1): 3/4; of Beta(1, 2): 1/3.
        assert!((probability(1, 1, 0, 0) - 2.0 / 3.0).abs() < 1e-9);
        assert!((probability(2, 2, 0, 0) - 0.75).abs() < 1e-9);
        assert!((probability(0, 1, 0, 0) - 1.0 / 3.0).abs() < 1e-9);
        assert!((probability(5, 5, 3, 5) - integral(5, 5, 3, 5)).abs() < 1e-3);
        assert!((probability(18, 20, 12, 20) - integral(18, 20, 12, 20)).abs() < 1e-3);
    }

    /// Integrates the density of the first times the distribution of the second on a grid.
    fn integral(successes: u32, uses: u32, other_successes: u32, other_uses: u32) -> f64 {
        let density = |x: f64, good: u32, all: u32| {
            x.powi(i32::try_from(good).unwrap_or(0))
                * (1.0 - x).powi(i32::try_from(all - good).unwrap_or(0))
        };
        let (mut total, mut other_total, mut higher) = (0.0, 0.0, 0.0);
        for place in 0..20_000_u32 {
            let x = (f64::from(place) + 0.5) / 20_000.0;
            let (first, other) = (
                density(x, successes, uses),
                density(x, other_successes, other_uses),
            );
            other_total += other;
            higher += first * other_total;
            total += first;
        }
        higher / (total * other_total)
    }

    #[test]
    fn more_evidence_is_more_certain() {
        assert!(probability(9, 10, 5, 10) < probability(90, 100, 50, 100));
        assert!(probability(90, 100, 50, 100) > 0.99 && probability(50, 100, 90, 100) < 0.01);
    }
}
