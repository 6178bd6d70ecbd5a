//! The filters that [`super::limits`] inserts: they refuse values that would grow without bound.
//!
//! Values share their parts, so a few instructions can make one that is huge when written out or
//! compared, and loops can nest one deeper than any stack. The engine charges such work only after it
//! is done.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::{guard, limits};

/// Lists in lists. Stored JSON has at most 128 levels.
const MAX_DEPTH: usize = 160;
/// Elements of a value, each counted as often as it would be written.
const MAX_ELEMENTS: usize = 200_000;
/// Bytes of text of a value, each counted as often as it would be written.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Elements that are visited for one unit of fuel.
const ELEMENTS_PER_FUEL: usize = 8;
/// Elements that are visited between two readings of the clock.
const ELEMENTS_PER_LOOK: usize = 1_024;
/// Spaces per level that `tojson` may indent by.
const MAX_INDENT: usize = 16;

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter(limits::BOUNDED, bounded);
    environment.add_filter(limits::ASSIGNED, assigned);
    environment.add_filter(limits::NUMERIC, numeric);
    environment.add_filter("tojson", to_json);
    // Both print the engine's own state, without a bound.
    environment.remove_filter("pprint");
    environment.remove_global("debug");
}

fn bounded(state: &State, value: Value) -> Result<Value, Error> {
    measured(state, &value)?;
    Ok(value)
}

fn assigned(state: &State, value: Value) -> Result<Value, Error> {
    if is_namespace(&value) {
        return Err(refused("a namespace cannot be part of a value"));
    }
    bounded(state, value)
}

fn numeric(value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Plain => Err(refused(
            "`*` multiplies numbers and repeats texts, not lists",
        )),
        _ => Ok(value.clone()),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "filters take named arguments like this"
)]
fn to_json(
    state: &State,
    value: &Value,
    indent: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => named.get::<Option<Value>>("indent")?,
    };
    named.assert_all_used()?;
    let spaces = match &indent {
        Some(indent) if indent.kind() == ValueKind::Number => usize::try_from(indent.clone())?,
        _ => 2,
    };
    if spaces > MAX_INDENT {
        return Err(refused("tojson indents by at most 16"));
    }
    let extent = measured(state, value)?;
    let is_indented = indent
        .as_ref()
        .is_some_and(|indent| !indent.is_none() && *indent != Value::from(false));
    if is_indented {
        let space = spaces
            .saturating_mul(extent.depth)
            .saturating_mul(extent.elements);
        state.consume_fuel(u64::try_from(space / 64).unwrap_or(u64::MAX))?;
    }
    minijinja::filters::tojson(value, indent, Kwargs::from_iter::<[(&str, Value); 0]>([]))
}

#[derive(Default)]
struct Extent {
    elements: usize,
    bytes: usize,
    depth: usize,
}

/// Measures a value as it would be written out, and charges for the visit.
fn measured(state: &State, value: &Value) -> Result<Extent, Error> {
    let mut extent = Extent::default();
    let result = visit(value, 0, &mut extent);
    let fuel = extent.elements / ELEMENTS_PER_FUEL + extent.bytes / (64 * 64);
    state.consume_fuel(u64::try_from(fuel).unwrap_or(u64::MAX))?;
    result.map(|()| extent)
}

fn visit(value: &Value, depth: usize, extent: &mut Extent) -> Result<(), Error> {
    extent.elements += 1;
    extent.bytes += value.as_str().map_or(0, str::len);
    extent.depth = extent.depth.max(depth);
    if depth > MAX_DEPTH {
        return Err(refused("the value has too many levels"));
    }
    let is_late = extent.elements.is_multiple_of(ELEMENTS_PER_LOOK) && guard::is_over_time();
    if extent.elements > MAX_ELEMENTS || extent.bytes > MAX_BYTES || is_late {
        return Err(Error::from(ErrorKind::OutOfFuel));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            for item in value.try_iter()? {
                visit(&item, depth + 1, extent)?;
            }
        }
        ValueKind::Map => {
            if depth > 0 && is_namespace(value) {
                return Err(refused("a namespace cannot be part of a value"));
            }
            for key in value.try_iter()? {
                extent.bytes += key.as_str().map_or(0, str::len);
                visit(&value.get_item(&key)?, depth + 1, extent)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Returns true for a namespace: the only value that can change after it was made, and so could come to contain itself.
fn is_namespace(value: &Value) -> bool {
    let object = value.as_object();
    object.is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}
