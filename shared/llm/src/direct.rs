//! Makes model calls at once and keeps no record: for the command line, and where there is no journal.

use crate::Model;
use crate::answer::Answer;
use crate::error::Error;
use crate::request::{ModelCaller, Request};

/// Asks the model that is wanted, then the fallback where the first cannot answer now.
#[derive(Debug)]
pub struct DirectCaller<'a> {
    model: &'a Model,
}

impl<'a> DirectCaller<'a> {
    /// Asks this one.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        Self { model }
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
        let candidates = self.model.resolve(request.model.as_deref())?;
        let mut first_error = None;
        for candidate in &candidates {
            match self.model.ask(candidate, &request).await {
                // The fallback's error gives no time for another attempt.
                Err(error) if first_error.is_none() && self.model.asks_for_another(&error) => {
                    first_error = Some(error);
                }
                Err(error) => return Err(first_error.unwrap_or(error)),
                Ok(answer) => return Ok(answer),
            }
        }
        Err(first_error.unwrap_or_else(|| crate::Kind::NoModelNamed.into()))
    }
}
