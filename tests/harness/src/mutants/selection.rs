//! Selects the test files that run against a mutant, and their order: the cheapest and most specific first.
//!
//! For a function these are the files that call it: first those of the folder named after it, then of its callers,
//! nearest first. For tables, policies and grants they are the files that name the object or its table, and those about
//! the schema and about tenants. Files that killed the last mutants of the same object come before all others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::catalog::Function;
use super::coverage::FileCoverage;
use super::files::{TestFile, names};
use super::lexer::{Kind, tokens};
use super::mutant::{Mutant, Target};

/// Maximum number of files per mutant.
const MOST_FILES: usize = 150;
/// A function with more callers connects nothing: `clock` has most functions as callers.
const MOST_CALLERS: usize = 20;
/// Folders whose files are about all tables.
const ABOUT_TABLES: [&str; 4] = ["schema", "tenants", "workspaces", "storage"];
/// Minimum time limit of a statement, for the fastest files.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);
/// Distance greater than that of any caller.
const FAR: usize = 1000;

/// Files, their calls, and the files that have killed mutants so far.
pub(super) struct Selection {
    files: std::sync::Arc<Vec<TestFile>>,
    covered: Vec<FileCoverage>,
    /// OIDs of the functions of a name.
    functions: BTreeMap<String, Vec<u32>>,
    /// Names of the functions that call a function.
    callers: BTreeMap<String, BTreeSet<String>>,
    /// Names of the functions that a function calls.
    called: BTreeMap<String, BTreeSet<String>>,
    killers: Mutex<BTreeMap<String, VecDeque<usize>>>,
}

impl Selection {
    pub(super) fn new(
        files: std::sync::Arc<Vec<TestFile>>,
        covered: Vec<FileCoverage>,
        functions: &[Function],
    ) -> Self {
        let mut by_name: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut called: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for function in functions {
            by_name
                .entry(function.name.clone())
                .or_default()
                .push(function.oid);
        }
        for function in functions {
            for name in called_names(&function.body).filter(|name| by_name.contains_key(name)) {
                callers
                    .entry(name.clone())
                    .or_default()
                    .insert(function.name.clone());
                called
                    .entry(function.name.clone())
                    .or_default()
                    .insert(name);
            }
        }
        Self {
            files,
            covered,
            functions: by_name,
            callers,
            called,
            killers: Mutex::default(),
        }
    }

    /// Returns the positions of the files to run against a mutant, in order.
    pub(super) fn files_for(&self, mutant: &Mutant) -> Vec<usize> {
        let mut ranked = match &mutant.target {
            Target::Function(function) => self.of_function(function),
            Target::Trigger { table, function } => {
                let mut ranked = self.of_relation(table, mutant);
                for (place, rank) in self.of_function(function) {
                    ranked
                        .entry(place)
                        .and_modify(|known| *known = rank.min(*known))
                        .or_insert(rank);
                }
                ranked
            }
            Target::FunctionRights(function) => self.of_rights(function),
            Target::Relation(relation) => self.of_relation(relation, mutant),
        };
        // The selection depends on the rank and the name alone: if it depended on the time, a mutant that only the last
        // of many files kills would survive in some runs.
        let mut chosen: Vec<(usize, (usize, usize))> =
            std::mem::take(&mut ranked).into_iter().collect();
        chosen.sort_by_key(|(place, rank)| (*rank, *place));
        chosen.truncate(MOST_FILES);
        ranked.extend(chosen);
        for (order, place) in self.recent_killers(mutant).into_iter().enumerate() {
            // Only selected files: the killer of another mutant of a table may be unrelated to this one.
            ranked.entry(place).and_modify(|rank| *rank = (0, order));
        }
        let mut ordered: Vec<(usize, (usize, usize))> = ranked.into_iter().collect();
        ordered.sort_by(|(one, one_rank), (other, other_rank)| {
            let by_time = self.seconds(*one).total_cmp(&self.seconds(*other));
            one_rank.cmp(other_rank).then(by_time).then(one.cmp(other))
        });
        ordered.into_iter().map(|(place, _)| place).collect()
    }

    /// Returns the time limit of a statement of a file under a mutant: twenty times that of the whole file without one.
    pub(super) fn patience(&self, place: usize) -> Duration {
        let usual = Duration::from_secs_f64(self.seconds(place).clamp(0.0, 60.0) * 20.0);
        usual.max(LEAST_PATIENCE)
    }

