//! One mutant: a statement that takes a guard away, and what it is a mutant of.

use super::operators::Operator;

/// What a mutant concerns, which decides the tests that are run against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The body of a function.
    Function(String),
    /// Who may call a function, and with which rights it runs.
    FunctionRights(String),
    /// A table, a view or a schema.
    Relation(String),
    /// A trigger: of a table, calling a function.
    Trigger {
        /// The table, with its schema.
        table: String,
        /// The function, with its schema.
        function: String,
    },
}

/// A mutant of the database.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The function, relation or schema that is changed.
    pub object: String,
    /// The part of the product that the score is counted for.
    pub area: String,
    /// What is done to it.
    pub operator: Operator,
    /// What is dropped or changed, on one line.
    pub text: String,
    /// Which one, where the same text stands in the object more than once; counts from 1.
    pub occurrence: usize,
    /// The statement that makes the mutant out of the original.
    pub statement: String,
    /// What it concerns.
    pub target: Target,
}

impl Mutant {
    /// The name by which the list of survivors refers to it: it changes only with what is mutated.
    #[must_use]
    pub fn id(&self) -> String {
        let id = format!("{} | {} | {}", self.object, self.operator.name(), self.text);
        match self.occurrence {
            1 => id,
            occurrence => format!("{id} | {occurrence}"),
        }
    }
}
