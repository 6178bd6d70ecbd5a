//! The check itself. The schema has been read: what is asked of it is there and of the right kind.

use serde_json::{Map, Value};

use super::value::{count, is_of, same, target};

/// Schemas that one check may apply; `$ref` may lead in circles, and combinations multiply.
const MAX_STEPS: usize = 50_000;

/// How deep schemas are applied inside each other.
const MAX_DEPTH: usize = 100;

pub(super) struct Check<'a> {
    root: &'a Value,
    steps: usize,
    depth: usize,
    problems: Vec<String>,
}

impl<'a> Check<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self {
            root,
            steps: 0,
            depth: 0,
            problems: Vec::new(),
        }
    }

    pub(super) fn run(mut self, value: &Value) -> Vec<String> {
        self.apply(self.root, value, "");
        self.problems
    }

    fn say(&mut self, place: &str, problem: impl std::fmt::Display) {
        let place = place.trim_start_matches('/');
        self.problems.push(if place.is_empty() {
            problem.to_string()
        } else {
            format!("\"{place}\" {problem}")
        });
    }

    /// Whether a value fits, without a word about why not. Work that was given up counts as not fitting.
    fn fits(&mut self, schema: &'a Value, value: &Value, place: &str) -> bool {
        let before = self.problems.len();
        self.apply(schema, value, place);
        let fits = self.problems.len() == before;
        if self.steps <= MAX_STEPS {
            self.problems.truncate(before);
        }
        fits
    }

    fn apply(&mut self, schema: &'a Value, value: &Value, place: &str) {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MAX_STEPS || self.depth > MAX_DEPTH {
            self.steps = MAX_STEPS.saturating_add(1);
            if self.problems.last().is_none_or(|last| last != TOO_MUCH) {
                self.problems.push(TOO_MUCH.to_owned());
            }
            return;
        }
        let words = match schema {
            Value::Object(words) => words,
            Value::Bool(false) => return self.say(place, "is not an argument"),
            _ => return,
        };
        self.depth = self.depth.saturating_add(1);
        self.any_value(words, value, place);
        match value {
            Value::Number(_) => self.number(words, value, place),
            Value::String(text) => self.text(words, text, place),
            Value::Array(items) => self.array(words, items, place),
            Value::Object(fields) => self.object(words, fields, place),
            _ => {}
        }
        self.combinations(words, value, place);
        self.depth = self.depth.saturating_sub(1);
    }

    fn any_value(&mut self, words: &'a Map<String, Value>, value: &Value, place: &str) {
        let kinds: Vec<&str> = match words.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            Some(kind) => kind.as_str().into_iter().collect(),
            None => Vec::new(),
        };
        if words.contains_key("type") && !kinds.iter().any(|kind| is_of(kind, value)) {
            self.say(
                place,
                format_args!("must be of type {}", kinds.join(" or ")),
            );
        }
        let choices = words.get("enum").and_then(Value::as_array);
        if let Some(choices) = choices.filter(|known| !known.iter().any(|one| same(one, value))) {
            let list: Vec<String> = choices.iter().take(20).map(Value::to_string).collect();
            self.say(place, format_args!("must be one of {}", list.join(", ")));
        }
        if let Some(only) = words.get("const").filter(|only| !same(only, value)) {
            self.say(place, format_args!("must be {only}"));
        }
    }

    fn number(&mut self, words: &'a Map<String, Value>, value: &Value, place: &str) {
        let Some(number) = value.as_f64() else {
            return self.say(place, "is a number that cannot be read");
        };
        let bound = |word: &str| words.get(word).and_then(Value::as_f64);
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            self.say(place, format_args!("must be at least {least}"));
        }
        if let Some(most) = bound("maximum").filter(|most| number > *most) {
            self.say(place, format_args!("must be at most {most}"));
        }
        if let Some(least) = bound("exclusiveMinimum").filter(|least| number <= *least) {
            self.say(place, format_args!("must be more than {least}"));
        }
        if let Some(most) = bound("exclusiveMaximum").filter(|most| number >= *most) {
            self.say(place, format_args!("must be less than {most}"));
        }
        if let Some(part) = bound("multipleOf") {
            let times = number / part;
            if (times - times.round()).abs() > f64::EPSILON * times.abs().max(1.0) {
                self.say(place, format_args!("must be a multiple of {part}"));
            }
        }
    }

    fn text(&mut self, words: &'a Map<String, Value>, text: &str, place: &str) {
        let length = as_count(text.chars().count());
        self.size(
            words,
            place,
            length,
            ["minLength", "maxLength"],
            "characters",
        );
        if let Some(pattern) = words.get("pattern").and_then(Value::as_str)
            && !matches(pattern, text)
        {
            self.say(place, format_args!("must match {pattern}"));
        }
    }

    fn array(&mut self, words: &'a Map<String, Value>, items: &[Value], place: &str) {
        let length = as_count(items.len());
        self.size(words, place, length, ["minItems", "maxItems"], "elements");
        let (first, rest) = match (words.get("prefixItems"), words.get("items")) {
            (Some(Value::Array(first)), rest) => (first.as_slice(), rest),
            // As drafts before 2020 wrote it.
            (_, Some(Value::Array(first))) => (first.as_slice(), words.get("additionalItems")),
            (_, rest) => (&[][..], rest),
        };
        for (number, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(number).or(rest) {
                self.apply(schema, item, &format!("{place}/{number}"));
            }
        }
        if words.get("uniqueItems") == Some(&Value::Bool(true)) && has_double(items) {
            self.say(place, "must not have an element twice");
        }
        if let Some(wanted) = words.get("contains") {
            let fitting = items.iter().filter(|item| self.fits(wanted, item, place));
            let found = as_count(fitting.count());
            let least = words.get("minContains").and_then(count).unwrap_or(1);
            let most = words.get("maxContains").and_then(count);
            if found < least || most.is_some_and(|most| found > most) {
                self.say(
                    place,
                    "has too few or too many elements of the kind it must contain",
                );
            }
        }
    }

    fn object(&mut self, words: &'a Map<String, Value>, fields: &Map<String, Value>, place: &str) {
        let length = as_count(fields.len());
        self.size(
            words,
            place,
            length,
            ["minProperties", "maxProperties"],
            "fields",
        );
        self.required(words.get("required"), fields, place);
        let named = |word: &str| words.get(word).and_then(Value::as_object);
        for (name, value) in fields {
            let inside = format!("{place}/{name}");
            let mut is_known = false;
            if let Some(schema) = named("properties").and_then(|known| known.get(name)) {
                is_known = true;
                self.apply(schema, value, &inside);
            }
            for (pattern, schema) in named("patternProperties").into_iter().flatten() {
                if matches(pattern, name) {
                    is_known = true;
                    self.apply(schema, value, &inside);
                }
            }
            if let Some(schema) = words.get("additionalProperties").filter(|_| !is_known) {
                self.apply(schema, value, &inside);
            }
            if let Some(schema) = words.get("propertyNames") {
                self.apply(schema, &Value::String(name.clone()), &inside);
            }
            let needs = named("dependentRequired").and_then(|needs| needs.get(name));
            self.required(needs, fields, place);
        }
        for word in ["dependentSchemas", "dependencies"] {
            for (name, needs) in named(word).into_iter().flatten() {
                match needs {
                    _ if !fields.contains_key(name) => {}
                    Value::Array(_) => self.required(Some(needs), fields, place),
                    schema => self.apply(schema, &Value::Object(fields.clone()), place),
                }
            }
        }
    }

    fn required(&mut self, names: Option<&Value>, fields: &Map<String, Value>, place: &str) {
        let names = names.and_then(Value::as_array).into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.say(&format!("{place}/{name}"), "is missing");
            }
        }
    }

    fn combinations(&mut self, words: &'a Map<String, Value>, value: &Value, place: &str) {
        let list = |word: &str| words.get(word).and_then(Value::as_array);
        if let Some(reference) = words.get("$ref").and_then(Value::as_str)
            && let Some(schema) = target(self.root, reference)
        {
            self.apply(schema, value, place);
        }
        for schema in list("allOf").into_iter().flatten() {
            self.apply(schema, value, place);
        }
        if let Some(forms) = list("anyOf")
            && !forms.iter().any(|form| self.fits(form, value, place))
        {
            self.say(place, "has none of the forms it may have");
        }
        if let Some(forms) = list("oneOf")
            && forms
                .iter()
                .filter(|form| self.fits(form, value, place))
                .count()
                != 1
        {
            self.say(place, "must have exactly one of the forms it may have");
        }
        if let Some(schema) = words.get("not")
            && self.fits(schema, value, place)
        {
            self.say(place, "has a form that it must not have");
        }
        if let Some(condition) = words.get("if") {
            let branch = if self.fits(condition, value, place) {
                "then"
            } else {
                "else"
            };
            if let Some(schema) = words.get(branch) {
                self.apply(schema, value, place);
            }
        }
    }

    /// The bounds of a length, whatever it counts.
    fn size(
        &mut self,
        words: &Map<String, Value>,
        place: &str,
        size: u64,
        bounds: [&str; 2],
        what: &str,
    ) {
        let bound = |word: &str| words.get(word).and_then(count);
        let [least, most] = bounds;
        if let Some(least) = bound(least).filter(|least| size < *least) {
            self.say(place, format_args!("must have at least {least} {what}"));
        }
        if let Some(most) = bound(most).filter(|most| size > *most) {
            self.say(place, format_args!("must have at most {most} {what}"));
        }
    }
}

/// Elements of a list that must not hold one twice.
const MAX_COMPARED: usize = 2_000;

const TOO_MUCH: &str = "checking the arguments takes too much work; send less";

fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Every element is compared with every other, so a long list counts as having one.
fn has_double(items: &[Value]) -> bool {
    if items.len() > MAX_COMPARED {
        return true;
    }
    let mut rest = items;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| same(first, other)) {
            return true;
        }
        rest = others;
    }
    false
}

/// A pattern that cannot be read has been refused before.
fn matches(pattern: &str, text: &str) -> bool {
    regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
