//! Races in SQL, against a real Postgres: sessions in their real roles reach the same rows at the same instant, and the
//! rows afterwards must show one legal end. `harness races` runs them by the thousand.
//!
//! Nothing is simulated. Trees are made by the engine and copied, sessions wait at a barrier inside Postgres with their
//! calls already sent, and each reply is compared with the rows. Any unexpected refusal (a deadlock, a serialization
//! failure, a broken constraint) is a violation.

mod approval;
mod budget;
mod cancel;
mod chance;
mod claim;
mod facts;
mod fan_in;
mod kind;
mod lane;
mod report;
mod rpc;
mod session;
mod tree;
mod trial;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::future::try_join_all;

pub use kind::Kind;
pub use report::{Races, Report, Violation};

use chance::Chance;
use facts::Facts;
use lane::Lane;
use local_stack::postgres::Server;
use report::Tally;
use tree::Tree;
use trial::{Judged, Trial};

/// Trials that are prepared, and then judged, together.
const BATCH: u64 = 25;
/// Databases in which trials run side by side: while one waits for the disk, another continues.
const LANES: u64 = 3;

impl Kind {
    async fn shapes(self, lane: &Lane) -> anyhow::Result<Vec<Tree>> {
        match self {
            Self::Approval => approval::shapes(lane).await,
            Self::Cancel => cancel::shapes(lane).await,
            Self::FanIn => fan_in::shapes(lane).await,
            Self::Claim => claim::shapes(lane).await,
            Self::Budget => Ok(Vec::new()),
        }
    }

    async fn run(
        self,
        lane: &Lane,
        shape: usize,
        tree: &Tree,
        chance: &mut Chance,
    ) -> anyhow::Result<Trial> {
        match self {
            Self::Approval => approval::run(lane, tree, chance).await,
            Self::Cancel => cancel::run(lane, shape, tree, chance).await,
            Self::FanIn => fan_in::run(lane, tree, chance).await,
            Self::Claim => claim::run(lane, tree, chance).await,
            Self::Budget => Ok(Trial::default()),
        }
    }

    fn judge(self, lane: &Lane, shape: usize, tree: &Tree, trial: &Trial, facts: &Facts) -> Judged {
        let mut judged = match self {
            Self::Approval => approval::judge(lane, shape == 1, tree, trial, facts),
            Self::Cancel => cancel::judge(lane, shape, tree, trial, facts),
            Self::FanIn => fan_in::judge(tree, trial, facts),
            Self::Claim => claim::judge(tree, trial, facts),
            Self::Budget => Judged::default(),
        };
        judged.violations.extend(facts.violations());
        judged
    }
}

/// Options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Trials of each kind.
    pub trials: u64,
    /// Seed of racers, their calls and their delays.
    pub seed: u64,
    /// Kinds, run one after the other.
    pub kinds: Vec<Kind>,
    /// SQL run in each database before the first trial, as its owner: a test makes a mutant with it.
    pub before: Option<String>,
}

/// Runs races in databases of its own on this server, which are not dropped. `on_end` is called at the end of each
/// kind.
///
/// # Errors
/// The races cannot be run: no database, or a tree that cannot be prepared. A violation is no error.
pub async fn run(
    server: &Server,
    options: &Options,
    on_end: impl Fn(&Races),
) -> anyhow::Result<Report> {
    let began = Instant::now();
    let lanes = match options.kinds.as_slice() {
        [Kind::Budget] => 0,
        _ => options.trials.div_ceil(BATCH).min(LANES),
    };
    let before = options.before.as_deref();
    let lanes = try_join_all((0..lanes).map(|_| Lane::open(server, before))).await?;
    let mut kinds = Vec::new();
    for kind in &options.kinds {
        let races = match kind {
            Kind::Budget => run_budgets(server, options).await?,
            kind => run_kind(&lanes, options, *kind).await?,
        };
        on_end(&races);
        kinds.push(races);
    }
    Ok(Report {
        seed: options.seed,
        wall_seconds: began.elapsed().as_secs_f64(),
        kinds,
    })
}

