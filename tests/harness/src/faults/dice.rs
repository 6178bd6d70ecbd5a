//! Draws that a seed reproduces: the n-th draw at a place depends on the seed, the place's name and n alone.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), the hash
//! of names FNV-1a. Neither is secret, and neither has to be.

use std::collections::HashMap;

/// The odd number next to 2⁶⁴ ÷ golden ratio: SplitMix64's step.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// How often each place has drawn.
#[derive(Debug, Default)]
pub(super) struct Dice {
    occurrences: HashMap<String, u64>,
}

/// All that one occurrence may draw.
#[derive(Debug)]
pub(super) struct Throw(u64);

impl Dice {
    /// The next throw at a place.
    pub(super) fn throw(&mut self, seed: u64, place: &str) -> Throw {
        let count = match self.occurrences.get_mut(place) {
            Some(count) => count,
            None => self.occurrences.entry(place.to_owned()).or_default(),
        };
        let number = *count;
        *count += 1;
        Throw::new(seed, place, number)
    }
}

impl Throw {
    pub(super) fn new(seed: u64, place: &str, number: u64) -> Self {
        // Mixed one into the other, so that neighbouring seeds, places or numbers share nothing.
        Self(mix(mix(mix(seed) ^ hash(place)) ^ number))
    }

    /// Whether something of this probability happens. 0 never does, 1 always.
    pub(super) fn hits(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Evenly from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        // The 53 bits that a float of this range holds.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let numerator = (self.next() >> 11) as f64;
        numerator / 9_007_199_254_740_992.0
    }

    /// Evenly from 0 to below `bound`; 0 if that is 0. (The bias is below bound ÷ 2⁶⁴.)
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
