//! Evaluation of runbook matching: runbooks and labelled questions, matched in a database of their own by
//! `match_runbooks`, without a language model: by words alone, or with the embeddings of a model.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use llm::embeddings::{baseline, baseline_texts};
use llm::{Model, TextRole};
use local_stack::postgres::{Server, database};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

const DATA: &str = include_str!("../../eval/matching.toml");

/// Runbooks and questions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    runbook: Vec<Runbook>,
    question: Vec<Question>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runbook {
    name: String,
    title: String,
    description: String,
    goal_type: String,
    examples: Vec<String>,
    /// JSON Schema of its parameters, as text.
    parameters: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    text: String,
    /// The runbook that answers it; none if no runbook does.
    wants: Option<String>,
    #[serde(default)]
    held_out: bool,
    /// True if it shares few words or none with the runbook, and for near misses of that kind.
    #[serde(default)]
    is_paraphrase: bool,
}

/// A match of a question.
#[derive(Debug, Clone, Serialize)]
pub struct Matched {
    /// The question.
    pub question: String,
    /// The runbook that answers it.
    pub wants: Option<String>,
    /// True if it was held out from tuning.
    pub held_out: bool,
    /// True if it shares few words with the runbook.
    pub is_paraphrase: bool,
    /// The runbooks by score, the best first.
    pub ranked: Vec<String>,
    /// The runbook that covers the whole question.
    pub used: Option<String>,
    /// Words that the best one does not cover.
    pub uncovered: Vec<String>,
    /// The runbooks with the parts of their scores.
    pub candidates: Vec<Value>,
    /// Milliseconds of the match.
    pub millis: f64,
}

/// Shares of questions, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Shares {
    /// Number of questions.
    pub questions: usize,
    /// The best runbook is the right one, of questions that a runbook answers.
    pub top_1: f64,
    /// The right one is among the best three, of the same.
    pub recall_3: f64,
    /// The right one covers the whole question, so that it is used without a model, of the same.
    pub used: f64,
    /// A wrong runbook covers the whole question, of all questions.
    pub false_use: f64,
}

/// The held-out questions by their kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeldOut {
    /// All of them.
    pub all: Shares,
    /// Those in words of the runbooks, and near misses of that kind.
    pub near_words: Shares,
    /// Those in other words, and near misses of that kind.
    pub paraphrases: Shares,
}

impl HeldOut {
    fn of(matches: &[Matched]) -> Self {
        let part = |is_part: &dyn Fn(&Matched) -> bool| {
            shares_of(matches, &|one| one.held_out && is_part(one))
        };
        Self {
            all: part(&|_| true),
            near_words: part(&|one| !one.is_paraphrase),
            paraphrases: part(&|one| one.is_paraphrase),
        }
    }
}

/// The result of the evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct MatchingReport {
    /// Questions that may be used for tuning.
    pub tuning: Shares,
    /// Questions that may not.
    pub held_out: HeldOut,
    /// The held-out questions again, where the right runbook of each has a good record and the others of its goal type a
    /// bad one.
    pub held_out_with_history: HeldOut,
    /// Median milliseconds of a match.
    pub median_millis: f64,
    /// All matches without history.
    pub matches: Vec<Matched>,
}

/// Matches all questions, without history and with it; by meaning too if a model is given.
///
/// # Errors
/// Postgres refuses; a runbook of the data breaks a rule; the model does not answer.
pub async fn run(server: &Server, model: Option<&Model>) -> anyhow::Result<MatchingReport> {
    let name = format!("matching_{}", Uuid::new_v4().simple());
    database::create_from_template(server, &name).await?;
    let measured = measure(server, &name, model).await;
    database::drop(server, &name).await?;
    measured
}

async fn measure(
    server: &Server,
    name: &str,
    model: Option<&Model>,
) -> anyhow::Result<MatchingReport> {
    let data: Data = toml::from_str(DATA).context("reading tests/harness/eval/matching.toml")?;
    let client = server.connect("postgres", name).await?;
    let (workspace, person) = prepare(&client, &data).await?;
    let embedded = match model {
        Some(model) => Some(embed(&client, &data, &workspace, model).await?),
        None => None,
    };
    let place = Place {
        client: &client,
        workspace: &workspace,
        person: &person,
        embedded: embedded.as_ref(),
    };
    let matches = place.match_all(&data, false).await?;
    let with_history = place.match_all(&data, true).await?;
    let mut millis: Vec<f64> = matches.iter().map(|one| one.millis).collect();
    millis.sort_by(f64::total_cmp);
    Ok(MatchingReport {
        tuning: shares_of(&matches, &|one| !one.held_out),
        held_out: HeldOut::of(&matches),
        held_out_with_history: HeldOut::of(&with_history),
        median_millis: millis.get(millis.len() / 2).copied().unwrap_or_default(),
        matches,
    })
}

