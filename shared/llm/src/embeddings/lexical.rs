//! The built-in embedding: words, pairs of words and parts of words, hashed into one vector.
//!
//! Feature hashing with signs (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009): each
//! feature adds its weight, with a sign, at a place that its hash names; what falls on one place by chance cancels out
//! as often as it adds up. The same text gives the same bits everywhere: the hash is our own, sums are in a fixed order,
//! and nothing but the four operations and the square root is used, which IEEE 754 rounds in one way.

use std::collections::BTreeMap;

use super::vector::{WIDTH, normalise};

/// The name of this space. Whatever changes a vector changes the name.
pub const LEXICAL_SPACE: &str = "lexical-1";

/// Weights of a feature by kind. The parts of one word weigh `PARTS` together, however long the word is.
const WORD: f64 = 1.0;
const PAIR: f64 = 0.4;
const PARTS: f64 = 0.9;

/// What a word weighs that is in every sentence.
const COMMON: f64 = 0.1;

/// English words that say little about what a text is about. Sorted.
const COMMON_WORDS: &[&str] = &[
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "each", "every", "for", "from", "give", "had", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "list", "many", "me", "much", "my",
    "no", "not", "of", "on", "or", "our", "please", "say", "show", "so", "some", "tell", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "us", "was",
    "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you",
    "your",
];

/// A text as a vector of the space [`LEXICAL_SPACE`]: [`WIDTH`] numbers, of length 1.
#[must_use]
pub fn lexical(text: &str) -> Vec<f32> {
    let mut sums = vec![0.0_f64; WIDTH];
    for (feature, (weight, count)) in &features(text) {
        let hash = hash(feature);
        let place = usize::try_from(hash % WIDTH as u64).unwrap_or_default();
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        // A word that stands twice weighs a little more.
        if let Some(sum) = sums.get_mut(place) {
            *sum += sign * weight * count.sqrt();
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "sums of a few thousand small weights"
    )]
    let mut vector: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
    if !normalise(&mut vector) {
        // Two features that cancel out, and nothing else: it still needs a direction.
        if let Some(first) = vector.first_mut() {
            *first = 1.0;
        }
    }
    vector
}

/// Features with weight and count; sorted, so that sums are made in one order.
fn features(text: &str) -> BTreeMap<String, (f64, f64)> {
    let mut features = BTreeMap::new();
    let mut add = |feature: String, weight: f64| {
        features.entry(feature).or_insert((weight, 0.0)).1 += 1.0;
    };
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    for word in &words {
        let share = if COMMON_WORDS.binary_search(word).is_ok() {
            COMMON
        } else {
            1.0
        };
        add(format!("w {word}"), WORD * share);
        let parts = parts(word);
        let weight = PARTS * share / square_root(parts.len());
        for part in parts {
            add(format!("p {part}"), weight);
        }
    }
    for pair in words.windows(2) {
        if let [first, second] = pair {
            add(format!("b {first} {second}"), PAIR);
        }
    }
    if features.is_empty() {
        features.insert(String::new(), (1.0, 1.0));
    }
    features
}

/// Three letters at a time, the ends of the word marked.
fn parts(word: &str) -> Vec<String> {
    let letters: Vec<char> = std::iter::once('<')
        .chain(word.chars())
        .chain(std::iter::once('>'))
        .collect();
    letters
        .windows(3)
        .map(|part| part.iter().collect())
        .collect()
}

fn square_root(count: usize) -> f64 {
    f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX)).sqrt()
}

/// FNV-1a over 64 bits, then the finalizer of SplitMix64, since FNV alone leaves the low bits of short texts alike.
fn hash(feature: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in feature.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    fn likeness(one: &str, other: &str) -> f32 {
        let (one, other) = (lexical(one), lexical(other));
        one.iter().zip(&other).map(|(a, b)| a * b).sum()
    }

    /// The same meaning in other words that share some of them.
    const PARAPHRASES: &[(&str, &str)] = &[
        (
            "Which customers ordered the most last month?",
            "top customers by number of orders in the last month",
        ),
        (
            "Audit the database for tables without row level security",
            "check that every table has row-level security enabled",
        ),
        (
            "Send the weekly sales report to the team",
            "weekly report of sales, mailed to the sales team",
        ),
        (
            "Refund the payment of order 4711",
            "order 4711: payment refunded",
        ),
        (
            "How do I reset a forgotten password?",
            "resetting passwords that users forgot",
        ),
        (
            "Invoices that are overdue by 30 days",
            "overdue invoices older than 30 days",
        ),
        (
            "Products that are out of stock",
            "which products have no stock left?",
        ),
        (
            "The deployment failed because the migration timed out",
            "migrations time out during deployments",
        ),
        (
            "Slow queries on the orders table",
            "find queries on orders that are slow",
        ),
        (
            "Summarise the interview with the supplier from Lyon",
            "summary of the Lyon supplier's interview",
        ),
        (
            "Rechnungen, die seit 30 Tagen überfällig sind",
            "überfällige Rechnungen älter als 30 Tage",
        ),
        (
            "churn of subscribers in Q3",
            "how many subscribers churned in the third quarter (Q3)?",
        ),
    ];

    #[test]
    fn a_paraphrase_is_nearer_than_everything_else() {
        for (at, (asked, meant)) in PARAPHRASES.iter().enumerate() {
            let own = likeness(asked, meant);
            for (other_at, (_, other)) in PARAPHRASES.iter().enumerate() {
                let other_likeness = likeness(asked, other);
                assert!(
                    at == other_at || own > other_likeness + 0.1,
                    "{asked}: {own} to {meant}, {other_likeness} to {other}"
                );
            }
        }
    }

    #[test]
    fn the_same_text_is_the_same_bits_on_every_platform() {
        let vector = lexical("How many orders did Zoë's shop have in 2026? Zwölf.");
        let bits = vector.iter().fold(0_u64, |sum, number| {
            hash(&format!("{sum:016x}{:08x}", number.to_bits()))
        });
        assert_eq!(
            format!("{bits:016x}"),
            GOLDEN,
            "a changed vector needs a new name of the space"
        );
    }

    const GOLDEN: &str = "1a1c79054673687d";

    #[test]
    fn case_and_punctuation_say_nothing_and_order_says_little() {
        assert!(likeness("Top customers!", "top CUSTOMERS") > 0.999);
        let turned = likeness("orders without customers", "customers without orders");
        assert!((0.7..0.99).contains(&turned), "{turned}");
        assert!(likeness("orders", "order") > 0.3);
        assert!(likeness("orders", "weather").abs() < 0.2);
    }

    #[test]
    fn common_words_are_found_by_halving() {
        assert!(COMMON_WORDS.is_sorted());
        assert!(likeness("the of and what", "orders").abs() < 0.2);
    }

    proptest! {
        #[test]
        fn every_text_has_a_vector_of_length_one(text in ".{0,200}") {
            let vector = lexical(&text);
            prop_assert_eq!(vector.len(), WIDTH);
            let length: f32 = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
            prop_assert!((length - 1.0).abs() < 1e-4, "{}", length);
            prop_assert_eq!(vector, lexical(&text));
        }
    }
}
