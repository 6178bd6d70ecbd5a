//! One mutant: the statement that makes it, and its target.

use super::operators::Operator;

/// Target of a mutant, which determines the tests that run against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The body of a function.
    Function(String),
    /// Execution rights of a function, and the rights it runs with.
    FunctionRights(String),
    /// A table, a view or a schema.
    Relation(String),
    /// Trigger of a table that calls a function.
    Trigger {
        /// Table with its schema.
        table: String,
        /// Function with its schema.
        function: String,
    },
}

/// Mutant of the database.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Changed function, relation or schema.
    pub object: String,
    /// Area whose score counts it.
    pub area: String,
    /// Operator of the change.
    pub operator: Operator,
    /// Dropped or changed text, on one line.
    pub text: String,
    /// Number of this occurrence of the text in the object, from 1.
    pub occurrence: usize,
    /// Statement that makes the mutant from the original.
    pub statement: String,
    /// Target of the change.
    pub target: Target,
}

impl Mutant {
    /// Returns the name in the list of survivors, which changes only with the mutated text.
    #[must_use]
    pub fn id(&self) -> String {
        let id = format!("{} | {} | {}", self.object, self.operator.name(), self.text);
        match self.occurrence {
            1 => id,
            occurrence => format!("{id} | {occurrence}"),
        }
    }
}