/// A record of twenty runs: the runbook `$2` nearly always succeeded, the others of its goal type rarely.
const HISTORY: &str = "
insert into goalpost.runbook_statistics (workspace_id, runbook_id, uses, successes, recent_uses, recent_successes, folded_at)
select b.workspace_id, b.id, 20, s.successes, 20, s.successes, goalpost_private.clock()
  from goalpost.runbooks b
  join goalpost.runbooks r on r.workspace_id = b.workspace_id and r.name = $2 and r.goal_type = b.goal_type
 cross join lateral (select case b.id when r.id then 19 else 4 end as successes) s
 where b.workspace_id = $1::text::uuid";

/// Adds a workspace with its person, tables and runbooks, the latter as an admin through the RPC.
async fn prepare(client: &Client, data: &Data) -> anyhow::Result<(String, String)> {
    let (workspace, person) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    client
        .execute(
            "insert into auth.users (id, email) values ($1::text::uuid, 'matching@goalpost.test')",
            &[&person],
        )
        .await?;
    client
        .execute("insert into goalpost.workspaces (id, name, readable_schemas) values ($1::text::uuid, 'matching', '{shop}')", &[&workspace])
        .await?;
    client
        .execute(
            "insert into goalpost.members (workspace_id, user_id, role) values ($1::text::uuid, $2::text::uuid, 'owner')",
            &[&workspace, &person],
        )
        .await?;
    client
        .batch_execute(
            "create schema if not exists shop; create table shop.customers (id bigint); create table shop.orders (id bigint);
             create table shop.order_items (id bigint);",
        )
        .await?;
    let claims = json!({"sub": person, "role": "authenticated"}).to_string();
    client
        .execute(
            "select set_config('request.jwt.claims', $1, false)",
            &[&claims],
        )
        .await?;
    for runbook in &data.runbook {
        let call = json!({"tool": "calculate", "arguments": {"expression": "1"}});
        let mut row = json!({
            "name": runbook.name, "title": runbook.title, "description": runbook.description,
            "goal_type": runbook.goal_type, "examples": runbook.examples,
            "plan": {"steps": [{"key": "work", "kind": "tool", "input": call}]},
        });
        if let (Some(parameters), Some(fields)) = (&runbook.parameters, row.as_object_mut()) {
            fields.insert("parameters".to_owned(), serde_json::from_str(parameters)?);
        }
        client
            .execute(
                "select goalpost.apply_runbook($1::text::uuid, $2::text::jsonb, 'active')",
                &[&workspace, &row.to_string()],
            )
            .await
            .with_context(|| format!("applying {}", runbook.name))?;
    }
    client.batch_execute("analyze goalpost.runbooks").await?;
    Ok((workspace, person))
}

/// The vectors of the questions, in their order, and their space.
struct Questions {
    space: String,
    vectors: Vec<Vec<f32>>,
}

/// Moves the runbooks into the space of the model, as `embed_runbooks` does, and embeds the questions.
async fn embed(
    client: &Client,
    data: &Data,
    workspace: &str,
    model: &Model,
) -> anyhow::Result<Questions> {
    let space = model.embedding_space()?;
    let rows = client
        .query(
            "select b.id, goalpost_private.texts_of_runbook(b) from goalpost_private.runbooks_to_embed($1::text::uuid, $2) b",
            &[&workspace, &space],
        )
        .await?;
    for row in rows {
        let (id, texts): (i64, Vec<String>) = (row.get(0), row.get(1));
        let (vectors, _) = model.embed(TextRole::Passage, &texts).await?;
        let embedded = json!([{"runbook_id": id, "embeddings": vectors.vectors}]).to_string();
        client
            .execute(
                "select goalpost_private.keep_runbook_embeddings($1::text::uuid, $2, $3::text::jsonb)",
                &[&workspace, &space, &embedded],
            )
            .await?;
    }
    let (questions, texts) = baseline_texts();
    let (questions, _) = model.embed(TextRole::Query, &questions).await?;
    let (texts, _) = model.embed(TextRole::Passage, &texts).await?;
    let measured = baseline(&questions.vectors, &texts.vectors);
    client
        .execute(
            "select goalpost_private.set_baseline($1, $2)",
            &[&space, &measured],
        )
        .await?;
    client
        .batch_execute("analyze goalpost.runbook_embeddings")
        .await?;
    let questions: Vec<String> = data.question.iter().map(|one| one.text.clone()).collect();
    let (questions, _) = model.embed(TextRole::Query, &questions).await?;
    Ok(Questions {
        space,
        vectors: questions.vectors,
    })
}

