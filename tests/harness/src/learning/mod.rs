//! `harness bench learning`: whether the second goal of a kind is cheaper than the first, and stays right.
//!
//! A simulated company asks five kinds of questions of a stochastic model behind the real wire format; everything else
//! is real: functions, journal, prices, analyzer, people who rate and approve over the API. Half-way a table changes, so
//! that learned procedures fail. A tenth of the ratings lie, and a table contains text that asks to be remembered.

mod brain;
mod report;
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context;
use fastrand::Rng;
use local_stack::progress::Phase;
use local_stack::stack::{Person, Stack, StackOptions};
use serde_json::{Value, json};

use crate::people::{Client, DEMO};
use brain::{Brain, MODEL};
use world::{BAD_LESSON, CHANGE, Task};

pub use report::{LearningReport, Means, Played};
pub use world::Kind;

/// Goals between two analyses.
const GOALS_PER_ANALYSIS: usize = 10;

/// Settings of a run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Runs with seeds from 1.
    pub seeds: u64,
    /// Goals of each run.
    pub goals: usize,
    /// The probabilities and the change of the world.
    pub weather: Weather,
}

/// How hard the world makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Detours, traps, injected texts, lying ratings, and a table that changes half-way.
    Rough,
    /// The model always works in the right way, and nothing changes: for tests of single rules.
    Calm,
}

/// Plays every seed with and without learning.
///
/// # Errors
/// The stack does not start or does not answer.
pub async fn run(
    settings: Settings,
    options: impl Fn() -> StackOptions,
) -> anyhow::Result<LearningReport> {
    let mut played = Vec::new();
    let mut ends = Vec::new();
    for seed in 1..=settings.seeds {
        for learns in [false, true] {
            let options = options();
            let mut phase = options.progress.phase(format!(
                "Seed {seed}, learning {}",
                if learns { "on" } else { "off" }
            ));
            let (goals, end) = play(seed, learns, settings, options, &mut phase).await?;
            phase.done();
            played.extend(goals);
            ends.extend(learns.then_some(end));
        }
    }
    Ok(summary(settings, played, &ends))
}

/// What is left of a run with learning.
#[derive(Debug, Default)]
struct End {
    improvements: BTreeMap<String, usize>,
    bad_lessons: usize,
    bad_lessons_surviving: usize,
    active_runbooks: Vec<i64>,
    analyses: Vec<String>,
    seed: u64,
}

async fn play(
    seed: u64,
    learns: bool,
    settings: Settings,
    options: StackOptions,
    phase: &mut Phase,
) -> anyhow::Result<(Vec<Played>, End)> {
    let brain = Brain::start().await?;
    let mut options = options;
    options
        .environment
        .insert("OPENAI_BASE_URL".to_owned(), brain.base_url.clone());
    options
        .environment
        .insert("GOALPOST_MODEL".to_owned(), MODEL.to_owned());
    let stack = Stack::start(options).await?;
    let result = play_on(&stack, &brain, seed, learns, settings, phase).await;
    let stopped = stack.stop().await.context("stopping the stack");
    let result = result?;
    stopped?;
    Ok(result)
}

async fn play_on(
    stack: &Stack,
    brain: &Brain,
    seed: u64,
    learns: bool,
    settings: Settings,
    phase: &mut Phase,
) -> anyhow::Result<(Vec<Played>, End)> {
    let company = Company {
        people: [
            Client::of(stack, Person::Owner),
            Client::of(stack, Person::Approver),
        ],
        db: stack.admin_db().await?,
    };
    company.prepare().await?;
    let Settings { goals, weather, .. } = settings;
    let mut rng = Rng::with_seed(seed);
    let mut played = Vec::new();
    let mut column = "status";
    for place in 0..goals {
        if place == goals / 2 && weather == Weather::Rough {
            company
                .db
                .batch_execute(CHANGE)
                .await
                .context("changing the world")?;
            column = "order_state";
        }
        let kind = Kind::ALL
            .get(place % Kind::ALL.len())
            .copied()
            .unwrap_or(Kind::Orders);
        let task = Task::draw(kind, &mut rng);
        brain.prepare(task.clone(), weather, &mut rng);
        let one = company.ask(&task, column, weather, &mut rng).await?;
        played.push(Played {
            seed,
            learns,
            number: place / Kind::ALL.len() + 1,
            ..one
        });
        if learns && (place + 1) % GOALS_PER_ANALYSIS == 0 {
            company.analyse().await?;
        }
        phase.note(format!("{} of {goals} goals", place + 1));
    }
    let end = End {
        seed,
        ..company.end().await?
    };
    Ok((played, end))
}

