//! One request, one transaction, one round trip.
//!
//! Begin, settings, call and commit are sent together without waiting. That is safe because the first failure aborts
//! the transaction: Postgres refuses everything after it and the commit becomes a rollback. Nothing of a call can run
//! if its role was not taken.

use deadpool_postgres::Client;
use futures::future;
use std::task::Poll;
use tokio_postgres::{Error, Row, types::ToSql};

/// The parts of a transaction.
pub(super) struct Transaction {
    pub(super) begin: String,
    /// Names and values for `set_config`, in order: the role before settings that depend on it.
    pub(super) settings: (Vec<String>, Vec<String>),
    pub(super) call: String,
    pub(super) argument: Option<String>,
    /// The number of rows that is required for a commit.
    pub(super) only_if_rows: Option<i64>,
}

/// The result of a call.
pub(super) struct Answer {
    pub(super) body: String,
    pub(super) row_count: i64,
    pub(super) headers: Option<String>,
    pub(super) status: Option<String>,
}

const SETTINGS: &str = "select count(pg_catalog.set_config(s.name, s.value, true)) \
                          from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as s(name, value)";

/// Runs the transaction. The error is the first that happened, at commit too (deferred constraints).
pub(super) async fn run(client: &Client, transaction: &Transaction) -> Result<Answer, Error> {
    let settings = client.prepare_cached(SETTINGS).await?;
    let values: [&(dyn ToSql + Sync); 2] = [&transaction.settings.0, &transaction.settings.1];
    let begin = client.batch_execute(&transaction.begin);
    let mut opening = std::pin::pin!(future::maybe_done(future::join(
        begin,
        client.query(&settings, &values)
    )));
    // Polled once, a request is on its way; the order of polling is the order on the wire.
    let _ = futures::poll!(&mut opening);
    let mut preparing = std::pin::pin!(client.prepare_cached(&transaction.call));
    let prepared = match futures::poll!(&mut preparing) {
        Poll::Ready(prepared) => prepared,
        // Preparing is queued behind the settings, so it is done as the caller's role.
        Poll::Pending => future::join(&mut opening, preparing).await.1,
    };
    let call = match prepared {
        Ok(call) => call,
        Err(error) => {
            client.batch_execute("rollback").await?;
            return Err(first_failure(opening.take_output()).unwrap_or(error));
        }
    };
    let argument: Vec<&(dyn ToSql + Sync)> = transaction
        .argument
        .iter()
        .map(|text| text as &(dyn ToSql + Sync))
        .collect();
    let calling = client.query_one(&call, &argument);
    let (called, ended) = match transaction.only_if_rows {
        None => {
            let (called, ended, ()) =
                future::join3(calling, client.batch_execute("commit"), &mut opening).await;
            (called, ended)
        }
        Some(rows) => {
            let (called, ()) = future::join(calling, &mut opening).await;
            let counted = called
                .as_ref()
                .ok()
                .and_then(|row| row.try_get("row_count").ok());
            let end = if counted == Some(rows) {
                "commit"
            } else {
                "rollback"
            };
            (called, client.batch_execute(end).await)
        }
    };
    if let Some(error) = first_failure(opening.take_output()) {
        return Err(error);
    }
    let row = called?;
    ended?;
    Ok(Answer {
        body: row.try_get("body")?,
        row_count: row.try_get("row_count")?,
        headers: row.try_get("headers")?,
        status: row.try_get("status")?,
    })
}

/// The results of the begin and of the settings.
type Opened = (Result<(), Error>, Result<Vec<Row>, Error>);

fn first_failure(opened: Option<Opened>) -> Option<Error> {
    let (begun, set) = opened?;
    begun.err().or(set.err())
}
