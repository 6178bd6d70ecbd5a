//! Random numbers from a seed: the n-th draw at a place depends on the seed, the place's name and n alone.

use std::collections::HashMap;

use fastrand::Rng;

use crate::random::generator;

/// Generators by place.
#[derive(Debug, Default)]
pub(super) struct PlaceRngs {
    places: HashMap<String, Rng>,
}

impl PlaceRngs {
    /// Returns the generator of the next occurrence at a place.
    pub(super) fn next(&mut self, seed: u64, place: &str) -> Rng {
        if let Some(rng) = self.places.get_mut(place) {
            return rng.fork();
        }
        let mut rng = generator(seed, &[hash(place)]);
        let first = rng.fork();
        self.places.insert(place.to_owned(), rng);
        first
    }
}

/// Returns true with this probability: never for 0, always for 1.
pub(super) fn hits(rng: &mut Rng, probability: f64) -> bool {
    rng.f64() < probability
}

/// Returns the FNV-1a hash: equal in every build, which the standard library's hasher does not guarantee.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
