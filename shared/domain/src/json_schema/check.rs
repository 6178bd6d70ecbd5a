//! Checks values. The schema has been read: its words are supported and have values that they can have.

mod parts;
mod report;

use serde_json::{Map, Value};

use super::number::Number;
use super::place::Place;
use super::schema::JsonSchema;
use super::value::{count, is_of, same, target};
use crate::expression::{has_marks, is_template, whole_expression};
use report::{Choices, Report};

/// The approximate work of one check: schemas applied, values compared, bytes matched. `$ref` may lead in circles, and
/// combinations multiply.
const MAX_WORK: usize = 200_000;

/// The deepest nesting of schemas applied inside each other.
const MAX_DEPTH: usize = 100;

/// The work of matching one byte: a pattern has at most about a thousand states, and each may examine it.
const WORK_PER_MATCHED_BYTE: usize = 4;

const TOO_MUCH: &str = "checking it takes too much work; send less";

pub(super) fn run(schema: &JsonSchema<'_>, value: &Value, has_holes: bool) -> Result<(), String> {
    let mut check = Check {
        schema,
        has_holes,
        work: 0,
        depth: 0,
        report: Report::default(),
    };
    check.apply(schema.root, value, &Place::Root);
    if check.is_exhausted() {
        return Err(TOO_MUCH.to_owned());
    }
    check.report.into_result()
}

struct Check<'a> {
    schema: &'a JsonSchema<'a>,
    /// True if strings with a template's tag stand for undetermined values.
    has_holes: bool,
    work: usize,
    depth: usize,
    report: Report,
}

type Words = Map<String, Value>;

impl<'a> Check<'a> {
    fn is_exhausted(&self) -> bool {
        self.work > MAX_WORK
    }

    fn spend(&mut self, work: usize) {
        self.work = self.work.saturating_add(work);
    }

    /// Returns true if a value fits, without a report. Nothing fits once the work is exhausted.
    fn fits(&mut self, schema: &'a Value, value: &Value, place: &Place<'_>) -> bool {
        let before = self.report.begin_silence();
        self.apply(schema, value, place);
        self.report.end_silence(before) && !self.is_exhausted()
    }

    fn apply(&mut self, schema: &'a Value, value: &Value, place: &Place<'_>) {
        self.spend(1);
        if self.depth > MAX_DEPTH {
            self.work = usize::MAX;
        }
        if self.is_exhausted() {
            return;
        }
        let words = match schema {
            Value::Object(words) => words,
            Value::Bool(false) => return self.report.add(place, "is not allowed"),
            _ => return,
        };
        if self.has_holes && self.is_hole(words, value) {
            return;
        }
        self.depth = self.depth.saturating_add(1);
        self.any_value(words, value, place);
        match value {
            Value::Number(_) => self.number(words, value, place),
            Value::String(text) => self.text(words, text, place),
            Value::Array(items) => self.array(words, items, place),
            Value::Object(fields) => self.object(words, value, fields, place),
            _ => {}
        }
        self.combinations(words, value, place);
        self.depth = self.depth.saturating_sub(1);
    }

    /// Returns true if a value is undetermined and may come to fit.
    fn is_hole(&self, words: &Words, value: &Value) -> bool {
        let Some(text) = value.as_str().filter(|text| is_template(text)) else {
            return false;
        };
        let kinds = match words.get("type") {
            Some(Value::Array(kinds)) => kinds.as_slice(),
            Some(kind) => std::slice::from_ref(kind),
            None => &[],
        };
        whole_expression(text).is_some()
            || kinds.is_empty()
            || kinds.iter().any(|kind| kind == "string")
    }

    fn any_value(&mut self, words: &'a Words, value: &Value, place: &Place<'_>) {
        if let Some(kind) = words.get("type") {
            let kinds = match kind {
                Value::Array(kinds) => kinds.as_slice(),
                kind => std::slice::from_ref(kind),
            };
            self.spend(kinds.len());
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            if !kinds.iter().any(|kind| is_of(kind, value)) {
                let kinds = kinds.join(" or ");
                self.report
                    .add(place, format_args!("must be of type {kinds}"));
            }
        }
        if let Some(choices) = words.get("enum").and_then(Value::as_array)
            && !choices.iter().any(|choice| self.same(choice, value))
        {
            let choices = Choices(choices);
            self.report
                .add(place, format_args!("must be one of {choices}"));
        }
        if let Some(only) = words.get("const")
            && !self.same(only, value)
        {
            self.report.add(place, format_args!("must be {only}"));
        }
    }

