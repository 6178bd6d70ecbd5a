//! The secrets of a stack that functions and database share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use uuid::Uuid;

use super::options::StackOptions;

/// The secrets that functions and database share, new at each start unless they are given.
#[derive(Clone)]
pub(super) struct Secrets {
    pub(super) wake: SecretString,
    pub(super) webhook: SecretString,
    pub(super) openai_api_key: Option<SecretString>,
    pub(super) anthropic_api_key: Option<SecretString>,
    pub(super) email_api_key: Option<SecretString>,
}

impl Secrets {
    pub(super) fn of(options: &StackOptions) -> Self {
        let fresh_wake = || format!("whsec_{}", STANDARD.encode(random_bytes())).into();
        Self {
            wake: options.wake_secret.clone().unwrap_or_else(fresh_wake),
            webhook: STANDARD.encode(random_bytes()).into(),
            openai_api_key: options.openai_api_key.clone(),
            anthropic_api_key: options.anthropic_api_key.clone(),
            email_api_key: options.email_api_key.clone(),
        }
    }
}

/// Returns 32 bytes, 244 bits of them random.
fn random_bytes() -> Vec<u8> {
    [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat()
}
