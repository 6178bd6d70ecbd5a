//! The review of a plan that a model has written, before the plan is submitted.

use domain::plan;
use domain::{Problem, ProblemCode};
use runtime::StepContext;
use serde_json::Value;
use store::Store;
use tasks::{PlanRules, ReviewPlan};

/// Reviews plans for one claimed step: by the rules in Rust, and for their queries by the database as the asker.
pub struct PlanReview<'a> {
    store: &'a Store,
    context: &'a StepContext,
    rules: PlanRules,
}

impl<'a> PlanReview<'a> {
    /// Creates a review by these rules.
    #[must_use]
    pub fn new(store: &'a Store, context: &'a StepContext, rules: PlanRules) -> Self {
        Self {
            store,
            context,
            rules,
        }
    }

    /// Returns the queries that cannot run, as the database checks them. An error of the check returns none: the step
    /// would fail with the same text later, and a lost lease shows when the plan is submitted.
    async fn bad_queries(&self, plan: &Value) -> Vec<Problem> {
        let queries = plan::queries(plan);
        if queries.is_empty() {
            return Vec::new();
        }
        let texts: Vec<&str> = queries.iter().map(|query| query.sql.as_str()).collect();
        let found = self.store.check_queries(self.context.lease(), &texts).await;
        let found = found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the plan's queries were not checked");
            Vec::new()
        });
        let problems = found.into_iter().filter_map(|problem| {
            let query = queries.get(problem.number.checked_sub(1)?)?;
            Some(Problem {
                code: ProblemCode::BadQuery,
                step_key: query.step_key.clone(),
                message: match query.step_key {
                    Some(_) => format!("the query cannot run: {}", problem.message),
                    None => format!("the query of a check cannot run: {}", problem.message),
                },
            })
        });
        problems.collect()
    }
}

impl ReviewPlan for PlanReview<'_> {
    fn check(&self, plan: &Value) -> Vec<Problem> {
        self.rules.check(plan)
    }

    async fn review(&self, plan: &Value) -> Vec<Problem> {
        let mut problems = self.rules.review(plan).await;
        problems.extend(self.bad_queries(plan).await);
        tracing::debug!(problems = problems.len(), "the plan was reviewed");
        problems
    }
}