    fn same(&mut self, left: &Value, right: &Value) -> bool {
        !self.is_exhausted() && same(left, right, &mut self.work)
    }

    fn number(&mut self, words: &'a Words, value: &Value, place: &Place<'_>) {
        let Some(number) = Number::of(value) else {
            return self.report.add(place, "is too large a number");
        };
        let relations = [
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("exclusiveMinimum", "more than"),
            ("exclusiveMaximum", "less than"),
            ("multipleOf", "a multiple of"),
        ];
        for (word, relation) in relations {
            if let Some(shown) = words.get(word)
                && Number::of(shown).is_some_and(|bound| !holds(word, number, bound))
            {
                self.report
                    .add(place, format_args!("must be {relation} {shown}"));
            }
        }
    }

    fn text(&mut self, words: &'a Words, text: &str, place: &Place<'_>) {
        self.spend(text.len() / 64);
        let length = text.chars().count();
        let bounds = ["minLength", "maxLength"];
        self.size(words, place, length, bounds, "characters");
        if let Some(pattern) = words.get("pattern").and_then(Value::as_str)
            && !self.matches(pattern, text)
        {
            self.report.add(place, format_args!("must match {pattern}"));
        }
    }

    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        self.spend(text.len().saturating_mul(WORK_PER_MATCHED_BYTE));
        self.spend(1);
        let pattern = self.schema.patterns.get(pattern);
        !self.is_exhausted() && pattern.is_some_and(|pattern| pattern.is_match(text))
    }

    fn combinations(&mut self, words: &'a Words, value: &Value, place: &Place<'_>) {
        let list = |word: &str| words.get(word).and_then(Value::as_array);
        if let Some(reference) = words.get("$ref").and_then(Value::as_str)
            && let Some(schema) = target(self.schema.root, reference)
        {
            self.spend(reference.len() / 64);
            self.apply(schema, value, place);
        }
        for schema in list("allOf").into_iter().flatten() {
            self.apply(schema, value, place);
        }
        if let Some(forms) = list("anyOf")
            && !forms.iter().any(|form| self.fits(form, value, place))
        {
            self.report.add(place, "has none of the forms it may have");
        }
        let is_open = self.has_holes && has_marks(value);
        if let Some(forms) = list("oneOf") {
            let fitting = forms
                .iter()
                .filter(|form| self.fits(form, value, place))
                .count();
            if fitting != 1 && !(is_open && fitting > 1) {
                self.report
                    .add(place, "must have exactly one of the forms it may have");
            }
        }
        if let Some(schema) = words.get("not")
            && !is_open
            && self.fits(schema, value, place)
        {
            self.report.add(place, "has a form that it must not have");
        }
        if let Some(condition) = words.get("if").filter(|_| !is_open) {
            let fits = self.fits(condition, value, place);
            if let Some(schema) = words.get(if fits { "then" } else { "else" }) {
                self.apply(schema, value, place);
            }
        }
    }

    /// Checks the bounds of a length: of a text, a list or an object.
    fn size(
        &mut self,
        words: &Words,
        place: &Place<'_>,
        size: usize,
        [least, most]: [&str; 2],
        what: &str,
    ) {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let bound = |word: &str| words.get(word).and_then(count);
        if let Some(least) = bound(least).filter(|least| size < *least) {
            self.report
                .add(place, format_args!("must have at least {least} {what}"));
        }
        if let Some(most) = bound(most).filter(|most| size > *most) {
            self.report
                .add(place, format_args!("must have at most {most} {what}"));
        }
    }
}

/// Returns true if a number keeps to the bound that a word sets.
fn holds(word: &str, number: Number, bound: Number) -> bool {
    match word {
        "minimum" => number >= bound,
        "maximum" => number <= bound,
        "exclusiveMinimum" => number > bound,
        "exclusiveMaximum" => number < bound,
        _ => number.is_multiple_of(bound),
    }
}
