//! Random numbers from a seed: a seed repeats its test as long as `Cargo.lock` locks the same version of `fastrand`.

use fastrand::Rng;

/// Returns the generator of this seed, and the seed; `GOALPOST_SEED` overrides it.
pub(crate) fn seeded(seed: u64) -> (Rng, u64) {
    let seed = std::env::var("GOALPOST_SEED").map_or(seed, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("GOALPOST_SEED is a number, not {text}"))
    });
    (Rng::with_seed(seed), seed)
}
