//! Budgets and slots of a limit by key: sixty-four steps begin model calls at the same instant under one cap with room
//! for a few of them, end the calls, and begin again. No cap is ever exceeded, no call with room is refused, and all
//! sums agree. One in four trials tests a limit by key instead: exactly the available slots are acquired, none of them
//! twice.
//!
//! The steps are sessions that call the journal's functions (`begin_turn`, `end_turn`) as the database's owner, without
//! anything in between.

use anyhow::Context;
use futures::future::try_join_all;
use local_stack::postgres::{Server, database};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chance::Chance;
use super::kind::Kind;
use super::lane::STAGE;
use super::report::{Tally, Violation};
use super::session::{Call, Reply, Session, SessionRole};

/// Concurrent steps, each a session.
const STEPS: usize = 64;
/// Name of the limit by key among the caps.
const SLOTS: &str = "slots";
const BUDGET_STAGE: &str = include_str!("budget_stage.sql");
const PREPARE: &str =
    "select races.prepare_budget(($1::jsonb ->> 'steps')::integer, ($1::jsonb ->> 'room')::integer,
    $1::jsonb ->> 'scope', ($1::jsonb ->> 'slack')::integer)";
const ASK: &str = "select races.ask($1::jsonb)";
const PREPARE_SLOTS: &str = "select races.prepare_slots(($1::jsonb)::integer)";
const TAKE: &str = "select races.take($1::jsonb)";
const SETTLE: &str = "select races.settle($1::jsonb)";
const BUDGETS: &str = "select races.budgets(($1::jsonb #>> '{}')::uuid)";
const HOLD: &str = "select to_jsonb(pg_advisory_lock(1)::text) where $1::jsonb is not null";
const START: &str =
    "select races.start(array(select jsonb_array_elements_text($1::jsonb)::integer))";

/// Database with the sessions of its steps.
struct Field {
    admin: Session,
    marshal: Session,
    steps: Vec<Session>,
}

#[derive(Debug, Deserialize)]
struct Prepared {
    workspace_id: String,
    steps: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Budget {
    scope: String,
    cap: i64,
    spent: i64,
    reserved: i64,
    asked: i64,
    booked: i64,
    used: i64,
    spent_tokens: i64,
    used_tokens: i64,
}

/// Definition of one trial: the cap, the number of calls it has room for, and the actions of each step.
struct Plan {
    scope: &'static str,
    room: usize,
    /// True if steps end their calls and begin again; otherwise exactly as many are granted as there is room for.
    settles: bool,
    calls: Vec<Vec<Call>>,
}

/// Runs these trials in a database of its own.
pub(super) async fn run(
    server: &Server,
    before: Option<&str>,
    trials: u64,
    seed: u64,
) -> anyhow::Result<Tally> {
    let field = Field::open(server, before).await?;
    let mut tally = Tally::default();
    for number in 0..trials {
        let mut chance = Chance::of(seed, Kind::Budget as u64, number);
        let scope = chance.one_of(&["run", "user_day", "workspace_month", SLOTS], "run");
        let room = chance.between(0, STEPS);
        if scope == SLOTS {
            field
                .acquire_rate_limit_slots(room, &mut chance, number, &mut tally)
                .await?;
            continue;
        }
        // The remaining micro-dollars never suffice for one more call.
        let argument =
            json!({"steps": STEPS, "room": room, "scope": scope, "slack": chance.between(0, 1499)});
        let prepared = field
            .admin
            .get(&Call {
                sql: PREPARE,
                argument,
            })
            .await?;
        let prepared: Prepared = serde_json::from_value(prepared)?;
        let plan = plan(scope, room, &prepared.steps, &mut chance);
        let (replies, met) = field.race(&plan, &mut chance).await?;
        let budgets = field
            .admin
            .get(&Call {
                sql: BUDGETS,
                argument: json!(prepared.workspace_id),
            })
            .await?;
        let budgets: Vec<Budget> = serde_json::from_value(budgets)?;
        let found = judge(&plan, &replies, &budgets);
        tally.trials += 1;
        tally.met += u64::from(met);
        tally.calls += replies.iter().map(Vec::len).sum::<usize>() as u64;
        *tally.won.entry(won(&plan, &replies)).or_default() += 1;
        if !found.is_empty() {
            let transcript = replies.iter().flatten().map(Reply::to_string);
            tally.violated(Violation {
                trial: number,
                found,
                transcript: transcript.take(50).collect(),
            });
        }
    }
    Ok(tally)
}

fn plan(scope: &'static str, room: usize, steps: &[Value], chance: &mut Chance) -> Plan {
    let settles = chance.once_in(2);
    let calls = steps.iter().map(|step| {
        let mut calls = vec![ask(step)];
        if settles {
            let state = chance.one_of(&["answered", "answered", "unknown", "failed"], "answered");
            let mut end = step.clone();
            if let Some(end) = end.as_object_mut() {
                end.insert("state".to_owned(), json!(state));
                // Occasionally more tokens than the output limit: a provider that counts differently.
                end.insert("tokens".to_owned(), json!(chance.between(0, 2000)));
            }
            calls.push(Call {
                sql: SETTLE,
                argument: end,
            });
            calls.push(ask(step));
        }
        calls
    });
    Plan {
        scope,
        room,
        settles,
        calls: calls.collect(),
    }
}

fn ask(step: &Value) -> Call {
    Call {
        sql: ASK,
        argument: step.clone(),
    }
}

impl Field {
    async fn open(server: &Server, before: Option<&str>) -> anyhow::Result<Self> {
        let name = format!("races_{}", Uuid::new_v4().simple());
        database::create_from_template(server, &name).await?;
        let admin = Session::open(server, &name, SessionRole::Owner).await?;
        admin.run(STAGE).await.context("preparing the stage")?;
        admin
            .run(BUDGET_STAGE)
            .await
            .context("preparing the budgets")?;
        if let Some(sql) = before {
            admin.run(sql).await?;
        }
        let marshal = Session::open(server, &name, SessionRole::Superuser).await?;
        let steps =
            (0..STEPS).map(|_| async { Session::open(server, &name, SessionRole::Owner).await });
        Ok(Self {
            admin,
            marshal,
            steps: try_join_all(steps).await?,
        })
    }

