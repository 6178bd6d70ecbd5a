//! Passwords as Supabase Auth stores them: bcrypt, version 2a, cost 10.

use bcrypt::{HashParts, Version};

/// `bcrypt.DefaultCost` of Go's crypto library, which Supabase Auth uses.
const COST: u32 = 10;
/// A stored hash of a higher cost matches nothing: each step doubles the time, which is seconds from here on.
const MAX_COST: u32 = 16;
/// The longest password; bcrypt reads no further.
pub(super) const MAX_BYTES: usize = 72;

/// Returns the hash of a password, with a new salt.
///
/// # Errors
/// The password is too long, or the system gives no random numbers.
pub(super) fn hash(password: &str) -> anyhow::Result<String> {
    anyhow::ensure!(
        password.len() <= MAX_BYTES,
        "a password has at most {MAX_BYTES} bytes"
    );
    let parts = bcrypt::hash_with_result(password, COST)?;
    // 2a, as pgcrypto's crypt() and Supabase Auth write and read it.
    Ok(parts.format_for_version(Version::TwoA))
}

/// Returns true if the password made this hash. A text that is no bcrypt hash matches no password.
pub(super) fn fits(password: &str, stored: &str) -> bool {
    let has_bearable_cost = stored
        .parse()
        .is_ok_and(|parts: HashParts| parts.get_cost() <= MAX_COST);
    has_bearable_cost && bcrypt::verify(password, stored).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[test]
    fn a_hash_fits_its_password_and_nothing_else() {
        let stored = hash("engine").unwrap();
        assert!(stored.starts_with("$2a$10$"), "{stored}");
        assert!(fits("engine", &stored));
        assert!(!fits("Engine", &stored));
        assert!(!fits("engine", &stored[..stored.len() - 1]));
        assert_ne!(stored, hash("engine").unwrap(), "a salt is used once");
        for no_hash in [
            "",
            "engine",
            "$2a$10$",
            &stored.replacen("$10$", "$31$", 1),
            &stored.replacen("$2a$", "$1$", 1),
            "sha512$20000$salt$x",
        ] {
            assert!(!fits("engine", no_hash), "{no_hash}");
        }
    }

    #[test]
    fn hashes_of_other_libraries_fit() {
        // Test vectors of crypt_blowfish, on which pgcrypto's crypt() stands, and of jBCrypt.
        for (password, stored) in [
            (
                "U*U",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            ),
            (
                "abc",
                "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
            ),
        ] {
            assert!(fits(password, stored), "{stored}");
            assert!(!fits("other", stored), "{stored}");
        }
    }

    #[test]
    fn password_beyond_bcrypts_reach_is_refused() {
        assert!(hash(&"x".repeat(MAX_BYTES)).is_ok());
        assert!(hash(&"x".repeat(MAX_BYTES + 1)).is_err());
    }
}
