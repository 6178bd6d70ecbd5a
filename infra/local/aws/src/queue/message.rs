//! A message, its limits and its checksums.
//!
//! Clients of SQS compare the MD5 sums with their own and refuse an answer whose sums differ, so they are computed as
//! SQS does, attributes included.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

/// Largest message, body and attributes together, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1_048_576;

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text.
    pub body: String,
    /// The sender's own attributes.
    pub attributes: BTreeMap<String, MessageAttribute>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, perhaps with a suffix of the sender's choice.
    pub data_type: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// The value of a `String` or `Number`.
    Text(String),
    /// The value of a `Binary`.
    Binary(Vec<u8>),
}

impl Message {
    /// Creates a message without attributes.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            attributes: BTreeMap::new(),
        }
    }

    pub(super) fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::Text(text) => text.len(),
                AttributeValue::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        });
        self.body.len() + attributes.sum::<usize>()
    }

    pub(super) fn body_md5(&self) -> String {
        hex(&Md5::digest(self.body.as_bytes()))
    }

    /// Returns the MD5 over all attributes by name: each name, type and value with its length before it, and a byte
    /// that distinguishes text (1) from binary (2).
    pub(super) fn attributes_md5(&self) -> Option<String> {
        if self.attributes.is_empty() {
            return None;
        }
        let mut sum = Md5::new();
        for (name, attribute) in &self.attributes {
            let (kind, value) = match &attribute.value {
                AttributeValue::Text(text) => (1_u8, text.as_bytes()),
                AttributeValue::Binary(bytes) => (2_u8, bytes.as_slice()),
            };
            add(&mut sum, name.as_bytes());
            add(&mut sum, attribute.data_type.as_bytes());
            sum.update([kind]);
            add(&mut sum, value);
        }
        Some(hex(&sum.finalize()))
    }

    /// Returns true if SQS accepts every character of the body.
    pub(super) fn is_allowed_text(&self) -> bool {
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
        self.body.chars().all(allowed)
    }
}

fn add(sum: &mut Md5, part: &[u8]) {
    // Within the size limit a length always fits.
    sum.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    sum.update(part);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    fn body_sum_is_its_md5() {
        assert_eq!(
            Message::new("hello world").body_md5(),
            "5eb63bbbe01eeed093cb22bb8f5acdc3"
        );
    }

    #[test]
    fn characters_forbidden_in_xml_are_refused() {
        assert!(Message::new("tab\t, line\n, umlaut ü, face 🙂").is_allowed_text());
        assert!(!Message::new("bell \u{7}").is_allowed_text());
        assert!(!Message::new("\u{FFFF}").is_allowed_text());
    }
}
