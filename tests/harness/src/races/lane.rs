//! Database with its sessions, in which trials run one after the other, and the barrier from which racers start.

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use local_stack::postgres::{Server, database};
use serde_json::{Value, json};
use uuid::Uuid;

use super::session::{Call, Reply, Session, SessionRole};

/// Maximum number of racers in one trial.
pub(super) const MOST_RACERS: usize = 8;
/// Sessions of the requester: the maximum number of concurrent cancels.
pub(super) const MOST_ASKERS: usize = 3;
pub(super) const STAGE: &str = include_str!("stage.sql");
const CREATE_WORKSPACE: &str = "select goalpost.create_workspace($1::jsonb ->> 'name')";
const INVITE_MEMBER: &str = "select goalpost.invite_member(
    ($1::jsonb ->> 'workspace_id')::uuid, $1::jsonb ->> 'user_id', 'approver')";
const ACCEPT_INVITATION: &str =
    "select goalpost.accept_invitation(($1::jsonb ->> 'invitation_id')::bigint)";
const HOLD: &str = "select to_jsonb(pg_advisory_lock(1)::text) where $1::jsonb is not null";
const START: &str =
    "select races.start(array(select jsonb_array_elements_text($1::jsonb)::integer))";
/// Number of ids reserved for the trees of a kind.
const IDS_OF_A_KIND: i64 = 2_000;
/// First id that the engine assigns in races.
const IDS_IN_RACES: i64 = 1_000_000_000_000_000;

/// Participant of a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Racer {
    /// Worker of the functions, by number.
    Worker(usize),
    /// Person who may decide approvals, by number.
    Approver(usize),
    /// Requester, in one of several sessions.
    Asker(usize),
    /// Sweep of pg_cron.
    Sweep,
}

/// Racer with its calls.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) racer: Racer,
    pub(super) head_start: i32,
    pub(super) calls: Vec<Call>,
}

/// Result of a race: the replies of each racer, and whether one was seen waiting for another.
#[derive(Debug)]
pub(super) struct Raced {
    pub(super) replies: Vec<Vec<Reply>>,
    pub(super) waited: bool,
}

impl Raced {
    /// Iterates over every call with its reply, in the order of racers.
    pub(super) fn answered<'a>(
        &'a self,
        starts: &'a [Start],
    ) -> impl Iterator<Item = (&'a Start, &'a Call, &'a Reply)> {
        starts
            .iter()
            .zip(&self.replies)
            .flat_map(|(start, replies)| {
                start
                    .calls
                    .iter()
                    .zip(replies)
                    .map(move |(call, reply)| (start, call, reply))
            })
    }
}

/// Database with its sessions.
pub(super) struct Lane {
    pub(super) workspace_id: String,
    /// Copies trees; triggers and references are off in its session.
    pub(super) admin: Session,
    /// Holds the barrier and observes lock waits.
    marshal: Session,
    /// Sessions of the one requester.
    askers: Vec<Session>,
    /// Approvers with their ids.
    approvers: Vec<(String, Session)>,
    workers: Vec<Session>,
    sweep: Session,
}

impl Lane {
    /// Creates the database and opens the sessions. `before` is run in it as its owner.
    pub(super) async fn open(server: &Server, before: Option<&str>) -> anyhow::Result<Self> {
        let name = format!("races_{}", Uuid::new_v4().simple());
        database::create_from_template(server, &name).await?;
        let sweep = Session::open(server, &name, SessionRole::Owner).await?;
        sweep.run(STAGE).await.context("preparing the stage")?;
        if let Some(sql) = before {
            sweep.run(sql).await?;
        }
        // Limits that the shapes exceed but the race does not test: the widest fan-in has 64 parents.
        sweep
            .run("update goalpost_private.limits set max_steps = 80, max_fan_out = 80")
            .await?;
        let owner_id = person(&sweep).await?;
        let askers = (0..MOST_ASKERS)
            .map(|_| async { Session::open(server, &name, SessionRole::Person(&owner_id)).await });
        let askers = try_join_all(askers).await?;
        let owner = askers.first().context("no requester")?;
        let made = owner
            .get(&Call {
                sql: CREATE_WORKSPACE,
                argument: json!({"name": "Races"}),
            })
            .await?;
        let workspace_id = made.get("workspace_id").and_then(Value::as_str);
        let workspace_id = workspace_id
            .context("create_workspace gave no workspace_id")?
            .to_owned();
        sweep
            .run("update goalpost.workspaces set max_open_requests = 1000000000")
            .await?;
        let mut approvers = Vec::new();
        for _ in 0..MOST_RACERS {
            let id = person(&sweep).await?;
            let argument = json!({"workspace_id": workspace_id, "user_id": id});
            let invitation = owner
                .get(&Call {
                    sql: INVITE_MEMBER,
                    argument,
                })
                .await?;
            let session = Session::open(server, &name, SessionRole::Person(&id)).await?;
            session
                .get(&Call {
                    sql: ACCEPT_INVITATION,
                    argument: invitation,
                })
                .await?;
            approvers.push((id, session));
        }
        let workers = (0..MOST_RACERS)
            .map(|_| async { Session::open(server, &name, SessionRole::Worker).await });
        let workers = try_join_all(workers).await?;
        let admin = Session::open(server, &name, SessionRole::Superuser).await?;
        admin
            .run("set session_replication_role = replica; set search_path = ''")
            .await?;
        let marshal = Session::open(server, &name, SessionRole::Superuser).await?;
        Ok(Self {
            workspace_id,
            admin,
            marshal,
            askers,
            approvers,
            workers,
            sweep,
        })
    }

