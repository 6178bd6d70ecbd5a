//! Numbers that a seed reproduces, for shapes of goals.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).

/// One stream of draws.
#[derive(Clone, Debug)]
pub(super) struct Draw(u64);

impl Draw {
    /// The stream of one goal: neighbouring seeds and numbers share nothing.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        Self(mix(mix(seed) ^ number.wrapping_mul(STEP)))
    }

    /// Evenly from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        let span = u64::from(most.saturating_sub(least)) + 1;
        let offset = (u128::from(self.next()) * u128::from(span)) >> 64;
        least.saturating_add(u32::try_from(offset).unwrap_or(0))
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, share: u32) -> bool {
        self.between(1, 100) <= share
    }

    /// An index below `length`; 0 if there is none.
    pub(super) fn index(&mut self, length: usize) -> usize {
        let most = u32::try_from(length.saturating_sub(1)).unwrap_or(u32::MAX);
        usize::try_from(self.between(0, most)).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }
}

/// The odd number next to 2⁶⁴ ÷ golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