    /// Records that a file has killed a mutant.
    pub(super) fn remember(&self, mutant: &Mutant, place: usize) {
        let mut killers = self.killers.lock().unwrap_or_else(PoisonError::into_inner);
        let of_object = killers.entry(memory_key(mutant)).or_default();
        of_object.retain(|known| *known != place);
        of_object.push_front(place);
    }

    fn recent_killers(&self, mutant: &Mutant) -> Vec<usize> {
        let killers = self.killers.lock().unwrap_or_else(PoisonError::into_inner);
        killers
            .get(&memory_key(mutant))
            .map(|known| known.iter().copied().collect())
            .unwrap_or_default()
    }

    fn seconds(&self, place: usize) -> f64 {
        self.covered
            .get(place)
            .map_or(0.0, |covered| covered.seconds)
    }

    /// Ranks files by 1 and the distance of the folder's function; 0 is reserved for files that killed before.
    fn of_function(&self, function: &str) -> BTreeMap<usize, (usize, usize)> {
        let oids = self
            .functions
            .get(function)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let distances = self.distances(function);
        let calls = |place: usize| {
            let covered = self.covered.get(place);
            covered.is_some_and(|covered| oids.iter().any(|oid| covered.functions.contains(oid)))
        };
        self.files
            .iter()
            .enumerate()
            .filter(|(place, _)| calls(*place))
            .map(|(place, file)| {
                (
                    place,
                    (1, distances.get(&file.folder).copied().unwrap_or(FAR)),
                )
            })
            .collect()
    }

    /// Returns the distance in calls, up or down, from each function after which a test folder is named.
    fn distances(&self, function: &str) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        let mut queue = VecDeque::from([(function.to_owned(), 0)]);
        let mut seen = BTreeSet::from([function.to_owned()]);
        while let Some((name, distance)) = queue.pop_front() {
            found.entry(bare(&name).to_owned()).or_insert(distance);
            let callers = self.callers.get(&name);
            // Two functions are not near each other because both ask for the time.
            let callers = callers.filter(|of| distance == 0 || of.len() <= MOST_CALLERS);
            for neighbour in callers.into_iter().chain(self.called.get(&name)).flatten() {
                if seen.insert(neighbour.clone()) {
                    queue.push_back((neighbour.clone(), distance + 1));
                }
            }
        }
        found
    }

    fn of_rights(&self, function: &str) -> BTreeMap<usize, (usize, usize)> {
        let of_folder = |file: &TestFile| match file.folder.as_str() {
            "schema" => Some(0),
            "tenants" => Some(1),
            folder if folder == bare(function) => Some(2),
            _ if names(&file.source, function) => Some(3),
            _ => None,
        };
        self.files
            .iter()
            .enumerate()
            .filter_map(|(place, file)| Some((place, (1, of_folder(file)?))))
            .collect()
    }

    fn of_relation(&self, relation: &str, mutant: &Mutant) -> BTreeMap<usize, (usize, usize)> {
        let table = bare(relation);
        let object = mutant.text.rsplit(' ').next().unwrap_or(&mutant.text);
        let rank = |file: &TestFile| {
            let is_about_tables = ABOUT_TABLES.contains(&file.folder.as_str());
            if names(&file.source, object) && names(&file.source, table) {
                Some(0)
            } else if is_about_tables && names(&file.source, table) {
                Some(1)
            } else if is_about_tables {
                Some(2)
            } else if file.folder == table {
                Some(3)
            } else if names(&file.source, relation) {
                Some(4)
            } else {
                None
            }
        };
        self.files
            .iter()
            .enumerate()
            .filter_map(|(place, file)| Some((place, (1, rank(file)?))))
            .collect()
    }
}

/// Returns the key under which killers are shared: mutants of one function, or of one operator elsewhere.
fn memory_key(mutant: &Mutant) -> String {
    match &mutant.target {
        Target::Function(function) => function.clone(),
        _ => mutant.operator.name().to_owned(),
    }
}

fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Returns all `schema.name` of a body, called or not.
fn called_names(body: &str) -> impl Iterator<Item = String> + '_ {
    let tokens = tokens(body);
    (0..tokens.len()).filter_map(move |at| {
        let (schema, dot, name) = (tokens.get(at)?, tokens.get(at + 1)?, tokens.get(at + 2)?);
        (schema.kind == Kind::Word && dot.is_symbol(".") && name.kind == Kind::Name)
            .then(|| format!("{}.{}", schema.text, name.text))
    })
}
