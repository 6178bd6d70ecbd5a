//! A provider's key: exchanged while the function lives, shown nowhere.

use std::sync::{Arc, PoisonError, RwLock};

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::Kind;

/// Of all clones of a client at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key(Arc<RwLock<Option<SecretString>>>);

impl Key {
    pub(crate) fn new(key: Option<SecretString>) -> Self {
        Self(Arc::new(RwLock::new(key)))
    }

    /// From now on this one.
    pub(crate) fn exchange(&self, key: SecretString) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    /// As a header that shows itself nowhere; none without a key. Keys are pasted with line ends, which are not part of
    /// them.
    pub(crate) fn header(&self, provider: &str, scheme: &str) -> Result<Option<HeaderValue>, Kind> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = key.as_ref() else {
            return Ok(None);
        };
        let text = format!("{scheme}{}", key.expose_secret().trim());
        let mut value = HeaderValue::from_str(&text).map_err(|_| Kind::WrongKey {
            provider: provider.to_owned(),
            status: "nothing: no header can carry it".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_marked_as_one_and_exchanged_in_all_clones() {
        let key = Key::new(Some("old\n".to_owned().into()));
        let clone = key.clone();
        let header = clone.header("openai", "Bearer ").unwrap().unwrap();
        assert_eq!(header, "Bearer old");
        assert!(header.is_sensitive());
        assert!(!format!("{header:?} {key:?}").contains("old"));
        key.exchange("new".to_owned().into());
        assert_eq!(clone.header("openai", "").unwrap().unwrap(), "new");
        assert!(Key::default().header("openai", "").unwrap().is_none());
    }
}
