//! Random numbers from a seed: a seed repeats its choices as long as `Cargo.lock` locks the same version of `fastrand`.

use fastrand::Rng;

/// Returns the generator of a seed and of the numbers that name what is drawn, such as a goal or a trial.
pub(crate) fn generator(seed: u64, numbers: &[u64]) -> Rng {
    let combine = |mut rng: Rng, number: &u64| Rng::with_seed(rng.u64(..) ^ number);
    // The first numbers of neighbouring seeds are correlated; those of their forks are not.
    numbers.iter().fold(Rng::with_seed(seed), combine).fork()
}

/// Returns another seed at each call, short enough to note.
pub(crate) fn new_seed() -> u64 {
    fastrand::u64(..1_000_000)
}
