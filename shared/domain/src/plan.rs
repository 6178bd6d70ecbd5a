//! Plans, and the rules by which JSON becomes one.
//!
//! A plan comes from a model or a runbook and is untrusted: [`check()`] finds every problem of the JSON,
//! [`Plan::parse`] returns the typed plan only when there is none. The same rules are written in SQL
//! (`goalpost_private.check_plan`), which has the last word; a property test compares the two. This page is the single
//! statement of the rules.
//!
//! # How values are read
//! - An absent field and a field that is `null` are the same. Unknown fields are ignored.
//! - A *text* is a JSON string with at least one character. An *integer* is a JSON number without a fractional part
//!   (`3` and `3.0`, not `"3"`).
//! - `steps` that is absent or not an array counts as `[]`; a step that is not an object counts as `{}`.
//! - `depends_on` that is absent counts as `[]`; one that is present and not an array is `unknown_dependency`, and
//!   counts as `[]` elsewhere.
//! - A *known key* is a `key` of any step of this plan that matches `^[a-z][a-z0-9_]{0,62}$`, or the key of a completed
//!   step of an earlier revision of the run (`completed_keys`).
//! - A step's `kind` is *known* when it is one of `agent`, `tool`, `approval`, `subgoal`. Rules that name a kind do not
//!   apply to steps of another or an unknown kind.
//! - A plan is *sound* when it has none of: `too_many_steps`, `bad_key`, `duplicate_key`, `unknown_dependency`,
//!   `self_dependency`. (So the graph is only walked when it is small.)
//!
//! # The rules
//! All are checked on every plan, independently of each other, except where "sound" is named.
//!
//! | Code | Found when |
//! |---|---|
//! | `empty_plan` | `steps` has no element |
//! | `too_many_steps` | `steps` has more than `max_steps` elements |
//! | `too_large` | the plan's text as `jsonb` prints it (a space after each `:` and `,`) has more than `max_plan_bytes` bytes |
//! | `bad_key` | `key` is not a string matching `^[a-z][a-z0-9_]{0,62}$` |
//! | `reserved_key` | `key` is a string matching `^(assess\|plan\|judge\|(plan\|judge)_[0-9]+)$` |
//! | `duplicate_key` | `key` matches the key pattern and an earlier step, or a step of an earlier revision of the run (`taken_keys`), has the same |
//! | `unknown_kind` | `kind` is not known |
//! | `unknown_dependency` | `depends_on` is present and not an array, or has an element that is not a string, or one that is neither equal to the step's own `key` nor a known key |
//! | `self_dependency` | `depends_on` has an element that is a string equal to the step's own `key` (well formed or not) |
//! | `duplicate_dependency` | `depends_on` has two equal strings |
//! | `cycle` | the plan is sound, and no order of the steps puts every step after all its dependencies |
//! | `too_deep` | the plan is sound and has no cycle, and its longest path has more than `max_depth` steps (a lone step is a path of 1) |
//! | `too_much_fan_out` | the plan is sound, and more than `max_fan_out` steps name the same step of this plan in `depends_on` (a step that names it twice counts once) |
//! | `missing_agent` | kind `agent`: `agent` is not a text |
//! | `unknown_agent` | kind `agent`: `agent` is a text and no agent has that name |
//! | `agent_on_other_kind` | kind `tool`, `approval` or `subgoal`: `agent` is present |
//! | `missing_input` | `input` lacks what the kind needs. tool: `tool` a text, `arguments` an object. agent: `instructions` a text; `procedure`, when present, an array of objects, each with `tool` a text and `arguments` an object. approval: `question` a text; `content`, when present, an object. subgoal: `title` and `description` texts. An `input` that is not an object counts as `{}` |
//! | `unknown_tool` | kind `tool`: `input.tool` is a text and no tool has that name; kind `agent`: the same for `tool` of an object in the array `input.procedure` |
//! | `tool_not_allowed_for_agent` | kind `agent`: the agent is known, and the array `input.procedure` has an object whose `tool` is the name of a tool that exists and is not among the agent's tools |
//! | `bad_condition` | `condition` is present and is not an object, or has a key that is not an element of `depends_on` |
//! | `bad_on_failure` | `on_failure` is present and is neither `"fail"` nor `"continue"` |
//! | `bad_attempts` | `max_attempts` is present and is not an integer from 1 to 20 |
//! | `bad_timeout` | `timeout_seconds` is present and is not an integer from 1 to 86400 |
//! | `bad_check` | a criterion that is an object has a `check` that is an object and none of the shapes of [`CriterionCheck`]; fields that are `null` count as absent, other fields than those named are refused |
//!
//! Some faults are harmless and read leniently: a `title` that is not a text becomes the key; a criterion may be a
//! plain string; criteria without a description and a report without a body are left out; a `check` that is neither a
//! text nor an object counts as absent.

