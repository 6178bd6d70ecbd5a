//! The types that a query may cast to: built-in ones whose casts run no code of the project.
//!
//! A cast to a domain or to a type of the project may call its functions, and `regproc` and its like look functions up,
//! so neither is allowed.

use sqlparser::ast::{ArrayElemTypeDef, DataType, ObjectName, ObjectNamePart};

/// Built-in types without a keyword in the parser.
const NAMES: &[&str] = &[
    "char",
    "cidr",
    "daterange",
    "inet",
    "int2vector",
    "int4range",
    "int8range",
    "macaddr",
    "money",
    "name",
    "numrange",
    "oid",
    "oidvector",
    "regnamespace",
    "regtype",
    "timetz",
    "timestamptz",
    "tsrange",
    "tstzrange",
];

/// Returns true if a query may cast to this type.
pub(super) fn is_allowed(data_type: &DataType) -> bool {
    match data_type {
        DataType::Character(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Varchar(_)
        | DataType::Text
        | DataType::Uuid
        | DataType::Numeric(_)
        | DataType::Decimal(_)
        | DataType::Dec(_)
        | DataType::Float(_)
        | DataType::SmallInt(_)
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::Int2(_)
        | DataType::Int4(_)
        | DataType::Int8(_)
        | DataType::Float4
        | DataType::Float8
        | DataType::Real
        | DataType::Double(_)
        | DataType::DoublePrecision
        | DataType::Bool
        | DataType::Boolean
        | DataType::Date
        | DataType::Time(..)
        | DataType::Timestamp(..)
        | DataType::Interval { .. }
        | DataType::JSON
        | DataType::JSONB
        | DataType::Regclass
        | DataType::Bytea
        | DataType::Bit(_)
        | DataType::TsVector
        | DataType::TsQuery => true,
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => is_allowed(element),
        DataType::Custom(name, modifiers) => modifiers.is_empty() && is_named(name),
        _ => false,
    }
}

/// Returns true if a type shows numbers of objects as their names, which reveals the objects of every schema. For
/// allowed types only; refused where the catalog may not be read.
pub(super) fn reveals_names(data_type: &DataType) -> bool {
    match data_type {
        DataType::Regclass => true,
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => reveals_names(element),
        DataType::Custom(name, _) => name.to_string().to_ascii_lowercase().contains("reg"),
        _ => false,
    }
}

fn is_named(name: &ObjectName) -> bool {
    let known = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(word) => {
            NAMES.contains(&word.value.to_ascii_lowercase().as_str())
        }
        ObjectNamePart::Function(_) => false,
    };
    let in_catalog = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(word) => word.value == "pg_catalog",
        ObjectNamePart::Function(_) => false,
    };
    match name.0.as_slice() {
        [part] => known(part),
        [schema, part] => in_catalog(schema) && known(part),
        _ => false,
    }
}