async fn run_kind(lanes: &[Lane], options: &Options, kind: Kind) -> anyhow::Result<Races> {
    let shapes = try_join_all(lanes.iter().map(|lane| prepare(lane, kind))).await?;
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let running = lanes
        .iter()
        .zip(&shapes)
        .map(|(lane, shapes)| run_lane(lane, shapes, options, kind, &next));
    let mut all = Tally::default();
    for tally in try_join_all(running).await? {
        all.add(tally);
    }
    Ok(all.report(kind.name(), began.elapsed()))
}

async fn run_budgets(server: &Server, options: &Options) -> anyhow::Result<Races> {
    let began = Instant::now();
    let before = options.before.as_deref();
    let tally = budget::run(server, before, options.trials, options.seed).await?;
    Ok(tally.report(Kind::Budget.name(), began.elapsed()))
}

async fn prepare(lane: &Lane, kind: Kind) -> anyhow::Result<Vec<Tree>> {
    lane.make_room(kind as i64).await?;
    let shapes = kind.shapes(lane).await?;
    lane.separate_engine_ids(kind as i64).await?;
    Ok(shapes)
}

async fn run_lane(
    lane: &Lane,
    shapes: &[Tree],
    options: &Options,
    kind: Kind,
    next: &AtomicU64,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let mut is_new = true;
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= options.trials {
            return Ok(tally);
        }
        let last = (first + BATCH).min(options.trials);
        let entered = enter(lane, shapes, kind, options.seed, first..last).await?;
        if std::mem::take(&mut is_new) {
            // The first plans were made for empty tables.
            lane.admin.run("analyze").await?;
        }
        run_batch(lane, kind, entered, &mut tally).await?;
    }
}

/// Trial before its race.
struct Entered {
    number: u64,
    shape: usize,
    tree: Tree,
    chance: Chance,
}

/// Draws a shape for each trial and copies its tree.
async fn enter(
    lane: &Lane,
    shapes: &[Tree],
    kind: Kind,
    seed: u64,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<Vec<Entered>> {
    let mut entered = Vec::new();
    let mut copies: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for number in numbers {
        let mut chance = Chance::of(seed, kind as u64, number);
        let shape = chance.between(0, shapes.len().saturating_sub(1));
        let Some(original) = shapes.get(shape) else {
            continue;
        };
        let copy = i64::try_from(number)? + 1;
        copies.entry(original.request_id).or_default().push(copy);
        entered.push(Entered {
            number,
            shape,
            tree: original.copy(copy),
            chance,
        });
    }
    for (request_id, copies) in copies {
        let original = shapes.iter().find(|tree| tree.request_id == request_id);
        if let Some(original) = original {
            lane.copy(original, &copies).await?;
        }
    }
    Ok(entered)
}

async fn run_batch(
    lane: &Lane,
    kind: Kind,
    entered: Vec<Entered>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut ran = Vec::new();
    for mut entry in entered {
        let trial = kind
            .run(lane, entry.shape, &entry.tree, &mut entry.chance)
            .await?;
        ran.push((entry, trial));
    }
    let request_ids: Vec<i64> = ran.iter().map(|(entry, _)| entry.tree.request_id).collect();
    let facts = facts::of(&lane.admin, &request_ids).await?;
    for (entry, trial) in ran {
        let judged = match facts.get(&entry.tree.request_id) {
            Some(facts) => kind.judge(lane, entry.shape, &entry.tree, &trial, facts),
            None => Judged {
                violations: vec!["the request is gone".to_owned()],
                ..Judged::default()
            },
        };
        tally.trials += 1;
        tally.met += u64::from(trial.waited());
        tally.calls += trial.answered().count() as u64;
        for won in judged.won {
            *tally.won.entry(won).or_default() += 1;
        }
        if !judged.violations.is_empty() {
            tally.violated(Violation {
                trial: entry.number,
                found: judged.violations,
                transcript: trial.transcript(),
            });
        }
    }
    Ok(())
}