mod check;
mod contents;
mod criterion;
mod graph;
mod input;
mod language;
mod parse;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::check;
pub use contents::{PlanQuery, check_contents, queries};
pub use criterion::{CriterionCheck, ExpectedNumber, PersonCheck, ResultCheck, SqlCheck};
pub use input::{AgentInput, ApprovalInput, OnReject, SubgoalInput, ToolInput};
pub use language::{KINDS, KindDoc, result_fields};

use crate::ids::StepKey;
use crate::state::{StepKind, words};
use crate::tool::Tool;

/// Steps with dependencies, the criteria that must hold at the end, and the template of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One sentence for people.
    pub summary: String,
    /// The conditions that must hold at the end.
    pub criteria: Vec<PlanCriterion>,
    /// At least one; their order has no meaning, dependencies have.
    pub steps: Vec<PlanStep>,
    /// The template of the report; without it the aggregator lists the results.
    pub report: Option<ReportTemplate>,
}

/// A condition that must hold for the goal to be complete.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanCriterion {
    /// In words.
    pub description: String,
    /// As code evaluates it, or a person decides; without one it is judged by a model.
    pub check: Option<CriterionCheck>,
}

/// One node of a plan. Its fields have been checked; the typed inputs describe `input`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanStep {
    /// Its name within the run.
    pub key: StepKey,
    /// One of the kinds that a plan may contain.
    pub kind: StepKind,
    /// The agent that works on it; on agent steps only.
    pub agent: Option<String>,
    /// For people.
    pub title: String,
    /// The steps whose results it needs.
    pub depends_on: Vec<StepKey>,
    /// The input of its kind: [`ToolInput`], [`AgentInput`], [`ApprovalInput`] or [`SubgoalInput`] as JSON.
    pub input: Map<String, Value>,
    /// Per dependency, JSON that its result must contain; a step whose condition is not met is skipped.
    pub condition: Option<Map<String, Value>>,
    /// The effect of its failure on the run.
    pub on_failure: OnFailure,
    /// Attempts, the first one included.
    pub max_attempts: i32,
    /// Wall clock for one attempt.
    pub timeout_seconds: i32,
}

/// A Markdown report with holes for results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportTemplate {
    /// The report's heading.
    #[serde(default)]
    pub title: String,
    /// Template over `goal`, `steps` and `criteria`.
    pub body: String,
}

words! {
    /// The effect of a step's failure on its run.
    OnFailure {
        /// The run fails with it.
        Fail = "fail",
        /// The steps that depend on it run without its result.
        Continue = "continue",
    }
}

/// The caps of a plan. Every one has a value: nothing is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Steps per plan.
    pub max_steps: usize,
    /// Steps that depend on one step.
    pub max_fan_out: usize,
    /// Steps on the longest path.
    pub max_depth: usize,
    /// Bytes of the plan as JSON text.
    pub max_plan_bytes: usize,
    /// Goals under goals.
    pub max_goal_depth: usize,
    /// Times that a goal may be planned, the first one included.
    pub max_revisions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_steps: 64,
            max_fan_out: 32,
            max_depth: 16,
            max_plan_bytes: 262_144,
            max_goal_depth: 4,
            max_revisions: 2,
        }
    }
}

