//! The problems that the rules have found so far.

use crate::plan::read::Step;
use crate::plan::{Problem, ProblemCode};

#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(
        &mut self,
        code: ProblemCode,
        step: Option<&Step<'_>>,
        message: impl Into<String>,
    ) {
        let step_key = step.and_then(|step| step.key).map(str::to_owned);
        self.0.push(Problem {
            code,
            step_key,
            message: message.into(),
        });
    }

    pub(super) fn are_sound(&self) -> bool {
        !self.0.iter().any(|problem| {
            matches!(
                problem.code,
                ProblemCode::TooManySteps
                    | ProblemCode::BadKey
                    | ProblemCode::DuplicateKey
                    | ProblemCode::UnknownDependency
                    | ProblemCode::SelfDependency
            )
        })
    }
}
