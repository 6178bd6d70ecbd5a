//! What one workspace's queries may name: schemas, catalogs and functions.

use sqlparser::ast::ObjectName;

use super::bound;
use super::field::FunctionRows;
use super::name::plain_name;
use super::step::Step;
use crate::builtin::sql::functions::{self, Known};

/// The schemas and catalogs that one workspace may read.
pub(super) struct Gate<'a> {
    pub(super) readable_schemas: &'a [String],
    pub(super) catalog_is_readable: bool,
    pub(super) function_rows: FunctionRows,
}

impl<'a> Gate<'a> {
    pub(super) fn new(readable_schemas: &'a [String]) -> Self {
        let catalog_is_readable = readable_schemas.iter().any(|schema| schema == "pg_catalog");
        Self {
            readable_schemas,
            catalog_is_readable,
            function_rows: FunctionRows::default(),
        }
    }

    /// Checks a function by its name, alone or in `pg_catalog`.
    pub(super) fn function(&self, name: &ObjectName) -> Step {
        let (schema, word) = match plain_name(name).as_deref() {
            Some([word]) => (None, word.clone()),
            Some([schema, word]) => (Some(schema.clone()), word.clone()),
            _ => return Err(format!("the function `{name}` may not be called")),
        };
        let known = functions::find(&word, self.catalog_is_readable);
        let fits = match schema.as_deref() {
            None => known.is_some(),
            Some("pg_catalog") => known == Some(Known::Ordinary),
            Some(bound::SCHEMA) => bound::is_ours(&word),
            Some(_) => false,
        };
        if fits {
            Ok(())
        } else {
            Err(format!(
                "the function `{name}` may not be called; only common built-in ones may"
            ))
        }
    }
}
