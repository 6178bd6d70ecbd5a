//! Model calls as hashes: the same call has the same.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Returns the sha256 of a model call's JSON, in hex: the same call has the same hash.
#[must_use]
pub fn of(request: &impl Serialize) -> String {
    let text = serde_json::to_vec(request).unwrap_or_default();
    let digest = Sha256::digest(&text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