/// The names that a plan may use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    /// Each agent's name and the names of its tools.
    pub agents: BTreeMap<String, BTreeSet<String>>,
    /// The tools that exist, by name.
    pub tools: BTreeMap<String, Tool>,
    /// Keys of the run's steps from earlier revisions; empty for a first plan.
    pub taken_keys: BTreeSet<String>,
    /// The keys among them whose steps completed: a later plan may depend on their results.
    pub completed_keys: BTreeSet<String>,
    /// Descriptions of the goal's criteria, which come with its first plan; empty for a first plan.
    pub criteria: Vec<String>,
}

impl Catalogue {
    /// Returns tools by their names, for the field `tools`.
    #[must_use]
    pub fn tools_by_name(tools: impl IntoIterator<Item = Tool>) -> BTreeMap<String, Tool> {
        tools
            .into_iter()
            .map(|tool| (tool.name.clone(), tool))
            .collect()
    }
}

words! {
    /// A reason to refuse a plan; the table above has the exact rules.
    ProblemCode {
        /// No steps.
        EmptyPlan = "empty_plan",
        /// More steps than allowed.
        TooManySteps = "too_many_steps",
        /// More bytes than allowed.
        TooLarge = "too_large",
        /// A key that is not of the form of a key.
        BadKey = "bad_key",
        /// A key that the engine keeps for itself.
        ReservedKey = "reserved_key",
        /// A key used before.
        DuplicateKey = "duplicate_key",
        /// A kind that plans may not contain.
        UnknownKind = "unknown_kind",
        /// A dependency on no step of the plan.
        UnknownDependency = "unknown_dependency",
        /// A dependency on itself.
        SelfDependency = "self_dependency",
        /// The same dependency twice.
        DuplicateDependency = "duplicate_dependency",
        /// Steps that wait for each other.
        Cycle = "cycle",
        /// A longer chain than allowed.
        TooDeep = "too_deep",
        /// More dependents of one step than allowed.
        TooMuchFanOut = "too_much_fan_out",
        /// An agent step without an agent.
        MissingAgent = "missing_agent",
        /// An agent that does not exist.
        UnknownAgent = "unknown_agent",
        /// An agent on a step that has no use for one.
        AgentOnOtherKind = "agent_on_other_kind",
        /// A tool that does not exist.
        UnknownTool = "unknown_tool",
        /// A procedure that calls a tool its agent may not use.
        ToolNotAllowedForAgent = "tool_not_allowed_for_agent",
        /// An input without what its kind needs.
        MissingInput = "missing_input",
        /// A condition on a step that it does not depend on.
        BadCondition = "bad_condition",
        /// Neither fail nor continue.
        BadOnFailure = "bad_on_failure",
        /// Attempts out of range.
        BadAttempts = "bad_attempts",
        /// Timeout out of range.
        BadTimeout = "bad_timeout",
        /// A check that has none of the shapes, or a pattern or schema that cannot be used.
        BadCheck = "bad_check",
        /// A template or check that cannot be read; found by [`check_contents`] alone, never by SQL.
        BadExpression = "bad_expression",
        /// A schema of a result that cannot be used; found by [`check_contents`] alone, never by SQL.
        BadOutputSchema = "bad_output_schema",
        /// Arguments that do not fit the tool's schema; found by [`check_contents`] alone, never by SQL.
        BadArguments = "bad_arguments",
        /// A name that will be undefined; found by [`check_contents`] alone, never by SQL.
        UnknownName = "unknown_name",
        /// A criterion that the first plan does not have; found by [`check_contents`] alone, never by SQL.
        UnknownCriterion = "unknown_criterion",
        /// A query that cannot run as the asker; found by the database, never by these rules.
        BadQuery = "bad_query",
    }
}

/// One problem of a plan. The model receives these and is called again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The rule.
    pub code: ProblemCode,
    /// The step, as the plan spells its key; none for the plan as a whole.
    #[serde(default)]
    pub step_key: Option<String>,
    /// The change to make, for people and models.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.step_key {
            Some(key) => write!(formatter, "{} (step {key}): {}", self.code, self.message),
            None => write!(formatter, "{}: {}", self.code, self.message),
        }
    }
}

#[cfg(test)]
mod tests;
