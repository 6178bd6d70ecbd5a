//! The names that objects may have: those that are safe in S3, as in the original (`src/storage/limits.ts`).
//!
//! A name never becomes a path here (see `bytes`). Refusing `.` and `..` as parts of a name is an addition: clients and
//! proxies on the way resolve them.

use super::refusal::Refusal;

/// Refuses a name that no object may have.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let is_safe = !name.is_empty()
        && name.chars().all(is_allowed)
        && !name.split('/').any(|part| part == "." || part == "..");
    is_safe
        .then_some(())
        .ok_or_else(|| Refusal::invalid_key(name))
}

fn is_allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_/!-.*'() &$@=;:+,?".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_s3_without_relative_parts() {
        for good in [
            "a",
            "a/b.json",
            "1f/2/step_1/ab.json",
            "a b&c@d",
            "...",
            "a/..b",
            "/a",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "", "..", ".", "a/../b", "a/..", "./a", "a\\b", "a%b", "a#b", "ä", "a\0b", "a\nb",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
