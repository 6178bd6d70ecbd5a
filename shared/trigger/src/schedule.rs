//! Decodes a tick of EventBridge, of a rule or of the Scheduler. IAM restricts the senders. A tick carries no work: it
//! starts a sweep, then a drain.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::Value;

use crate::Refusal;

/// The service that sent a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// A scheduled EventBridge rule (`aws.events`).
    Rule,
    /// EventBridge Scheduler (`aws.scheduler`).
    Scheduler,
}

/// One tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// EventBridge's id of this tick; a repeated delivery has the same.
    pub id: Option<String>,
    /// The rule's or schedule's name, from its ARN.
    pub name: Option<String>,
    /// The time at which it was due, RFC 3339.
    pub due_at: Option<String>,
    /// The service that sent it.
    pub scheduler: Scheduler,
}

pub(crate) fn decode(payload: Value) -> Result<Schedule, Refusal> {
    let event: EventBridgeEvent = serde_json::from_value(payload).map_err(|_| MALFORMED)?;
    let scheduler = match event.source.as_str() {
        "aws.events" => Scheduler::Rule,
        "aws.scheduler" => Scheduler::Scheduler,
        _ => return Err(MALFORMED),
    };
    if event.detail_type != "Scheduled Event" {
        return Err(MALFORMED);
    }
    let arn = event
        .resources
        .and_then(|resources| resources.into_iter().next());
    Ok(Schedule {
        id: event.id,
        name: arn.and_then(|arn| arn.rsplit('/').next().map(str::to_owned)),
        due_at: event.time.map(|time| time.to_rfc3339()),
        scheduler,
    })
}

const MALFORMED: Refusal = Refusal::invocation(
    "schedule_malformed",
    "this EventBridge event is not a tick (source aws.events or aws.scheduler, detail-type Scheduled Event); \
     point only schedules at this function",
);
