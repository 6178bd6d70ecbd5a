//! Checks the names that templates and checks read against those that will be defined.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::found::Found;
use crate::expression::{self, References};
use crate::nearest::suggestion;
use crate::plan::read::{Step, present, text};
use crate::plan::{Catalogue, ProblemCode, result_fields};
use crate::state::StepKind;
use crate::tool::Tool;

/// Names at the root, besides `steps`.
const IN_STEPS: &[&str] = &["goal", "question", "parameters", "now"];
const IN_ENDS: &[&str] = &[
    "goal",
    "question",
    "parameters",
    "now",
    "criteria",
    "failures",
];

/// The steps whose results a plan can read, with the fields of each result where they are fixed.
pub(super) struct Steps<'a> {
    fields: BTreeMap<&'a str, Option<Vec<&'a str>>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(steps: &[Step<'a>], catalogue: &'a Catalogue) -> Self {
        let own = steps
            .iter()
            .filter_map(|step| Some((step.key?, fields_of(step, catalogue))));
        let earlier = catalogue
            .completed_keys
            .iter()
            .map(|key| (key.as_str(), None));
        Self {
            fields: earlier.chain(own).collect(),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.fields.keys().copied()
    }
}

/// Returns the fields of a step's result; none where they are only determined when it runs.
fn fields_of<'a>(step: &Step<'a>, catalogue: &'a Catalogue) -> Option<Vec<&'a str>> {
    match step.kind? {
        StepKind::Tool => {
            let tool = catalogue.tools.get(text(step.input, "tool")?)?;
            let fields: Vec<&str> = tool.result.keys().map(String::as_str).collect();
            (!fields.is_empty()).then_some(fields)
        }
        StepKind::Agent => {
            let schema = present(step.input, "output_schema")?;
            let properties = schema.get("properties")?.as_object()?;
            Some(properties.keys().map(String::as_str).collect())
        }
        kind => Some(
            result_fields(kind)
                .iter()
                .map(|(field, _)| *field)
                .collect(),
        ),
    }
}

/// The names that a template or check may read.
pub(super) struct Scope<'a> {
    steps: &'a Steps<'a>,
    /// The steps whose results are available; all where it is none.
    depends_on: Option<BTreeSet<&'a str>>,
    roots: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    pub(super) fn of_step(step: &Step<'a>, steps: &'a Steps<'a>) -> Self {
        let depends_on = step.depends_on.iter().filter_map(Value::as_str).collect();
        Self {
            steps,
            depends_on: Some(depends_on),
            roots: IN_STEPS.to_vec(),
        }
    }

    /// Returns the scope of a procedure's call, which also reads the results of the calls before it.
    pub(super) fn of_procedure(step: &Step<'a>, steps: &'a Steps<'a>) -> Self {
        let mut scope = Self::of_step(step, steps);
        scope.roots.push("results");
        scope
    }

    pub(super) fn of_ends(steps: &'a Steps<'a>) -> Self {
        Self {
            steps,
            depends_on: None,
            roots: IN_ENDS.to_vec(),
        }
    }

    fn with_roots(&self, more: impl IntoIterator<Item = &'a str>) -> Self {
        let mut roots = self.roots.clone();
        roots.extend(more);
        Self {
            steps: self.steps,
            depends_on: self.depends_on.clone(),
            roots,
        }
    }

    /// Returns the problem of one name, a dotted path.
    fn problem_of(&self, name: &str) -> Option<String> {
        let mut parts = name.split('.');
        let root = parts.next().unwrap_or_default();
        if self.roots.contains(&root) {
            return None;
        }
        if root != "steps" {
            let known = self.roots.iter().copied().chain(["steps"]);
            let near = suggestion(root, known.clone());
            let list: Vec<&str> = known.collect();
            return Some(format!(
                "there is no `{root}`{near} (there are {})",
                list.join(", ")
            ));
        }
        let key = parts.next()?;
        let Some(fields) = self.steps.fields.get(key) else {
            let near = suggestion(key, self.steps.keys());
            let list: Vec<&str> = self.steps.keys().collect();
            return Some(format!(
                "there is no step `{key}`{near} (steps: {})",
                list.join(", ")
            ));
        };
        if self
            .depends_on
            .as_ref()
            .is_some_and(|keys| !keys.contains(key))
        {
            return Some(format!(
                "`steps.{key}` is read, and `{key}` is not in depends_on; add it there"
            ));
        }
        let (field, fields) = (parts.next()?, fields.as_ref()?);
        if fields.contains(&field) {
            return None;
        }
        let near = suggestion(field, fields.iter().copied());
        let list = fields.join(", ");
        Some(format!(
            "the result of `{key}` has no field `{field}`{near} (it has {list})"
        ))
    }

    fn problems(
        &self,
        place: &str,
        references: Result<References, expression::Error>,
    ) -> Vec<Found> {
        let references = match references {
            Ok(references) => references,
            Err(error) => return vec![(ProblemCode::BadExpression, format!("{place}: {error}"))],
        };
        let unknown = references.unknown.into_iter();
        let mut found: Vec<Found> = unknown
            .map(|message| (ProblemCode::BadExpression, format!("{place}: {message}")))
            .collect();
        for message in references
            .names
            .iter()
            .filter_map(|name| self.problem_of(name))
        {
            let problem = (ProblemCode::UnknownName, format!("{place}: {message}"));
            // A step that does not exist is read by several of its fields.
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
        found
    }
}

pub(super) fn check_template(place: &str, template: &str, scope: &Scope<'_>) -> Vec<Found> {
    scope.problems(place, expression::references_in_template(template))
}

pub(super) fn check_expression(check: &str, scope: &Scope<'_>) -> Vec<Found> {
    scope.problems(
        &format!("the check `{check}`"),
        expression::references_in_expression(check),
    )
}

/// Checks a text into which only paths are filled, since the database does it.
pub(super) fn check_paths(place: &str, text: &str, scope: &Scope<'_>) -> Vec<Found> {
    if !expression::holds_only_paths(text) {
        let message = format!(
            "{place}: here only paths are filled in, such as {{{{ steps.draft.text }}}} or {{{{ steps.list.rows[0].name }}}}; prepare anything else in a step of kind tool with `template`"
        );
        return vec![(ProblemCode::BadExpression, message)];
    }
    check_template(place, text, scope)
}

/// Checks the templates in a call's arguments, at any depth.
pub(super) fn check_arguments(tool: &Tool, arguments: &Value, scope: &Scope<'_>) -> Vec<Found> {
    // The tool `template` also fills in its data.
    let data = arguments
        .get("data")
        .and_then(Value::as_object)
        .filter(|_| tool.name == "template");
    let widened = scope.with_roots(
        data.into_iter()
            .flat_map(|data| data.keys().map(String::as_str)),
    );
    let mut found = Vec::new();
    let fields = arguments.as_object().into_iter().flatten();
    for (name, value) in fields {
        let scope = if name == "template" { &widened } else { scope };
        found.extend(check_value(&format!("arguments.{name}"), value, scope));
    }
    found
}

/// Checks the templates in a value, at any depth.
pub(super) fn check_value(place: &str, value: &Value, scope: &Scope<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for_each_string(place, value, &mut |place, text| {
        found.extend(scope.problems(place, names_in_argument(text)));
    });
    found
}

/// Calls `visit` with each string in a value and its position.
pub(super) fn for_each_string(place: &str, value: &Value, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(place, text),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                for_each_string(&format!("{place}[{position}]"), item, visit);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                for_each_string(&format!("{place}.{name}"), field, visit);
            }
        }
        _ => {}
    }
}

/// Reads a string the way it is filled in: one expression, or a template.
fn names_in_argument(text: &str) -> Result<References, expression::Error> {
    match expression::whole_expression(text).map(expression::references_in_expression) {
        Some(Ok(names)) => Ok(names),
        _ => expression::references_in_template(text),
    }
}

/// Checks that a condition names fields that the results have.
pub(super) fn check_condition(step: &Step<'_>, steps: &Steps<'_>) -> Vec<Found> {
    let condition = present(step.fields, "condition").and_then(Value::as_object);
    let scope = Scope::of_step(step, steps);
    let parts = condition.into_iter().flatten().flat_map(|(key, part)| {
        let fields = part.as_object().into_iter().flat_map(serde_json::Map::keys);
        fields.map(move |field| format!("steps.{key}.{field}"))
    });
    let found = parts.filter_map(|name| scope.problem_of(&name));
    found
        .map(|message| (ProblemCode::UnknownName, format!("condition: {message}")))
        .collect()
}
