//! Local passwords: a salted SHA-512, iterated.
//!
//! The one thing to know: this is a stand-in. The original stores bcrypt, which is slow on purpose
//! on every machine; a local stack has no secrets worth that dependency.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha512};
use uuid::Uuid;

/// How often a password is hashed: some ten milliseconds.
const ROUNDS: u32 = 20_000;
/// More than this is not a hash of ours but an attempt to keep us busy.
const MOST_ROUNDS: u32 = 1_000_000;

/// `sha512$rounds$salt$hash`, with a new salt.
pub(super) fn hash(password: &str) -> String {
    salted(password, &Uuid::new_v4().simple().to_string(), ROUNDS)
}

fn salted(password: &str, salt: &str, rounds: u32) -> String {
    let mut digest = Sha512::digest(format!("{salt}{password}"));
    for _ in 1..rounds {
        digest = Sha512::new()
            .chain_update(digest)
            .chain_update(password)
            .finalize();
    }
    format!("sha512${rounds}${salt}${}", URL_SAFE_NO_PAD.encode(digest))
}

/// Whether the password made this hash. A text that is no hash fits nothing.
pub(super) fn fits(password: &str, stored: &str) -> bool {
    let parts = stored.split('$').collect::<Vec<_>>();
    let ["sha512", rounds, salt, _] = parts.as_slice() else {
        return false;
    };
    let Some(rounds) = rounds.parse().ok().filter(|rounds| *rounds <= MOST_ROUNDS) else {
        return false;
    };
    let computed = salted(password, salt, rounds);
    // Every byte is compared, so that the time taken says nothing.
    let differences = computed
        .bytes()
        .zip(stored.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    computed.len() == stored.len() && differences == 0
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
        let stored = hash("engine");
        assert!(fits("engine", &stored));
        assert!(!fits("Engine", &stored));
        assert!(!fits("engine", &stored[..stored.len() - 1]));
        assert_ne!(stored, hash("engine"), "a salt is used once");
        for no_hash in [
            "",
            "engine",
            "sha512$1$x$",
            "sha512$9999999$salt$x",
            "bcrypt$1$x$y",
        ] {
            assert!(!fits("engine", no_hash), "{no_hash}");
        }
    }
}
