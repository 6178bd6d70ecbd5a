//! A schema that was read.

use std::collections::HashMap;

use regex_lite::Regex;
use serde_json::Value;

use super::read;

/// The largest schema, as JSON text.
pub const MAX_BYTES: usize = 32 * 1024;

/// A schema that was read and can be checked.
pub struct JsonSchema<'a> {
    pub(super) root: &'a Value,
    pub(super) patterns: HashMap<&'a str, Regex>,
}

impl<'a> JsonSchema<'a> {
    /// Reads a schema, which is an object.
    ///
    /// # Errors
    /// The reason why it is unusable, as a text that completes "the schema cannot be used: ".
    pub fn parse(schema: &'a Value) -> Result<Self, String> {
        if !schema.is_object() {
            return Err("it is not a JSON object".into());
        }
        if schema.to_string().len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let patterns = read::patterns_of(schema)?;
        Ok(Self {
            root: schema,
            patterns,
        })
    }
}
