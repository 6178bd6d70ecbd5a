//! Finds guards mechanically and says which ones the list does not name: in the catalog of a migrated database
//! (constraints, unique keys, triggers, policies, row-level security), and in the texts of the migrations (locks,
//! states and epochs that are compared, refusals).
//!
//! What nothing can miss has its reason in `tests/ablation/reasons.toml`.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio_postgres::Client;

use super::list::{Change, is_migration};
use super::{Guard, Removal, text};

/// One row per guard in the catalog: words that a statement which removes it has to name, all of them.
const CATALOG: &str = "
  with ours as (select oid, nspname from pg_catalog.pg_namespace
                 where nspname in ('goalpost', 'goalpost_worker', 'goalpost_private'))
  select array[n.nspname || '.' || c.relname, k.conname]
    from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join ours n on n.oid = c.relnamespace
   where k.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select array[n.nspname || '.' || i.relname]
    from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid join ours n on n.oid = i.relnamespace
   where x.indisunique and not exists (select from pg_catalog.pg_constraint k where k.conindid = x.indexrelid)
  union all
  select array[n.nspname || '.' || c.relname, t.tgname]
    from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join ours n on n.oid = c.relnamespace
   where not t.tgisinternal
  union all
  select array['alter policy', n.nspname || '.' || c.relname, p.polname]
    from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join ours n on n.oid = c.relnamespace
  union all
  select array['disable row level security', n.nspname || '.' || c.relname]
    from pg_catalog.pg_class c join ours n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p')
  union all
  select array['security_invoker', n.nspname || '.' || c.relname]
    from pg_catalog.pg_class c join ours n on n.oid = c.relnamespace
   where c.relkind = 'v'
  order by 1";

/// Texts of migrations that guard something wherever they stand.
const IN_TEXTS: [&str; 17] = [
    "for update",
    "for no key update",
    "for share",
    "skip locked",
    "advisory_xact_lock(",
    "perform goalpost_private.lock_trees(",
    "on conflict",
    "goalpost_private.refuse('ZG",
    "raise exception",
    "message := '",
    "lease_epoch = ",
    "lease_epoch is distinct",
    "require_role(",
    "state = '",
    "state in (",
    "state <> '",
    "attempt <",
];