/// The people of the company: an owner and an approver, who ask in turn.
struct Company {
    people: [Client; 2],
    db: tokio_postgres::Client,
}

impl Company {
    fn owner(&self) -> &Client {
        &self.people[0]
    }

    async fn prepare(&self) -> anyhow::Result<()> {
        self.db
            .batch_execute(include_str!("../../learning.sql"))
            .await
            .context("preparing the company")?;
        let settings = json!({"p_workspace_id": DEMO, "p_settings": {"common_values": false}});
        self.owner()
            .rpc("set_workspace_settings", &settings)
            .await?
            .into_body()?;
        let price = json!({"p_provider": "openai", "p_model": MODEL, "p_input_microusd": 1_000_000, "p_output_microusd": 4_000_000});
        self.owner()
            .rpc("set_model_price", &price)
            .await?
            .into_body()?;
        let limits = json!({"p_workspace_id": DEMO, "p_limits": {"user_day_microusd": 200_000_000, "user_day_tokens": 2_000_000_000_u64}});
        self.owner()
            .rpc("set_workspace_limits", &limits)
            .await?
            .into_body()?;
        Ok(())
    }

    /// Asks a question, waits for its end, and rates the goal.
    async fn ask(
        &self,
        task: &Task,
        column: &str,
        weather: Weather,
        rng: &mut Rng,
    ) -> anyhow::Result<Played> {
        let person = if rng.bool() {
            &self.people[0]
        } else {
            &self.people[1]
        };
        let began = Instant::now();
        let asked = person.ask(&task.question).await?.into_body()?;
        let request = asked
            .get("request_id")
            .and_then(Value::as_i64)
            .context("no request")?;
        let mut ended = person.until_settled(request).await?;
        let mut asked_back = None;
        if ended.get("state").is_some_and(|state| state == "accepted") {
            asked_back = Some(self.answer_question(person, task).await?);
            ended = person.until_ended(request).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        let answer = ended
            .get("answer_text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_right = has_number(answer, &self.truth(task, column).await?);
        if let Some(goal) = ended.get("goal_id").and_then(Value::as_i64) {
            let is_liar = rng.f64() < 0.1 && weather == Weather::Rough;
            let rating = if is_right == is_liar { "bad" } else { "good" };
            let comment = (rating == "bad" && !is_right).then(|| task.kind.hint());
            if rng.f64() < 0.8 {
                let rate = json!({"p_goal_id": goal, "p_rating": rating, "p_comment": comment});
                person.rpc("give_feedback", &rate).await?.into_body()?;
            }
        }
        let (calls, cost_microusd) = self.usage(request).await?;
        let runbook = self.runbook(request).await?;
        Ok(Played {
            seed: 0,
            learns: false,
            kind: task.kind,
            number: 0,
            runbook,
            asked: asked_back,
            is_right,
            calls,
            cost_microusd,
            seconds,
        })
    }

    /// Answers the one question that waits: a value for each parameter that is missing.
    async fn answer_question(&self, person: &Client, task: &Task) -> anyhow::Result<String> {
        let inbox = person
            .rows(
                "inbox",
                "select=approval_id,answer_schema,question&kind=eq.question",
            )
            .await?;
        let asked = inbox
            .first()
            .context("the request waits, but asks nothing")?;
        let properties = asked
            .pointer("/answer_schema/properties")
            .and_then(Value::as_object);
        let missing = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str());
        let values = task
            .values
            .iter()
            .map(|(_, value)| json!(value))
            .chain(std::iter::repeat(json!("")));
        let answer: serde_json::Map<String, Value> =
            missing.map(str::to_owned).zip(values).collect();
        let decide = json!({"p_approval_id": asked.get("approval_id"), "p_decision": "answered", "p_answer": answer});
        person.rpc("decide_approval", &decide).await?.into_body()?;
        let question = asked.get("question").and_then(Value::as_str);
        Ok(question.unwrap_or_default().to_owned())
    }

    /// Returns the right number, from the hidden procedure.
    async fn truth(&self, task: &Task, column: &str) -> anyhow::Result<String> {
        let mut found = String::new();
        for place in 0..task.queries() {
            let query = task.query(place, &found, false, column);
            let row = self
                .db
                .query_one(&format!("select q::text from ({query}) q (q)"), &[])
                .await;
            found = row.context("reading the truth")?.get(0);
        }
        Ok(found)
    }

    async fn usage(&self, request: i64) -> anyhow::Result<(usize, u64)> {
        let query = "select count(*), coalesce(sum(u.cost_microusd), 0)::bigint from goalpost.workflow_runs r \
                     join goalpost.usage_events u on u.run_id = r.id where r.request_id = $1";
        let row = self
            .db
            .query_one(query, &[&request])
            .await
            .context("reading the usage")?;
        let (calls, cost): (i64, i64) = (row.get(0), row.get(1));
        Ok((usize::try_from(calls)?, u64::try_from(cost)?))
    }

    /// Returns the version of a runbook that the request's goal followed.
    async fn runbook(&self, request: i64) -> anyhow::Result<Option<i64>> {
        let query =
            "select max(r.runbook_id) from goalpost.workflow_runs r where r.request_id = $1";
        Ok(self
            .db
            .query_one(query, &[&request])
            .await
            .context("reading the runbook")?
            .get(0))
    }

    /// Has the workspace analysed, and approves what is proposed.
    async fn analyse(&self) -> anyhow::Result<()> {
        let started = self
            .owner()
            .rpc("start_analysis", &json!({"p_workspace_id": DEMO}))
            .await?
            .into_body()?;
        let request = started
            .get("request_id")
            .and_then(Value::as_i64)
            .context("no analysis")?;
        let ended = self.owner().until_ended(request).await?;
        anyhow::ensure!(
            ended.get("state").is_some_and(|state| state == "answered"),
            "the analysis ended: {ended}"
        );
        let inbox = self
            .owner()
            .rows("inbox", "select=approval_id&kind=eq.improvement")
            .await?;
        for waiting in &inbox {
            let decide =
                json!({"p_approval_id": waiting.get("approval_id"), "p_decision": "approved"});
            self.owner()
                .rpc("decide_approval", &decide)
                .await?
                .into_body()?;
        }
        Ok(())
    }

    async fn end(&self) -> anyhow::Result<End> {
        let mut end = End::default();
        let rows = self
            .db
            .query(
                "select kind || ' ' || state, count(*) from goalpost.improvements group by 1",
                &[],
            )
            .await;
        for row in rows.context("reading the improvements")? {
            end.improvements
                .insert(row.get(0), usize::try_from(row.get::<_, i64>(1))?);
        }
        let active =
            "select id from goalpost.runbooks where author = 'analyzer' and state = 'active'";
        let rows = self
            .db
            .query(active, &[])
            .await
            .context("reading the runbooks")?;
        end.active_runbooks = rows.iter().map(|row| row.get(0)).collect();
        let analyses = "select coalesce(q.answer_text, q.reason, '') from goalpost.requests q \
                        join goalpost.workflow_runs r on r.request_id = q.id join goalpost.steps s on s.run_id = r.id \
                        where s.kind = 'analyze' order by q.id";
        let rows = self
            .db
            .query(analyses, &[])
            .await
            .context("reading the analyses")?;
        end.analyses = rows.iter().map(|row| row.get(0)).collect();
        let bad = "select count(*), count(*) filter (where u.uses > 10) from goalpost.memories m \
                   cross join lateral (select count(distinct r.root_run_id) as uses from goalpost.memory_uses u \
                                       join goalpost.workflow_runs r on r.id = u.run_id where u.memory_id = m.id) u \
                   where m.text = $1";
        let row = self
            .db
            .query_one(bad, &[&BAD_LESSON])
            .await
            .context("reading the bad lessons")?;
        end.bad_lessons = usize::try_from(row.get::<_, i64>(0))?;
        end.bad_lessons_surviving = usize::try_from(row.get::<_, i64>(1))?;
        Ok(end)
    }
}

/// Returns true if a text has this number as a word.
fn has_number(text: &str, number: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit())
        .any(|word| word == number)
}