    /// Lets all steps acquire a slot of one limit: exactly the available number succeeds.
    async fn acquire_rate_limit_slots(
        &self,
        room: usize,
        chance: &mut Chance,
        number: u64,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let prepare = Call {
            sql: PREPARE_SLOTS,
            argument: json!(room),
        };
        let name = self.admin.get(&prepare).await?;
        let take = |step: usize| {
            vec![Call {
                sql: TAKE,
                argument: json!({"name": name, "holder": format!("{number}/{step}")}),
            }]
        };
        let plan = Plan {
            scope: SLOTS,
            room,
            settles: false,
            calls: (0..STEPS).map(take).collect(),
        };
        let (replies, met) = self.race(&plan, chance).await?;
        let granted = granted(&replies);
        let refusals = replies
            .iter()
            .flatten()
            .filter(|reply| reply.refusal().is_some());
        let mut found: Vec<String> = refusals
            .map(|reply| format!("a step was refused: {reply}"))
            .collect();
        if granted != room {
            found.push(format!("there were {room} places and {granted} were taken"));
        }
        tally.trials += 1;
        tally.met += u64::from(met);
        tally.calls += STEPS as u64;
        *tally.won.entry(won(&plan, &replies)).or_default() += 1;
        if !found.is_empty() {
            tally.violated(Violation {
                trial: number,
                found,
                transcript: Vec::new(),
            });
        }
        Ok(())
    }

    /// Lets all steps wait at the barrier and then start at once. Also returns true if one was seen waiting for
    /// another.
    async fn race(
        &self,
        plan: &Plan,
        chance: &mut Chance,
    ) -> anyhow::Result<(Vec<Vec<Reply>>, bool)> {
        let mut pids = Vec::new();
        for (session, calls) in self.steps.iter().zip(&plan.calls) {
            session.prepare(calls).await?;
            pids.push(session.process_id);
        }
        let hold = Call {
            sql: HOLD,
            argument: json!(null),
        };
        self.marshal.get(&hold).await?;
        let racing = self.steps.iter().zip(&plan.calls).map(|(session, calls)| {
            let head_start = chance.head_start();
            session.take_part(head_start, calls)
        });
        let start = Call {
            sql: START,
            argument: json!(pids),
        };
        let (replies, waited) = futures::try_join!(try_join_all(racing), self.marshal.get(&start))?;
        Ok((replies, waited == json!(true)))
    }
}

fn granted(replies: &[Vec<Reply>]) -> usize {
    let all = replies.iter().flatten();
    all.filter(|reply| !reply.field("number").is_null()).count()
}

fn won(plan: &Plan, replies: &[Vec<Reply>]) -> String {
    let asked = match plan.settles {
        true => "asked, settled and asked again",
        false => "asked once",
    };
    let some = match granted(replies) {
        0 => "none",
        granted if granted < STEPS => "some",
        _ => "all",
    };
    format!("{}: {asked}, {some} granted", plan.scope)
}

/// Returns all violations.
fn judge(plan: &Plan, replies: &[Vec<Reply>], budgets: &[Budget]) -> Vec<String> {
    let mut found = Vec::new();
    for reply in replies.iter().flatten() {
        if reply.refusal().is_some() {
            found.push(format!("a step was refused: {reply}"));
        }
        if let Some(refused) = reply.field("refused").as_object()
            && refused.get("code") != Some(&json!("budget_exhausted"))
        {
            found.push(format!("a step was refused otherwise: {reply}"));
        }
    }
    let granted = granted(replies);
    if !plan.settles && granted != plan.room.min(STEPS) {
        found.push(format!(
            "there was room for {} and {granted} were granted",
            plan.room
        ));
    }
    for budget in budgets {
        let Budget { scope, cap, .. } = budget;
        if budget.spent + budget.reserved > *cap {
            found.push(format!("{scope} is over its cap: {budget:?}"));
        }
        if budget.reserved != budget.asked
            || budget.spent != budget.booked
            || budget.spent != budget.used
            || budget.spent_tokens != budget.used_tokens
        {
            found.push(format!("{scope} does not add up: {budget:?}"));
        }
    }
    if !budgets.iter().any(|budget| budget.scope == plan.scope) {
        found.push(format!("there is no cap of a {}", plan.scope));
    }
    found
}
