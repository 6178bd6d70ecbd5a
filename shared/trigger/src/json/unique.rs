//! Checks that every object of a JSON text has each of its keys once. `serde_json` keeps the last of several, other
//! readers the first: the checked value would not be the one that is read.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Refusal;

/// Returns true if every object has each of its keys once.
///
/// # Errors
/// The text is no JSON at all.
pub(super) fn has_unique_keys(body: &[u8]) -> Result<bool, Refusal> {
    let is_repeated = Cell::new(false);
    let mut text = serde_json::Deserializer::from_slice(body);
    let read = Scan(&is_repeated).deserialize(&mut text);
    if is_repeated.get() {
        return Ok(false);
    }
    read.and_then(|()| text.end())
        .map(|()| true)
        .map_err(|_| Refusal::INVALID_JSON)
}

/// Visits one value and keeps nothing of it.
#[derive(Clone, Copy)]
struct Scan<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key) {
                self.0.set(true);
                return Err(A::Error::custom("a key comes twice"));
            }
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
}
