//! What was asked, as a hash: the same question has the same.

use model::Request;
use sha2::{Digest as _, Sha256};

/// sha256 of the request's JSON, in hex.
pub(crate) fn of(request: &Request) -> String {
    let text = serde_json::to_vec(request).unwrap_or_default();
    let digest = Sha256::digest(&text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