/// The database with the workspace in which questions are matched.
struct Place<'a> {
    client: &'a Client,
    workspace: &'a str,
    person: &'a str,
    embedded: Option<&'a Questions>,
}

impl Place<'_> {
    async fn match_all(&self, data: &Data, has_history: bool) -> anyhow::Result<Vec<Matched>> {
        let names: Vec<&str> = data.runbook.iter().map(|one| one.name.as_str()).collect();
        let mut matches = Vec::new();
        for (number, question) in data.question.iter().enumerate() {
            if let Some(wanted) = &question.wants {
                ensure!(
                    names.contains(&wanted.as_str()),
                    "{:?} wants {wanted}, which is no runbook",
                    question.text
                );
            }
            self.client.batch_execute("begin").await?;
            if let Some(wanted) = question.wants.as_ref().filter(|_| has_history) {
                self.client
                    .execute(HISTORY, &[&self.workspace, wanted])
                    .await?;
            }
            let matched = self.match_one(number, question).await?;
            self.client.batch_execute("rollback").await?;
            matches.push(matched);
        }
        Ok(matches)
    }

    async fn match_one(&self, number: usize, question: &Question) -> anyhow::Result<Matched> {
        let space = self.embedded.map(|embedded| embedded.space.as_str());
        let vector = self
            .embedded
            .and_then(|embedded| embedded.vectors.get(number))
            .map(|vector| json!(vector).to_string());
        let began = Instant::now();
        let row = self
            .client
            .query_one(
                "select coalesce(jsonb_agg(jsonb_build_object('name', name, 'fit', fit, 'uncovered', uncovered,
                          'by_words', relevance_by_words, 'by_meaning', relevance_by_meaning, 'score', score) order by score desc, name), '[]')::text
                   from goalpost_private.match_runbooks(
                     $1, $2::text::uuid, $3::text::uuid, null, $4, $5::text::extensions.halfvec)",
                &[&question.text, &self.workspace, &self.person, &space, &vector],
            )
            .await?;
        let millis = began.elapsed().as_secs_f64() * 1000.0;
        let found: Vec<Value> = serde_json::from_str(row.get(0))?;
        let text = |one: &Value, field: &str| {
            one.get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let best = found.first().and_then(|one| one.get("uncovered")).cloned();
        Ok(Matched {
            question: question.text.clone(),
            wants: question.wants.clone(),
            held_out: question.held_out,
            is_paraphrase: question.is_paraphrase,
            ranked: found.iter().map(|one| text(one, "name")).collect(),
            used: found
                .iter()
                .find(|one| text(one, "fit") == "use")
                .map(|one| text(one, "name")),
            uncovered: best
                .and_then(|words| serde_json::from_value(words).ok())
                .unwrap_or_default(),
            candidates: found,
            millis,
        })
    }
}

fn shares_of(matches: &[Matched], is_part: &dyn Fn(&Matched) -> bool) -> Shares {
    let part: Vec<&Matched> = matches.iter().filter(|one| is_part(one)).collect();
    shares(&part)
}

#[allow(clippy::cast_precision_loss)] // a few hundred questions
fn shares(matches: &[&Matched]) -> Shares {
    let answerable: Vec<&&Matched> = matches.iter().filter(|one| one.wants.is_some()).collect();
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    let count =
        |holds: &dyn Fn(&Matched) -> bool| answerable.iter().filter(|one| holds(one)).count();
    let all = answerable.len();
    Shares {
        questions: matches.len(),
        top_1: share(count(&|one| one.ranked.first() == one.wants.as_ref()), all),
        recall_3: share(
            count(&|one| {
                one.ranked
                    .iter()
                    .take(3)
                    .any(|name| Some(name) == one.wants.as_ref())
            }),
            all,
        ),
        used: share(
            count(&|one| one.used.is_some() && one.used == one.wants),
            all,
        ),
        false_use: share(
            matches
                .iter()
                .filter(|one| one.used.is_some() && one.used != one.wants)
                .count(),
            matches.len(),
        ),
    }
}