    /// Returns the worker that prepares trees.
    pub(super) fn worker(&self) -> anyhow::Result<&Session> {
        self.session(Racer::Worker(0))
    }

    /// Returns the requester.
    pub(super) fn asker(&self) -> anyhow::Result<&Session> {
        self.session(Racer::Asker(0))
    }

    /// Returns the session of a racer.
    pub(super) fn session(&self, racer: Racer) -> anyhow::Result<&Session> {
        let found = match racer {
            Racer::Worker(number) => self.workers.get(number),
            Racer::Approver(number) => self.approvers.get(number).map(|(_, session)| session),
            Racer::Asker(number) => self.askers.get(number),
            Racer::Sweep => Some(&self.sweep),
        };
        found.context("there are not so many sessions")
    }

    /// Returns the id of an approver.
    pub(super) fn approver_id(&self, number: usize) -> &str {
        self.approvers.get(number).map_or("", |(id, _)| id.as_str())
    }

    /// Advances the database's clock.
    pub(super) async fn set_clock(&self, ahead: &str) -> anyhow::Result<()> {
        self.admin
            .run(&format!("update races.clock set ahead = '{ahead}'"))
            .await
    }

    /// Lets all racers wait at the barrier and then start at once.
    pub(super) async fn race(&self, starts: &[Start]) -> anyhow::Result<Raced> {
        let mut racing = Vec::new();
        let mut pids = Vec::new();
        for start in starts {
            let session = self.session(start.racer)?;
            ensure!(
                !pids.contains(&session.process_id),
                "a session cannot race against itself"
            );
            session.prepare(&start.calls).await?;
            pids.push(session.process_id);
            racing.push((session, start));
        }
        self.marshal.get(&call(HOLD, &json!(null))).await?;
        let replies = try_join_all(
            racing
                .iter()
                .map(|(session, start)| session.take_part(start.head_start, &start.calls)),
        );
        let start = call(START, &json!(pids));
        let (replies, waited) = futures::try_join!(replies, self.marshal.get(&start))?;
        Ok(Raced {
            replies,
            waited: waited == json!(true),
        })
    }

    /// Reserves ids for the trees of a kind of race, by its number.
    pub(super) async fn make_room(&self, kind: i64) -> anyhow::Result<()> {
        self.begin_ids(kind * IDS_OF_A_KIND + 1).await
    }

    /// Moves the sequences beyond the trees: ids that the engine assigns later differ from those of the copies.
    pub(super) async fn separate_engine_ids(&self, kind: i64) -> anyhow::Result<()> {
        self.begin_ids((kind + 1) * IDS_IN_RACES).await
    }

    async fn begin_ids(&self, first: i64) -> anyhow::Result<()> {
        self.admin
            .run(&format!("select races.begin_ids({first})"))
            .await
    }
}

fn call(sql: &'static str, argument: &Value) -> Call {
    Call {
        sql,
        argument: argument.clone(),
    }
}

async fn person(owner: &Session) -> anyhow::Result<String> {
    let id = Uuid::new_v4().to_string();
    owner
        .run(&format!(
            "insert into auth.users (id, email) values ('{id}', '{id}@goalpost.test')"
        ))
        .await?;
    Ok(id)
}
