//! Bytes of the write-ahead log by table and index, read with `pg_waldump`.
//!
//! A record counts for the first relation that it changes; records without a relation (commits) appear under their own
//! names in brackets. Full-page images, which Postgres logs at the first change of a page after a checkpoint, are
//! included and also reported separately.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use super::figures::{per, rounded};
use super::measured::{Measured, Written};
use super::stage::Stage;

/// Relations by their file number.
type Names = BTreeMap<String, (String, String)>;

/// Reads the log of a measurement, the largest writers first.
///
/// # Errors
/// The server was not started by the harness, or its log cannot be read.
pub async fn by_table(stage: &Stage, measured: &Measured) -> anyhow::Result<Vec<Written>> {
    let Some(program) = stage.stack.server().program("pg_waldump") else {
        bail!(
            "the log of a server that DATABASE_URL names cannot be read: unset DATABASE_URL to use --wal"
        );
    };
    let folder = stage
        .reader
        .outside()
        .query_one("show data_directory", &[])
        .await;
    let folder: String = folder.context("asking where the log is")?.get(0);
    let output = tokio::process::Command::new(&program)
        .arg("--path")
        .arg(format!("{folder}/pg_wal"))
        .args(["--start", &measured.wal_from, "--end", &measured.wal_to])
        .output()
        .await
        .with_context(|| format!("{} could not be run", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.is_empty() {
        bail!(
            "pg_waldump read nothing: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(sum_by_relation(&text, &names(stage).await?, measured.steps))
}

async fn names(stage: &Stage) -> anyhow::Result<Names> {
    let query = "
      select format('%s/%s', d.oid, pg_relation_filenode(c.oid)) as number,
             coalesce(of_toast.relname || ' (long values)', of_index.relname || '.' || c.relname, c.relname)::text as name,
             case when of_toast.oid is not null or c.relkind = 't' then 'long values'
                  when c.relkind = 'i' then 'index' else 'table' end as kind
        from pg_class c
        join pg_database d on d.datname = current_database()
        left join pg_class of_toast on of_toast.reltoastrelid = c.oid
        left join pg_index i on i.indexrelid = c.oid
        left join pg_class of_index on of_index.oid = i.indrelid
       where pg_relation_filenode(c.oid) is not null";
    let rows = stage.reader.inside().query(query, &[]).await;
    let rows = rows.context("reading the names of tables")?;
    Ok(rows
        .iter()
        .map(|row| (row.get("number"), (row.get("name"), row.get("kind"))))
        .collect())
}

/// Fields in use of one line of `pg_waldump`.
struct Record<'a> {
    manager: &'a str,
    bytes: u64,
    full_page_bytes: u64,
    action: &'a str,
    /// `database/number` of the first relation.
    relation: Option<&'a str>,
}

/// Parses a line such as
/// `rmgr: Heap  len (rec/tot):  59/  8187, tx: 7, lsn: …, prev …, desc: UPDATE …, blkref #0: rel 1663/5/16402 blk 0 FPW`.
fn record(line: &str) -> Option<Record<'_>> {
    let after = |text: &'static str| line.split_once(text).map(|(_, rest)| rest);
    let manager = after("rmgr: ")?.split_whitespace().next()?;
    let (own, rest) = after("len (rec/tot):")?.split_once('/')?;
    let total: u64 = rest.split(',').next()?.trim().parse().ok()?;
    let own: u64 = own.trim().parse().ok()?;
    let action = after("desc: ")?.split([' ', ',']).next()?;
    let relation = after("blkref #0: rel ").and_then(|rest| {
        let number = rest.split_whitespace().next()?;
        number.split_once('/').map(|(_, number)| number)
    });
    Some(Record {
        manager,
        bytes: total,
        full_page_bytes: total.saturating_sub(own),
        action: action.trim_end_matches(';'),
        relation,
    })
}

fn sum_by_relation(text: &str, names: &Names, steps: u64) -> Vec<Written> {
    let mut sums: BTreeMap<(String, String, String), Written> = BTreeMap::new();
    for record in text.lines().filter_map(record) {
        let (relation, kind) = match record.relation {
            Some(number) => names
                .get(number)
                .cloned()
                .unwrap_or_else(|| (format!("({number})"), "other".to_owned())),
            None => (
                format!("({})", record.manager.to_lowercase()),
                "other".to_owned(),
            ),
        };
        let key = (relation.clone(), kind.clone(), record.action.to_owned());
        let sum = sums.entry(key).or_default();
        (sum.relation, sum.kind, sum.record) = (relation, kind, record.action.to_owned());
        sum.records += 1;
        sum.bytes += record.bytes;
        sum.full_page_bytes += record.full_page_bytes;
    }
    let mut sums: Vec<Written> = sums.into_values().collect();
    for sum in &mut sums {
        #[expect(clippy::cast_precision_loss, reason = "bytes of one measurement")]
        let bytes = sum.bytes as f64;
        sum.bytes_per_step = rounded(per(bytes, steps), 1);
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.bytes));
    sums
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

    const LOG: &str = "\
rmgr: Heap        len (rec/tot):    203/   203, tx:        750, lsn: 0/0190A738, prev 0/0190A6F8, desc: INSERT off: 3, flags: 0x00, blkref #0: rel 1663/5/26 blk 18
rmgr: Heap        len (rec/tot):     65/  8187, tx:        750, lsn: 0/0190A800, prev 0/0190A738, desc: HOT_UPDATE old_xmax: 750, blkref #0: rel 1663/5/26 blk 0 FPW
rmgr: Heap        len (rec/tot):    100/   100, tx:        751, lsn: 0/0190C800, prev 0/0190A800, desc: INSERT off: 4, flags: 0x00, blkref #0: rel 1663/5/26 blk 18
rmgr: Btree       len (rec/tot):     64/    64, tx:        751, lsn: 0/0190C900, prev 0/0190C800, desc: INSERT_LEAF off: 9, blkref #0: rel 1663/5/27 blk 2
rmgr: Transaction len (rec/tot):     46/    46, tx:        751, lsn: 0/0190CA00, prev 0/0190C900, desc: COMMIT 2026-11-22 19:00:00.000000 UTC
";

    #[test]
    fn bytes_are_summed_by_relation_record_and_page() {
        let name = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        let names = Names::from([
            ("5/26".to_owned(), name("steps", "table")),
            ("5/27".to_owned(), name("steps.steps_pkey", "index")),
        ]);
        let sums = sum_by_relation(LOG, &names, 2);
        let shown: Vec<(&str, &str, u64, u64, u64)> = sums
            .iter()
            .map(|s| {
                (
                    s.relation.as_str(),
                    s.record.as_str(),
                    s.records,
                    s.bytes,
                    s.full_page_bytes,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("steps", "HOT_UPDATE", 1, 8187, 8122),
                ("steps", "INSERT", 2, 303, 0),
                ("steps.steps_pkey", "INSERT_LEAF", 1, 64, 0),
                ("(transaction)", "COMMIT", 1, 46, 0),
            ]
        );
        assert!((sums[1].bytes_per_step - 151.5).abs() < 0.01);
    }

    #[test]
    fn line_without_record_is_skipped() {
        assert!(record("pg_waldump: first record is after 0/0").is_none());
    }
}
