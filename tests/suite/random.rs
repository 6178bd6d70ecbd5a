//! Numbers from a seed: the same seed, the same test. `SplitMix64`, which needs no crate.

/// A sequence of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of this seed; `GOALPOST_SEED` names another one.
    pub(crate) fn seeded(seed: u64) -> (Self, u64) {
        let seed = std::env::var("GOALPOST_SEED").map_or(seed, |text| {
            text.parse()
                .unwrap_or_else(|_| panic!("GOALPOST_SEED is a number, not {text}"))
        });
        (Self(seed), seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From zero to one below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next().checked_rem(end).unwrap_or_default()).unwrap_or_default()
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }
}
