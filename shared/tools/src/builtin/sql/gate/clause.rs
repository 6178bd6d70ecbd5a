//! Clauses: those of a plain SELECT of PostgreSQL pass, those of other dialects and of writing statements do not.

use sqlparser::ast::{
    Distinct, FunctionArg, FunctionArgExpr, GroupByExpr, Query, Select, SelectFlavor, SetExpr,
    TableAlias,
};

use super::rules::Gate;
use super::step::Step;

pub(super) fn query_is_plain(query: &Query) -> Step {
    if !query.locks.is_empty() || query.for_clause.is_some() {
        return Err("FOR UPDATE and the like are not allowed; only reading is".into());
    }
    if query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty()
    {
        return Err("SETTINGS, FORMAT and pipes are not PostgreSQL".into());
    }
    body_is_plain(&query.body)
}

fn body_is_plain(body: &SetExpr) -> Step {
    match body {
        // A nested query and a select are visited on their own.
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
        // A statement inside WITH is visited too; none that writes passes.
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => Ok(()),
        SetExpr::SetOperation { left, right, .. } => {
            body_is_plain(left).and_then(|()| body_is_plain(right))
        }
        SetExpr::Table(_) => Err("write SELECT * FROM instead of TABLE".into()),
    }
}

pub(super) fn select_is_plain(select: &Select) -> Step {
    if select.into.is_some() {
        return Err("SELECT INTO makes a table, which is not allowed".into());
    }
    let foreign = !select.optimizer_hints.is_empty()
        || select.select_modifiers.is_some()
        || select.top.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || select.flavor != SelectFlavor::Standard
        || matches!(select.group_by, GroupByExpr::All(_))
        || matches!(select.distinct, Some(Distinct::All));
    if foreign {
        Err("a clause of the query is not PostgreSQL".into())
    } else {
        Ok(())
    }
}

pub(super) fn argument(argument: &FunctionArg) -> Step {
    let value = match argument {
        FunctionArg::Named { arg, .. } | FunctionArg::Unnamed(arg) => arg,
        FunctionArg::ExprNamed { .. } => return Err("name an argument with a plain word".into()),
    };
    match value {
        FunctionArgExpr::Expr(_)
        | FunctionArgExpr::Wildcard
        | FunctionArgExpr::QualifiedWildcard(_) => Ok(()),
        FunctionArgExpr::WildcardWithOptions(_) => Err("this form of * is not PostgreSQL".into()),
    }
}

impl Gate<'_> {
    pub(super) fn table_alias(&self, alias: Option<&TableAlias>) -> Step {
        let Some(alias) = alias else { return Ok(()) };
        if alias.at.is_some() {
            return Err("AT is not PostgreSQL".into());
        }
        alias
            .columns
            .iter()
            .filter_map(|column| column.data_type.as_ref())
            .try_for_each(|data_type| self.cast(data_type))
    }
}
