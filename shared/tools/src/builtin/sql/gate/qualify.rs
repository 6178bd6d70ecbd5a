//! Gives every ordinary function its full name, after the checks and before the query is printed.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Statement, TableFactor, VisitMut, VisitorMut,
};

use super::name::plain_name;
use crate::builtin::sql::functions::{self, Known};

/// Puts `pg_catalog.` before the names of ordinary functions that stand alone.
pub(super) fn functions(statement: &mut Statement) {
    // Never breaks off: the visitor below has nothing to refuse.
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Qualify);
}

struct Qualify;

impl VisitorMut for Qualify {
    type Break = ();

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expression {
            qualify(&mut call.name);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name,
                args: Some(_),
                ..
            }
            | TableFactor::Function { name, .. } => qualify(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn qualify(name: &mut ObjectName) {
    let Some([word]) = plain_name(name)
        .as_deref()
        .and_then(|parts| <&[String; 1]>::try_from(parts).ok())
        .cloned()
    else {
        return;
    };
    // The list was checked before; here it only separates grammar from functions.
    if functions::find(&word, true) == Some(Known::Ordinary) {
        name.0
            .insert(0, ObjectNamePart::Identifier(Ident::new("pg_catalog")));
    }
}