/// Tables and views, and the definitions of the functions that only tell: what they compare guards nothing.
const WITHOUT_GUARDS: [&str; 9] = [
    "0100", "0200", "0300", "0310", "0320", "0800", "0850", "0860", "09",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    #[serde(default)]
    catalog: Vec<InCatalog>,
    #[serde(default)]
    text: Vec<InText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InCatalog {
    names: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InText {
    file: String,
    after: Option<String>,
    text: String,
    reason: String,
}

/// Guards in the catalog that no statement of the list removes and that have no reason either.
///
/// # Errors
/// The catalog or the reasons cannot be read, or a reason is given for what is not there.
pub async fn missing_in_catalog(
    client: &Client,
    guards: &[Guard],
    workspace: &Path,
) -> anyhow::Result<Vec<String>> {
    let reasons = read_reasons(workspace)?.catalog;
    let rows = client.query(CATALOG, &[]).await?;
    let found: Vec<Vec<String>> = rows.iter().map(|row| row.get(0)).collect();
    for excused in &reasons {
        if excused.reason.is_empty() || !found.contains(&excused.names) {
            bail!(
                "a reason is given for {:?}, which is not there",
                excused.names
            );
        }
    }
    let statements: Vec<&str> = guards
        .iter()
        .filter_map(|guard| match &guard.removal {
            Removal::Statement(statement) => Some(statement.as_str()),
            Removal::Text { .. } => None,
        })
        .collect();
    let is_covered = |names: &Vec<String>| {
        statements
            .iter()
            .any(|statement| names.iter().all(|name| names_it(statement, name)))
            || reasons.iter().any(|excused| excused.names == *names)
    };
    Ok(found
        .iter()
        .filter(|names| !is_covered(names))
        .map(|names| names.join(" "))
        .collect())
}

/// Whether a statement names this, and not only something that begins or ends like it.
fn names_it(statement: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    statement.match_indices(name).any(|(at, _)| {
        let before = statement
            .get(..at)
            .and_then(|text| text.chars().next_back());
        let behind = statement
            .get(at + name.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !behind.is_some_and(is_word)
    })
}

/// Guards in the texts of migrations that no replacement of the list touches and that have no reason either.
///
/// # Errors
/// A file cannot be read, or a reason is given for a text that is not there.
pub fn missing_in_texts(guards: &[Guard], workspace: &Path) -> anyhow::Result<Vec<String>> {
    let reasons = read_reasons(workspace)?.text;
    let folder = workspace.join("supabase/migrations");
    let mut names: Vec<String> = std::fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    names.sort();
    let mut missing = Vec::new();
    for name in names {
        let number = name.get(10..).unwrap_or_default();
        if WITHOUT_GUARDS.iter().any(|file| number.starts_with(file)) {
            continue;
        }
        let source = std::fs::read_to_string(folder.join(&name))?;
        let mut covered = Vec::new();
        for guard in guards {
            covered.extend(ranges(guard, &name, workspace)?);
        }
        for excused in reasons
            .iter()
            .filter(|excused| name.contains(&excused.file))
        {
            covered.push(excused.place(&source)?);
        }
        for place in places(&source) {
            if !covered.iter().any(|range| covers(&source, range, &place)) {
                let line = source
                    .get(..place.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1;
                let said = source.lines().nth(line - 1).unwrap_or_default().trim();
                missing.push(format!("{name}:{line}: {said}"));
            }
        }
    }
    missing.dedup();
    Ok(missing)
}

/// Whether a replaced text holds the place, or is the condition of the refusal that stands there.
fn covers(source: &str, range: &Range<usize>, place: &Range<usize>) -> bool {
    if range.start <= place.start && place.end <= range.end {
        return true;
    }
    let said = source.get(place.clone()).unwrap_or_default();
    let refuses = ["goalpost_private.refuse", "message :=", "raise exception"]
        .iter()
        .any(|refusal| said.starts_with(refusal));
    let between = source.get(range.end..place.start);
    refuses && between.is_some_and(|between| !between.contains(';') && between.len() < 400)
}

/// What the guard is in this file.
fn ranges(guard: &Guard, name: &str, workspace: &Path) -> anyhow::Result<Vec<Range<usize>>> {
    match &guard.removal {
        Removal::Text { file, .. } if is_migration(file) && file.ends_with(name) => Ok(guard
            .edit(workspace)?
            .map(|edit| edit.ranges)
            .unwrap_or_default()),
        _ => Ok(Vec::new()),
    }
}

/// Where something is guarded: not in comments, and not where a state is set or a constant is built.
fn places(source: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for guard in IN_TEXTS {
        for (at, _) in source.match_indices(guard) {
            let line_start = source
                .get(..at)
                .and_then(|text| text.rfind('\n'))
                .map_or(0, |end| end + 1);
            let before = source.get(line_start..at).unwrap_or_default();
            let is_comment = before.contains("--");
            let is_set = before.trim_end().ends_with("set") || before.contains("create function");
            let is_word = before
                .chars()
                .next_back()
                .is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            let is_assigned = guard == "lease_epoch = " && is_assignment(source, at + guard.len());
            if !is_comment && !is_set && !is_word && !is_assigned {
                places.push(at..at + guard.trim_end().len());
            }
        }
    }
    places.sort_by_key(|place| place.start);
    places
}

/// Whether what follows sets the epoch instead of comparing it.
fn is_assignment(source: &str, at: usize) -> bool {
    let value = source.get(at..).unwrap_or_default();
    ["lease_epoch + 1", "s.lease_epoch + 1", "v_epoch,"]
        .iter()
        .any(|set| value.starts_with(set))
}

impl InText {
    fn place(&self, source: &str) -> anyhow::Result<Range<usize>> {
        let change = Change {
            after: self.after.clone(),
            replace: self.text.clone(),
            with: String::new(),
        };
        if self.reason.is_empty() {
            bail!("`{}` has no reason", self.text);
        }
        text::place(source, &change).with_context(|| format!("a reason in {}", self.file))
    }
}

fn read_reasons(workspace: &Path) -> anyhow::Result<Reasons> {
    let path = workspace.join("tests/ablation/reasons.toml");
    let source = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&source).with_context(|| path.display().to_string())
}
