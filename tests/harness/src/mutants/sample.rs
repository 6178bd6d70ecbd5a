//! Selects mutants by a seed.

/// Returns the `count` items with the lowest hash of seed and name. Adding a mutant elsewhere changes at most one of
/// them.
pub(super) fn choose<T>(
    items: Vec<T>,
    name: impl Fn(&T) -> String,
    count: usize,
    seed: u64,
) -> Vec<T> {
    let mut hashed: Vec<(u64, T)> = items
        .into_iter()
        .map(|item| (hash(seed, &name(&item)), item))
        .collect();
    hashed.sort_by_key(|(hash, _)| *hash);
    hashed.truncate(count);
    hashed.into_iter().map(|(_, item)| item).collect()
}

/// Returns the FNV-1a hash, finished with the mixer of splitmix64: equal on every machine and in every build.
fn hash(seed: u64, text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().into_iter().chain(text.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: u32) -> Vec<String> {
        (0..count)
            .map(|number| format!("mutant {number}"))
            .collect()
    }

    fn sample(items: Vec<String>, count: usize, seed: u64) -> Vec<String> {
        choose(items, Clone::clone, count, seed)
    }

    #[test]
    fn seed_repeats_its_sample_and_another_differs() {
        assert_eq!(sample(names(500), 20, 7), sample(names(500), 20, 7));
        assert_ne!(sample(names(500), 20, 7), sample(names(500), 20, 8));
        assert_eq!(sample(names(5), 20, 7).len(), 5, "no more than there are");
    }

    #[test]
    fn added_mutant_displaces_at_most_one() {
        let before = sample(names(500), 20, 7);
        let after = sample(names(501), 20, 7);
        let kept = before.iter().filter(|name| after.contains(name)).count();
        assert!(kept >= 19, "{kept}");
    }
}
