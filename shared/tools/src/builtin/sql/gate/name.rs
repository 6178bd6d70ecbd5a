//! Names as Postgres reads them.

use sqlparser::ast::{ObjectName, ObjectNamePart};

/// Returns the parts of a name as Postgres reads them: unquoted ones in lower case.
pub(super) fn plain_name(name: &ObjectName) -> Option<Vec<String>> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(word) if word.quote_style.is_none() => {
            Some(word.value.to_ascii_lowercase())
        }
        ObjectNamePart::Identifier(word) => Some(word.value.clone()),
        ObjectNamePart::Function(_) => None,
    };
    name.0.iter().map(part).collect()
}
