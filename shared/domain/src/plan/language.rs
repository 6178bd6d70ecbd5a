//! Inputs and results of each kind of step: the text of prompts and the check of names both read them.

use crate::state::StepKind;

/// A kind of step as plans write it.
#[derive(Debug)]
pub struct KindDoc {
    /// The kind.
    pub kind: StepKind,
    /// Its purpose.
    pub purpose: &'static str,
    /// Fields of `input`: name (with `?` if it may be left out), JSON type, content.
    pub input: &'static [(&'static str, &'static str, &'static str)],
    /// Fields of its result. Empty where they depend on the step: those of the tool, or of the agent's `output_schema`.
    pub result: &'static [(&'static str, &'static str)],
}

/// The kinds that a plan may contain.
pub const KINDS: &[KindDoc] = &[
    KindDoc {
        kind: StepKind::Tool,
        purpose: "one call of a tool with arguments that are known now or come from other steps; needs no model and costs nothing",
        input: &[
            ("tool", "string", "name of a tool"),
            (
                "arguments",
                "object",
                "object that fits the tool's parameters; strings in it are templates",
            ),
        ],
        result: &[],
    },
    KindDoc {
        kind: StepKind::Agent,
        purpose: "work that takes judgement, or calls that depend on what is found; the agent chooses among its tools",
        input: &[
            (
                "instructions",
                "string",
                "all that the agent needs to know, in plain words; it is given the results of the steps in depends_on",
            ),
            (
                "output_schema?",
                "object",
                "JSON Schema of an object: the fields of the result, for later steps that read them",
            ),
        ],
        result: &[],
    },
    KindDoc {
        kind: StepKind::Approval,
        purpose: "a person approves or rejects before the steps that depend on it run",
        input: &[
            (
                "question",
                "string",
                "what is decided, to be understood alone; paths such as {{ steps.draft.text }} are filled in",
            ),
            (
                "content?",
                "object",
                "what the person reads, may change and approves, with paths filled in; later steps use `steps.<key>.content`, which holds the changes. \
                 Where it is `{\"tool\", \"arguments\"}`, a later call of exactly that content needs no second approval",
            ),
            (
                "on_reject?",
                "string",
                "\"fail\" (the default) ends the plan, \"continue\" lets conditions decide what follows",
            ),
        ],
        result: &[
            ("decision", "\"approved\" or \"rejected\""),
            ("comment", "what the person added, or null"),
            ("decided_by", "who decided"),
            ("content", "the content as approved"),
            ("was_edited", "whether a person changed it"),
        ],
    },
    KindDoc {
        kind: StepKind::Subgoal,
        purpose: "a part that is large enough to need a plan of its own; it is given the results of the steps in depends_on",
        input: &[
            ("title", "string", "what is to be reached, in a few words"),
            (
                "description",
                "string",
                "all that its planner needs to know; paths such as {{ steps.list.text }} are filled in",
            ),
        ],
        result: &[
            ("text", "its report"),
            (
                "result",
                "outputs of its steps by key: result.outputs.<key>",
            ),
            ("goal_id", "its number"),
        ],
    },
];

/// Returns the fields of the result of a kind of step, where the kind alone decides them.
#[must_use]
pub fn result_fields(kind: StepKind) -> &'static [(&'static str, &'static str)] {
    let found = KINDS.iter().find(|doc| doc.kind == kind);
    found.map_or(&[], |doc| doc.result)
}
