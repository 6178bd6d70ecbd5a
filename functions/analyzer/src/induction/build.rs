//! Builds a runbook from runs that made the same calls.
//!
//! What is equal in all runs stays; what differs becomes a parameter that the questions contain, or a reference to an
//! earlier result. An agent step becomes a tool step for each of its calls, and a template for its text; where the texts
//! do not follow from the calls, the agent stays and finds the calls made.

use serde_json::{Map, Value, json};
use tasks::Table;

use super::align::{Piece, align};
use super::parameters::Parameters;
use crate::evidence::{Run, Step};

/// A plan for a kind of goal, with where each of its calls comes from.
pub(crate) struct Draft<'a> {
    pub(crate) parameters: Parameters<'a>,
    pub(crate) plan: Value,
    /// For each step of the plan, its origin in the runs.
    pub(crate) origins: Vec<(String, Origin)>,
    /// Agent steps that stay: their texts do not follow from the calls.
    pub(crate) agents_left: usize,
    /// Criteria that were left out, because they differ between the runs.
    pub(crate) criteria_dropped: usize,
}

/// What a step of the draft repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Call `call` of step `step`.
    Call { step: usize, call: usize },
    /// The text of agent step `step`.
    Text { step: usize },
    /// The whole step `step`, as it was.
    Step { step: usize },
}

/// Builds a draft; none if something differs that no question and no result explains.
pub(crate) fn build<'a>(runs: &'a [&'a Run], tables: &[Table]) -> Option<Draft<'a>> {
    let mut builder = Builder {
        runs,
        parameters: Parameters::new(runs, tables),
        steps: Vec::new(),
        origins: Vec::new(),
        earlier: Vec::new(),
        is_sql: false,
        agents_left: 0,
    };
    let first = runs.first()?;
    let planned = first.plan.get("steps")?.as_array()?;
    for place in 0..planned.len() {
        builder.add_step(place)?;
    }
    let (criteria, criteria_dropped) = builder.criteria();
    let report = builder.same_field("report")?;
    let titles: Vec<&str> = runs.iter().map(|run| run.title.as_str()).collect();
    let summary = constant(&titles).unwrap_or_else(|| "A goal of this kind".to_owned());
    let plan =
        json!({"summary": summary, "criteria": criteria, "steps": builder.steps, "report": report});
    builder.parameters.keep_used(&plan);
    Some(Draft {
        parameters: builder.parameters,
        plan,
        origins: builder.origins,
        agents_left: builder.agents_left,
        criteria_dropped,
    })
}

/// Returns the words that texts have in common, in their order: titles are no templates, and need no parameters.
fn constant(texts: &[&str]) -> Option<String> {
    let pieces = align(texts)?;
    let constants: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Constant(text) => Some(text.trim()),
            Piece::Slot(_) => None,
        })
        .filter(|text| text.contains(char::is_alphanumeric))
        .collect();
    let joined = constants.join(" … ");
    (!joined.is_empty() && !joined.contains("{{")).then(|| joined.chars().take(200).collect())
}

pub(super) struct Builder<'a> {
    pub(super) runs: &'a [&'a Run],
    pub(super) parameters: Parameters<'a>,
    steps: Vec<Value>,
    origins: Vec<(String, Origin)>,
    /// The name of each earlier result in templates, with its value in each run.
    pub(super) earlier: Vec<(String, Vec<Option<&'a Value>>)>,
    /// True while the arguments of a query are combined.
    pub(super) is_sql: bool,
    agents_left: usize,
}

