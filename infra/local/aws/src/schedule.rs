//! EventBridge's schedules: a function is invoked periodically with a scheduled event.
//!
//! The invocation is an `Event`, so a tick may be delivered up to three times and ticks may overlap with a slow run.
//! Functions behind a schedule must tolerate both.

use std::{str::FromStr, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::{
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::lambda::{Host, InvocationType};

/// One schedule and its target.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Its name, part of the ARN in the event.
    pub name: String,
    /// The function to invoke.
    pub function: String,
    /// The period.
    pub rate: Rate,
    /// The AWS service that it emulates.
    pub service: Service,
}

/// The AWS service whose event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// A rule on the default event bus: source `aws.events`, `detail` is an object.
    Rule,
    /// EventBridge Scheduler with its default input: source `aws.scheduler`, `detail` is a string.
    Scheduler,
}

/// The period of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Duration);

impl Rate {
    /// Creates a rate of any period above zero; AWS itself has none below a minute.
    ///
    /// # Errors
    /// The period is zero.
    pub fn every(period: Duration) -> anyhow::Result<Self> {
        anyhow::ensure!(!period.is_zero(), "a schedule's period must be above zero");
        Ok(Self(period))
    }
}

impl FromStr for Rate {
    type Err = anyhow::Error;

    /// Parses `rate(5 minutes)`. Beside AWS's minutes, hours and days it accepts seconds.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let help = || {
            format!(
                "the schedule {text:?} cannot be parsed: write rate(1 minute), rate(5 minutes) or rate(10 seconds)"
            )
        };
        let inner = text
            .trim()
            .strip_prefix("rate(")
            .and_then(|rest| rest.strip_suffix(')'))
            .with_context(help)?;
        let (count, unit) = inner.trim().split_once(' ').with_context(help)?;
        let count: u64 = count
            .parse()
            .ok()
            .filter(|count| *count > 0)
            .with_context(help)?;
        let (singular, seconds) = match unit.trim().strip_suffix('s').unwrap_or(unit.trim()) {
            "second" => ("second", 1),
            "minute" => ("minute", 60),
            "hour" => ("hour", 3600),
            "day" => ("day", 86_400),
            _ => anyhow::bail!(help()),
        };
        // AWS refuses "1 minutes" and "5 minute".
        anyhow::ensure!((count == 1) == (unit.trim() == singular), help());
        Self::every(Duration::from_secs(count.saturating_mul(seconds)))
    }
}

/// The running schedules; they end when it is stopped or dropped.
pub struct Scheduler {
    ticking: Vec<AbortHandle>,
}

impl Scheduler {
    /// Starts all schedules. The first tick comes after one period.
    ///
    /// # Errors
    /// A target is not among the host's functions.
    pub async fn start(host: &Host, schedules: Vec<Schedule>) -> anyhow::Result<Self> {
        for schedule in &schedules {
            host.invoke(&schedule.function, Bytes::new(), InvocationType::DryRun)
                .await
                .with_context(|| format!("the schedule {} has no target", schedule.name))?;
        }
        let ticking = schedules
            .into_iter()
            .map(|schedule| tokio::spawn(tick(host.clone(), schedule)).abort_handle())
            .collect();
        Ok(Self { ticking })
    }

    /// Ends all schedules; running invocations continue.
    pub fn stop(&self) {
        self.ticking.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn tick(host: Host, schedule: Schedule) {
    let mut ticks = interval_at(Instant::now() + schedule.rate.0, schedule.rate.0);
    // After the machine has slept there is one tick, not one for every missed period.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let event = event(&schedule, host.region(), host.account_id(), Utc::now());
        if host
            .invoke(
                &schedule.function,
                Bytes::from(event.to_string()),
                InvocationType::Event,
            )
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Builds the event as the service documents it.
fn event(schedule: &Schedule, region: &str, account: &str, time: DateTime<Utc>) -> Value {
    let name = &schedule.name;
    let (source, resource, detail) = match schedule.service {
        Service::Rule => (
            "aws.events",
            format!("arn:aws:events:{region}:{account}:rule/{name}"),
            json!({}),
        ),
        Service::Scheduler => (
            "aws.scheduler",
            format!("arn:aws:scheduler:{region}:{account}:schedule/default/{name}"),
            json!("{}"),
        ),
    };
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": region,
        "resources": [resource],
        "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]

    use super::*;

    #[test]
    fn rate_is_parsed_as_aws_parses_it() {
        assert_eq!(
            "rate(1 minute)".parse::<Rate>().unwrap(),
            Rate(Duration::from_secs(60))
        );
        assert_eq!(
            "rate(5 minutes)".parse::<Rate>().unwrap(),
            Rate(Duration::from_secs(300))
        );
        assert_eq!(
            "rate(2 hours)".parse::<Rate>().unwrap(),
            Rate(Duration::from_secs(7200))
        );
        assert_eq!(
            "rate(10 seconds)".parse::<Rate>().unwrap(),
            Rate(Duration::from_secs(10))
        );
        for wrong in [
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(minute)",
            "5 minutes",
            "rate(5 weeks)",
            "rate(-1 minutes)",
        ] {
            let message = wrong.parse::<Rate>().unwrap_err().to_string();
            assert!(message.contains("rate(1 minute)"), "{wrong}: {message}");
        }
    }

    #[test]
    fn both_services_send_their_documented_event() {
        let time = "2026-03-01T08:00:00.25Z".parse().unwrap();
        let mut schedule = Schedule {
            name: "sweep".to_owned(),
            function: "executor".to_owned(),
            rate: "rate(1 minute)".parse().unwrap(),
            service: Service::Rule,
        };
        let rule = event(&schedule, "eu-central-1", "123456789012", time);
        assert_eq!(rule["source"], "aws.events");
        assert_eq!(rule["detail-type"], "Scheduled Event");
        assert_eq!(rule["time"], "2026-03-01T08:00:00Z");
        assert_eq!(
            rule["resources"],
            json!(["arn:aws:events:eu-central-1:123456789012:rule/sweep"])
        );
        assert_eq!(rule["detail"], json!({}));
        schedule.service = Service::Scheduler;
        let scheduled = event(&schedule, "eu-central-1", "123456789012", time);
        assert_eq!(scheduled["source"], "aws.scheduler");
        assert_eq!(
            scheduled["resources"],
            json!(["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/sweep"])
        );
        assert_eq!(scheduled["detail"], json!("{}"));
        assert_ne!(rule["id"], scheduled["id"]);
    }
}
