//! Model calls: replayed if an answer is recorded, or else recorded, made, and recorded with their end.

use std::time::Duration;

use domain::{Capabilities, ToolCallRequest, Usage};
use llm::{Answer, Candidate, Charged, Error, Kind, ModelCaller, Purpose, Request};
use store::{Learned, ModelCall, StepError, TurnBegun, TurnEnd};
use tokio::time::Instant;

use runtime::Interrupted;

use crate::{Journal, hash, offload, storable};

/// The most calls of one answer that are made; the others get a result that states it.
const MAX_CALLS: usize = 16;
/// The pause before another call to a provider that names none; it doubles at each failure, up to the longest.
const FIRST_PAUSE_SECONDS: u32 = 5;
const LONGEST_PAUSE_SECONDS: u32 = 600;

impl ModelCaller for Journal<'_> {
    async fn call(&mut self, request: Request) -> Result<Answer, Error> {
        self.requested_calls.clear();
        if let Some(answer) = self.replayed(request.purpose) {
            return Ok(answer);
        }
        let mut candidates = self.model.resolve(request.model.as_deref())?;
        loop {
            let error = match self.call_one(candidates.current(), &request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if let Err(error) = candidates.advance(error) {
                return Err(self.put_off(error));
            }
        }
    }
}

impl Journal<'_> {
    /// Returns the next recorded answer of this attempt to a call of this purpose. One of another purpose is skipped: it
    /// was requested by another version of this code.
    fn replayed(&mut self, purpose: Purpose) -> Option<Answer> {
        let place = self
            .replay
            .iter()
            .position(|answered| answered.purpose == purpose.as_str())?;
        let answered = self.replay.drain(..=place).next_back()?;
        let calls = self.known.iter();
        self.requested_calls = calls
            .filter(|call| call.turn_number == Some(answered.number))
            .cloned()
            .collect();
        tracing::debug!(turn = answered.number, "replayed");
        Some(answered.answer)
    }

    async fn call_one(
        &mut self,
        candidate: &Candidate,
        request: &Request,
    ) -> Result<Answer, Error> {
        if !self.latency.fits(self.context) {
            return Err(self.interrupt(Interrupted::Stopping));
        }
        let (number, before) = self.begin(candidate, request).await?;
        let began = Instant::now();
        let mut known = before.clone();
        let answered = tokio::select! {
            answered = self.model.call(candidate, request, &mut known) => answered,
            () = self.context.stopping() => {
                self.end(number, &ended_without(&stopped(), Charged::Unknown, None), None, &[]).await?;
                return Err(self.interrupt(Interrupted::Stopping));
            }
        };
        self.latency.add(began.elapsed());
        let learned = (known != before).then(|| Learned {
            endpoint: self.model.endpoint(candidate),
            capabilities: known,
        });
        let learned = learned.as_ref();
        match answered {
            Ok(answer) => self.keep(number, answer, learned).await,
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                let usage = error.usage.as_deref().cloned();
                let end = ended_without(&error.clone().into(), error.was_charged(), usage);
                self.end(number, &end, learned, &[]).await?;
                Err(error)
            }
        }
    }

    /// Records that the call is about to be made. Returns its number, and what is known of the server.
    async fn begin(
        &mut self,
        candidate: &Candidate,
        request: &Request,
    ) -> Result<(i32, Capabilities), Error> {
        let call = ModelCall {
            purpose: request.purpose.as_str(),
            provider: candidate.provider.clone(),
            endpoint: Some(self.model.endpoint(candidate)),
            model: candidate.model.clone(),
            request_hash: hash::of(request),
            max_input_tokens: self.model.input_bound(candidate, request),
            max_output_tokens: request.max_output_tokens.into(),
        };
        let ended = self.context.unrecorded_calls();
        let begun = self.store.begin_turn(self.context.lease(), &call, &ended);
        let begun = begun.await.map_err(|error| self.interrupt(error.into()))?;
        self.context.calls_were_recorded(&ended);
        match begun {
            TurnBegun::Begun {
                number,
                capabilities,
            } => Ok((number, capabilities)),
            TurnBegun::Wait { seconds } => Err(self.interrupt(Interrupted::Wait { seconds })),
            TurnBegun::WaitsForPerson(_) => Err(self.interrupt(Interrupted::Suspended)),
            TurnBegun::Refused { code, message } => Err(Kind::NotCalled { code, message }.into()),
        }
    }

    /// Records an answer, and the calls that it requests.
    async fn keep(
        &mut self,
        number: i32,
        answer: Answer,
        learned: Option<&Learned>,
    ) -> Result<Answer, Error> {
        let kept = match storable::kept(&answer) {
            Ok(kept) => kept,
            Err(problem) => {
                let error = Error::from(Kind::Malformed(problem));
                let usage = Some(answer.usage);
                self.end(
                    number,
                    &ended_without(&error.clone().into(), Charged::Unknown, usage),
                    learned,
                    &[],
                )
                .await?;
                return Err(error);
            }
        };
        let answer: Answer = serde_json::from_value(kept.clone()).unwrap_or(answer);
        let calls: Vec<ToolCallRequest> = match answer.is_whole() {
            true => answer.calls.iter().take(MAX_CALLS).cloned().collect(),
            false => Vec::new(),
        };
        let end = TurnEnd::Answered {
            answer: offload::offload(self.store, self.context, "the answer", kept).await,
            usage: answer.usage.clone(),
        };
        self.end(number, &end, learned, &calls).await?;
        self.failed = 0;
        Ok(answer)
    }

    async fn end(
        &mut self,
        number: i32,
        end: &TurnEnd,
        learned: Option<&Learned>,
        calls: &[ToolCallRequest],
    ) -> Result<(), Error> {
        let ended = self
            .store
            .end_turn(self.context.lease(), number, end, learned, calls);
        let ended = ended.await.map_err(|error| self.interrupt(error.into()))?;
        self.requested_calls = ended.calls;
        match (end, ended.error) {
            // An answer that is not recorded counts as none: it would be lost at the next interruption.
            (TurnEnd::Answered { .. }, Some(error)) => Err(Kind::Malformed(error.message).into()),
            _ => Ok(()),
        }
    }

    /// Lets the step wait after the error of a busy provider, which costs no attempt. Bounded by `begin_turn`.
    fn put_off(&mut self, error: Error) -> Error {
        let wait = match error.kind {
            Kind::RateLimited {
                retry_after_seconds,
            }
            | Kind::Overloaded {
                retry_after_seconds,
            } => retry_after_seconds,
            _ => return error,
        };
        let wait = wait.and_then(|seconds| u32::try_from(seconds).ok());
        let seconds = wait.unwrap_or_else(|| pause_seconds(self.failed)).max(1);
        self.interrupt(Interrupted::Wait { seconds })
    }

    pub(crate) fn interrupt(&mut self, interrupted: Interrupted) -> Error {
        tracing::info!(?interrupted, "put back");
        self.interrupted = Some(interrupted);
        Kind::Interrupted.into()
    }
}

/// Returns the error of a model call whose invocation ended first.
#[must_use]
pub fn stopped() -> StepError {
    StepError::retryable(
        "stopped",
        "the invocation ended before the model had answered",
    )
}

/// Returns the end of a model call without an answer.
#[must_use]
pub fn ended_without(error: &StepError, charged: Charged, usage: Option<Usage>) -> TurnEnd {
    TurnEnd::Failed {
        error: error.clone(),
        charged: match charged {
            Charged::No => "no",
            Charged::Unknown => "unknown",
        },
        usage,
    }
}

/// Returns a pause that doubles with every failure in a row.
fn pause_seconds(failed: u32) -> u32 {
    let doubled = FIRST_PAUSE_SECONDS.saturating_mul(1 << failed.saturating_sub(1).min(16));
    u32::try_from(Duration::from_secs(doubled.into()).as_secs())
        .unwrap_or(LONGEST_PAUSE_SECONDS)
        .min(LONGEST_PAUSE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_have_a_longest() {
        let pauses: Vec<u32> = [1, 2, 3, 20, 1_000].map(pause_seconds).to_vec();
        assert_eq!(pauses, [5, 10, 20, 600, 600]);
        assert_eq!(pause_seconds(0), 5);
    }
}