impl<'a> Builder<'a> {
    /// Returns the steps of a plan by place, with their keys of the first run.
    fn planned(&self, run: usize, place: usize) -> Option<&'a Value> {
        self.runs
            .get(run)?
            .plan
            .get("steps")?
            .as_array()?
            .get(place)
    }

    fn key(&self, run: usize, place: usize) -> Option<&'a str> {
        self.planned(run, place)?.get("key")?.as_str()
    }

    fn worked(&self, run: usize, place: usize) -> Option<&'a Step> {
        let key = self.key(run, place)?;
        self.runs
            .get(run)?
            .steps
            .iter()
            .find(|step| step.key == key)
    }

    fn add_step(&mut self, place: usize) -> Option<()> {
        let step = self.planned(0, place)?.as_object()?.clone();
        let kind = step.get("kind")?.as_str()?;
        let worked: Option<Vec<&Step>> = (0..self.runs.len())
            .map(|run| self.worked(run, place))
            .collect();
        let worked = worked?;
        if worked
            .iter()
            .any(|step| step.calls.iter().any(|call| call.was_edited))
        {
            return None;
        }
        let has_calls = worked.iter().all(|step| !step.calls.is_empty());
        match (kind, has_calls) {
            ("agent", true) => self.replace_agent(place, &step, &worked),
            ("agent" | "tool" | "approval", _) => self.keep_step(place, &step, &worked),
            _ => None,
        }
    }

    /// Keeps a step of the plan, with its differing texts as parameters.
    fn keep_step(
        &mut self,
        place: usize,
        step: &Map<String, Value>,
        worked: &[&'a Step],
    ) -> Option<()> {
        let mut kept = step.clone();
        let inputs: Vec<Value> = self.canonical(place, "input")?;
        let tool = inputs.first().and_then(|input| input.get("tool"));
        self.is_sql = tool.is_some_and(|tool| tool == "sql");
        let input = self.value(&inputs.iter().collect::<Vec<_>>(), true);
        self.is_sql = false;
        kept.insert("input".to_owned(), input?);
        if let Some(condition) = step.get("condition") {
            let conditions = self.canonical(place, "condition")?;
            if conditions.iter().any(|one| one != condition) {
                return None;
            }
        }
        self.set_title(&mut kept, place);
        if step.get("kind")? == "agent" {
            self.agents_left += 1;
        }
        self.push(
            kept,
            Origin::Step { step: place },
            worked.iter().map(|step| Some(&step.result)).collect(),
        )
    }

    /// Replaces an agent step by its calls and its text.
    fn replace_agent(
        &mut self,
        place: usize,
        step: &Map<String, Value>,
        worked: &[&'a Step],
    ) -> Option<()> {
        let key = step.get("key")?.as_str()?.to_owned();
        let calls = worked.first()?.calls.len();
        let mut depends_on = step.get("depends_on").cloned().unwrap_or_else(|| json!([]));
        for number in 0..calls {
            let made: Option<Vec<_>> = worked.iter().map(|step| step.calls.get(number)).collect();
            let made = made?;
            let arguments: Vec<&Value> = made.iter().map(|call| &call.arguments).collect();
            let tool = &made.first()?.tool;
            self.is_sql = tool == "sql";
            let arguments = self.value(&arguments, false);
            self.is_sql = false;
            let arguments = arguments?;
            let call_key: String = format!(
                "{}_{}",
                key.chars().take(58).collect::<String>(),
                number + 1
            );
            let call = json!({"key": call_key, "kind": "tool", "title": format!("Call {tool}"), "depends_on": depends_on,
                              "input": {"tool": tool, "arguments": arguments}});
            depends_on = json!([call_key]);
            let results = made.iter().map(|call| call.result.as_ref()).collect();
            self.push(
                call.as_object()?.clone(),
                Origin::Call {
                    step: place,
                    call: number,
                },
                results,
            )?;
        }
        let results: Vec<Option<&Value>> = worked.iter().map(|step| Some(&step.result)).collect();
        match self.text_of_agent(worked) {
            Some(template) => {
                let worded = json!({"key": key, "kind": "tool", "title": "Put the result into words", "depends_on": depends_on,
                                  "input": {"tool": "template", "arguments": {"template": template}}});
                self.push(
                    worded.as_object()?.clone(),
                    Origin::Text { step: place },
                    results,
                )
            }
            None => {
                let mut kept = step.clone();
                let mut input = self.agent_input(place)?;
                let instructions = input.get("instructions")?.as_str()?;
                let instructions = format!(
                    "{instructions}\nThe calls for this are made; their results are the results of the steps before."
                );
                input
                    .as_object_mut()?
                    .insert("instructions".to_owned(), json!(instructions));
                kept.insert("input".to_owned(), input);
                kept.insert("depends_on".to_owned(), depends_on);
                self.set_title(&mut kept, place);
                self.agents_left += 1;
                self.push(kept, Origin::Step { step: place }, results)
            }
        }
    }

    /// Returns the input of an agent step. Instructions that differ in more than values but only repeat the question
    /// become the question.
    fn agent_input(&mut self, place: usize) -> Option<Value> {
        let inputs = self.canonical(place, "input")?;
        if let Some(input) = self.value(&inputs.iter().collect::<Vec<_>>(), true) {
            return Some(input);
        }
        let repeats = |(input, run): (&Value, &&Run)| {
            let text = input.get("instructions").and_then(Value::as_str);
            text.is_some_and(|text| super::likeness(text, &run.question) >= 0.7)
        };
        let only_instructions = inputs
            .iter()
            .all(|input| input.as_object().is_some_and(|fields| fields.len() == 1));
        (only_instructions && inputs.iter().zip(self.runs).all(repeats))
            .then(|| json!({"instructions": "{{ question }}"}))
    }

    /// Returns the template of an agent's text; none if its result has other fields, or the text has values from
    /// elsewhere.
    fn text_of_agent(&mut self, worked: &[&'a Step]) -> Option<String> {
        let texts: Option<Vec<&str>> = worked
            .iter()
            .map(|step| {
                let fields = step.result.as_object()?;
                fields.get("text")?.as_str().filter(|_| fields.len() == 1)
            })
            .collect();
        self.text(&texts?, false)
    }

    fn push(
        &mut self,
        step: Map<String, Value>,
        origin: Origin,
        results: Vec<Option<&'a Value>>,
    ) -> Option<()> {
        let key = step.get("key")?.as_str()?.to_owned();
        self.earlier.push((format!("steps.{key}"), results));
        self.origins.push((key, origin));
        self.steps.push(Value::Object(step));
        Some(())
    }

    fn set_title(&mut self, step: &mut Map<String, Value>, place: usize) {
        let titles = self.canonical(place, "title");
        let title = titles.and_then(|titles| {
            let texts: Option<Vec<&str>> = titles.iter().map(Value::as_str).collect();
            constant(&texts?)
        });
        let title = title.unwrap_or_else(|| "A step of this goal".to_owned());
        step.insert("title".to_owned(), json!(title));
    }

    /// Returns a field of a step in each run, with the step keys of the first run in its templates.
    fn canonical(&self, place: usize, field: &str) -> Option<Vec<Value>> {
        (0..self.runs.len())
            .map(|run| {
                Some(self.with_first_keys(
                    run,
                    self.planned(run, place)?.get(field).unwrap_or(&Value::Null),
                ))
            })
            .collect()
    }

    /// Returns a field of the plan that is the same in all runs but for its parameters; null where no run has it.
    fn same_field(&mut self, field: &str) -> Option<Value> {
        let values: Option<Vec<Value>> = self
            .runs
            .iter()
            .enumerate()
            .map(|(run, one)| {
                Some(self.with_first_keys(run, one.plan.get(field).unwrap_or(&Value::Null)))
            })
            .collect();
        self.value(&values?.iter().collect::<Vec<_>>(), true)
    }

    /// Returns the criteria that all runs have at the same place, and the number of the others.
    fn criteria(&mut self) -> (Vec<Value>, usize) {
        let listed = |run: &Run| {
            run.plan
                .get("criteria")
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        };
        let most = self.runs.iter().map(|run| listed(run)).max().unwrap_or(0);
        let mut criteria = Vec::new();
        for place in 0..most {
            let values: Option<Vec<Value>> = self
                .runs
                .iter()
                .enumerate()
                .map(|(run, one)| {
                    Some(self.with_first_keys(run, one.plan.get("criteria")?.get(place)?))
                })
                .collect();
            let same =
                values.and_then(|values| self.value(&values.iter().collect::<Vec<_>>(), true));
            // The words of a criterion are no template.
            criteria.extend(same.filter(|one| {
                !one.get("description")
                    .unwrap_or(one)
                    .to_string()
                    .contains("{{")
            }));
        }
        let dropped = most - criteria.len();
        (criteria, dropped)
    }

    fn with_first_keys(&self, run: usize, value: &Value) -> Value {
        match value {
            Value::String(text) => json!(self.rename_steps(run, text)),
            Value::Array(items) => items
                .iter()
                .map(|item| self.with_first_keys(run, item))
                .collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), self.with_first_keys(run, value)))
                .collect(),
            other => other.clone(),
        }
    }

    fn rename_steps(&self, run: usize, text: &str) -> String {
        let count = self
            .runs
            .first()
            .and_then(|one| one.plan.get("steps")?.as_array())
            .map_or(0, Vec::len);
        let names: Vec<(String, String)> = (0..count)
            .filter_map(|place| {
                Some((
                    format!("steps.{}", self.key(run, place)?),
                    format!("steps.{}", self.key(0, place)?),
                ))
            })
            .collect();
        let mut renamed = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("steps.") {
            let (before, after) = rest.split_at(start);
            renamed.push_str(before);
            let end = after.get(6..).and_then(|key| {
                key.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            });
            let (name, left) = after.split_at(end.map_or(after.len(), |end| end + 6));
            let new = names
                .iter()
                .find(|(old, _)| old == name)
                .map_or(name, |(_, new)| new);
            renamed.push_str(new);
            rest = left;
        }
        renamed + rest
    }
}
