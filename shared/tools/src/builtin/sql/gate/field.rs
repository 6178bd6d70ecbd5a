//! Names after a dot. Postgres reads `x.name` as the call `name(x)` where `x` has no column `name` and fits: it lets
//! `('…'::text).ts_stat` run a text as SQL, past the list of functions.
//!
//! A row of a table or subquery fits no built-in function that does harm, so names after those pass. A plain value
//! does: an expression in parentheses, or a function in FROM, whose row is the value itself.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, Expr, Ident, ObjectName, ObjectNamePart, Statement, TableAlias, TableFactor, Visit,
    Visitor,
};

use super::name::plain_name;
use super::step::Step;

/// Columns that built-in functions give their results; no function has such a name.
const COLUMNS_OF_BUILT_INS: &[&str] = &[
    "grantee",
    "grantor",
    "is_grantable",
    "key",
    "option_name",
    "option_value",
    "ordinality",
    "privilege_type",
    "value",
];

/// Functions whose one column has the name of the row. Others may have a name of their own for it, as
/// `jsonb_array_elements` does, and then the row's name is free to be read as a call.
const NAMED_BY_THEIR_ROW: &[&str] = &[
    "generate_series",
    "json_object_keys",
    "jsonb_object_keys",
    "regexp_matches",
    "unnest",
];

/// The functions in the FROM clauses of a statement.
#[derive(Default)]
pub(super) struct FunctionRows(Vec<FunctionRow>);

struct FunctionRow {
    name: String,
    columns: Vec<String>,
    is_named_by_its_row: bool,
}

impl FunctionRow {
    fn has(&self, column: &str) -> bool {
        COLUMNS_OF_BUILT_INS.contains(&column)
            || self.columns.iter().any(|known| known == column)
            || (self.is_named_by_its_row && self.columns.is_empty() && self.name == column)
    }
}

impl FunctionRows {
    pub(super) fn of(statement: &Statement) -> Self {
        let mut rows = Self::default();
        // Never breaks off: collecting has nothing to refuse.
        let _: ControlFlow<()> = statement.visit(&mut rows);
        rows
    }

    /// Checks a name with dots. Every function of that name must have the column, since the name alone does not decide
    /// between them.
    pub(super) fn column(&self, words: &[Ident]) -> Step {
        let [.., row, column] = words else {
            return Ok(());
        };
        let (row, column) = (plain_word(row), plain_word(column));
        let known = |function: &FunctionRow| function.name != row || function.has(&column);
        if self.0.iter().all(known) {
            return Ok(());
        }
        Err(format!(
            "`{row}` has no column `{column}`; name the columns of a function in FROM, as in `{row}(a, b)`"
        ))
    }

    /// Checks a value with fields and subscripts behind it.
    pub(super) fn access(&self, root: &Expr, chain: &[AccessExpr]) -> Step {
        let mut words: Vec<Ident> = Vec::new();
        if let Expr::Identifier(word) = root {
            words.push(word.clone());
        }
        for access in chain {
            match access {
                AccessExpr::Subscript(_) => {
                    self.column(&words)?;
                    words.clear();
                }
                AccessExpr::Dot(Expr::Identifier(word)) if !words.is_empty() => {
                    words.push(word.clone());
                }
                AccessExpr::Dot(Expr::Identifier(word)) => field(word)?,
                AccessExpr::Dot(_) => {
                    return Err("only fields and subscripts may follow a value".into());
                }
            }
        }
        self.column(&words)
    }

    fn add(&mut self, function: String, alias: Option<&TableAlias>) {
        let given = alias.map(|alias| plain_word(&alias.name));
        let columns = alias.map(|alias| &alias.columns).into_iter().flatten();
        self.0.push(FunctionRow {
            columns: columns.map(|column| plain_word(&column.name)).collect(),
            is_named_by_its_row: NAMED_BY_THEIR_ROW.contains(&function.as_str()),
            name: given.unwrap_or(function),
        });
    }
}

impl Visitor for FunctionRows {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: Some(_),
                ..
            }
            | TableFactor::Function { name, alias, .. } => {
                self.add(last_part(name), alias.as_ref())
            }
            TableFactor::UNNEST { alias, .. } => self.add("unnest".into(), alias.as_ref()),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn field(word: &Ident) -> Step {
    if COLUMNS_OF_BUILT_INS.contains(&plain_word(word).as_str()) {
        return Ok(());
    }
    Err(format!(
        "`.{word}` after an expression is not allowed; write to_jsonb(…) -> '{}'",
        word.value
    ))
}

fn last_part(name: &ObjectName) -> String {
    plain_name(name)
        .and_then(|mut words| words.pop())
        .unwrap_or_default()
}

fn plain_word(word: &Ident) -> String {
    let name = ObjectName(vec![ObjectNamePart::Identifier(word.clone())]);
    last_part(&name)
}
