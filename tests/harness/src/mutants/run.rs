//! Runs mutants of the database: each against its test files until one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use local_stack::postgres::Server;

use super::areas::Areas;
use super::catalog::{Catalog, Function};
use super::coverage;
use super::files::{self, TestFile};
use super::mutant::{Mutant, Target};
use super::sandbox::{Sandbox, Verdict};
use super::selection::Selection;
use super::survivors::Survivors;

/// Result of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A test file fails.
    Killed {
        /// The file.
        by: String,
        /// Its first failure.
        failure: String,
    },
    /// All files that were run pass.
    Survived {
        /// Number of files that were run.
        files: usize,
    },
    /// Postgres refuses to make it.
    NotViable(String),
}

/// Mutant with its result.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The mutant.
    pub mutant: Mutant,
    /// Its result.
    pub fate: Fate,
    /// Number of files that were run.
    pub files: usize,
    /// Duration of the runs.
    pub took: Duration,
}

/// Mutants of the migrated database, and the state to run them.
pub struct Runner {
    server: &'static Server,
    workspace: PathBuf,
    setup: Arc<Vec<TestFile>>,
    functions: Vec<Function>,
    mutants: Vec<Mutant>,
}

impl Runner {
    /// Reads the catalog of a migrated database and makes the mutants.
    ///
    /// # Errors
    /// Postgres cannot be started, or the catalog cannot be read.
    pub async fn prepare(server: &'static Server, workspace: &Path) -> anyhow::Result<Self> {
        let setup = Arc::new(files::read_setup(workspace)?);
        let sandbox = Sandbox::create(server, Arc::clone(&setup)).await?;
        let catalog = Catalog::read(sandbox.client()).await?;
        sandbox.remove().await?;
        let mutants = catalog.mutants(&Areas::read(workspace)?);
        Ok(Self {
            server,
            workspace: workspace.to_owned(),
            setup,
            functions: catalog.functions,
            mutants,
        })
    }

    /// Returns all mutants.
    #[must_use]
    pub fn mutants(&self) -> &[Mutant] {
        &self.mutants
    }

    /// Returns the folder of the workspace.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Returns the entries of the list for which no mutant is generated.
    #[must_use]
    pub fn unknown(&self, list: &Survivors) -> Vec<String> {
        let generated: BTreeSet<String> = self.mutants.iter().map(Mutant::id).collect();
        let listed = list.sql_by_id();
        let unknown = listed.keys().filter(|id| !generated.contains(**id));
        unknown
            .map(|id| format!("{id}: there is no such mutant"))
            .collect()
    }

    /// Runs these mutants in `jobs` databases side by side, and calls `on_result` for each as soon as it is finished.
    /// Every test file is run against the original first.
    ///
    /// # Errors
    /// A file fails without a mutant, Postgres cannot be reached, or a mutant stays in the database.
    pub async fn run(
        &self,
        mutants: Vec<Mutant>,
        jobs: usize,
        on_result: impl Fn(&Tried) + Send + Sync + 'static,
    ) -> anyhow::Result<Vec<Tried>> {
        let files = Arc::new(files::read(&self.workspace)?);
        let covered = coverage::measure(self.server, &self.setup, &files, jobs).await?;
        let selection = Selection::new(Arc::clone(&files), covered, &self.functions);
        let work = Arc::new(Work {
            server: self.server,
            setup: Arc::clone(&self.setup),
            files,
            selection,
            groups: Mutex::new(grouped(mutants)),
            on_result: Box::new(on_result),
        });
        let lanes: Vec<_> = (0..jobs)
            .map(|_| tokio::spawn(lane(Arc::clone(&work))))
            .collect();
        let mut tried = Vec::new();
        for lane in lanes {
            tried.extend(lane.await??);
        }
        tried.sort_by_key(|tried| tried.mutant.id());
        Ok(tried)
    }
}

struct Work {
    server: &'static Server,
    setup: Arc<Vec<TestFile>>,
    files: Arc<Vec<TestFile>>,
    selection: Selection,
    /// Taken from the end.
    groups: Mutex<Vec<Vec<Mutant>>>,
    on_result: Box<dyn Fn(&Tried) + Send + Sync>,
}

/// Groups mutants that share their tests, so that the file that killed one is tried first on the next. Large groups are
/// last, because groups are taken from the end.
fn grouped(mutants: Vec<Mutant>) -> Vec<Vec<Mutant>> {
    const LARGEST: usize = 40;
    let mut groups: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for mutant in mutants {
        let key = match &mutant.target {
            Target::Function(function) => function.clone(),
            _ => mutant.operator.name().to_owned(),
        };
        groups.entry(key).or_default().push(mutant);
    }
    let mut parts: Vec<Vec<Mutant>> = groups
        .into_values()
        .flat_map(|group| {
            group
                .chunks(LARGEST)
                .map(<[Mutant]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect();
    parts.sort_by_key(Vec::len);
    parts
}

async fn lane(work: Arc<Work>) -> anyhow::Result<Vec<Tried>> {
    let mut sandbox = Sandbox::create(work.server, Arc::clone(&work.setup)).await?;
    let before = sandbox.fingerprint().await?;
    let mut all = Vec::new();
    while let Some(group) = work.next_group() {
        for mutant in group {
            sandbox.renew_if_used(&before).await?;
            let tried = work.attempt(&mut sandbox, mutant).await?;
            (work.on_result)(&tried);
            all.push(tried);
        }
    }
    sandbox.require_sound(&before).await?;
    sandbox.remove().await?;
    Ok(all)
}

impl Work {
    fn next_group(&self) -> Option<Vec<Mutant>> {
        self.groups
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    async fn attempt(&self, sandbox: &mut Sandbox, mutant: Mutant) -> anyhow::Result<Tried> {
        let began = Instant::now();
        let places = self.selection.files_for(&mutant);
        let mut fate = Fate::Survived {
            files: places.len(),
        };
        let mut count = 0;
        for place in places {
            let file = self
                .files
                .get(place)
                .context("a file that was chosen is there")?;
            let patience = self.selection.patience(place);
            count += 1;
            match sandbox.run(&mutant.statement, file, patience).await? {
                Verdict::Passed => {}
                Verdict::Failed(failure) => {
                    self.selection.remember(&mutant, place);
                    fate = Fate::Killed {
                        by: file.name.clone(),
                        failure,
                    };
                    break;
                }
                Verdict::NotViable(refusal) => {
                    fate = Fate::NotViable(refusal);
                    break;
                }
            }
        }
        Ok(Tried {
            mutant,
            fate,
            files: count,
            took: began.elapsed(),
        })
    }
}