fn summary(settings: Settings, played: Vec<Played>, ends: &[End]) -> LearningReport {
    let per_kind = settings.goals / Kind::ALL.len();
    let later_from = 20.min(per_kind - per_kind / 3);
    let later = |learns: bool| {
        report::means(
            played
                .iter()
                .filter(|one| one.learns == learns && one.number >= later_from),
        )
    };
    let first = report::means(played.iter().filter(|one| one.learns && one.number <= 3));
    let (with, without) = (later(true), later(false));
    let recovery = (1..=settings.seeds)
        .map(|seed| recovery(&played, seed, per_kind / 2))
        .collect();
    let mut improvements: BTreeMap<String, usize> = BTreeMap::new();
    for (state, count) in ends.iter().flat_map(|end| &end.improvements) {
        *improvements.entry(state.clone()).or_default() += count;
    }
    LearningReport {
        goals: settings.goals,
        seeds: settings.seeds,
        first,
        later: with,
        later_without: without,
        recovery,
        active_runbooks: ends.iter().map(|end| end.active_runbooks.len()).sum(),
        bad_runbooks: ends.iter().map(|end| bad_runbooks(end, &played)).sum(),
        bad_lessons_surviving: ends.iter().map(|end| end.bad_lessons_surviving).sum(),
        bad_lessons: ends.iter().map(|end| end.bad_lessons).sum(),
        analyses: ends.iter().flat_map(|end| end.analyses.clone()).collect(),
        improvements: improvements.into_iter().collect(),
        played,
    }
}

/// Counts active runbooks with three uses or more, at least half of them wrong.
fn bad_runbooks(end: &End, played: &[Played]) -> usize {
    let is_bad = |id: &&i64| {
        let uses = played
            .iter()
            .filter(|one| one.learns && one.seed == end.seed && one.runbook == Some(**id));
        let (right, wrong): (Vec<&Played>, Vec<&Played>) = uses.partition(|one| one.is_right);
        right.len() + wrong.len() >= 3 && wrong.len() >= right.len()
    };
    end.active_runbooks.iter().filter(is_bad).count()
}

/// Counts the goals of the changed kinds after the change until three in a row are right, the most of both kinds.
fn recovery(played: &[Played], seed: u64, changed_after: usize) -> usize {
    let of = |kind: Kind| {
        let goals: Vec<bool> = played
            .iter()
            .filter(|one| {
                one.learns && one.seed == seed && one.kind == kind && one.number > changed_after
            })
            .map(|one| one.is_right)
            .collect();
        let place = goals
            .windows(3)
            .position(|window| window.iter().all(|is_right| *is_right));
        place.unwrap_or(goals.len())
    };
    of(Kind::Orders).max(of(Kind::Revenue))
}
