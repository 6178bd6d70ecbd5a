//! Makes model calls at once and keeps no record, where there is no journal.

use std::collections::HashMap;

use domain::Capabilities;

use crate::Model;
use crate::answer::Answer;
use crate::error::Error;
use crate::request::{Candidate, ModelCaller, Request};

/// Makes calls of one model. Refusals teach it, for its own further calls, what the servers take.
#[derive(Debug)]
pub struct DirectCaller<'a> {
    model: &'a Model,
    known: HashMap<Candidate, Capabilities>,
}

impl<'a> DirectCaller<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        Self {
            model,
            known: HashMap::new(),
        }
    }
}

impl Model {
    /// Returns a caller that records nothing.
    #[must_use]
    pub fn direct(&self) -> DirectCaller<'_> {
        DirectCaller::new(self)
    }
}

impl ModelCaller for DirectCaller<'_> {
    async fn call(&mut self, request: Request) -> Result<Answer, Error> {
        let mut candidates = self.model.resolve(request.model.as_deref())?;
        loop {
            let candidate = candidates.current();
            let known = self.known.entry(candidate.clone()).or_default();
            match self.model.call(candidate, &request, known).await {
                Ok(answer) => return Ok(answer),
                Err(error) => candidates.advance(error)?,
            }
        }
    }
}
