//! One batch: one transaction from taking the requests to storing the responses.

use super::{
    options::PgNetOptions,
    send::{self, Outcome, Request},
};
use futures::future;
use tokio_postgres::{Client, Error, Row};

const PURGE: &str = "
with expired as (
  select ctid from net._http_response
   where created < now() - $1::float8 * interval '1 second' order by created limit $2::int)
delete from net._http_response r using expired where r.ctid = expired.ctid";

const TAKE: &str = "
with taken as (select id from net.http_request_queue order by id limit $1::int)
delete from net.http_request_queue q using taken where q.id = taken.id
returning q.id, q.method::text, q.url, q.timeout_milliseconds, q.body
        , array(select key from jsonb_each_text(q.headers) order by key) as header_names
        , array(select coalesce(value, '') from jsonb_each_text(q.headers) order by key) as header_values";

const STORE: &str = "
insert into net._http_response (id, status_code, content, headers, content_type, timed_out, error_msg)
select r.id, r.status_code, r.content, r.headers::jsonb, r.content_type, r.timed_out, r.error_msg
  from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[])
    as r(id, status_code, content, headers, content_type, timed_out, error_msg)";

/// Processes one batch. Returns true if there were requests.
pub(super) async fn work_off(
    client: &mut Client,
    http: &reqwest::Client,
    options: &PgNetOptions,
) -> Result<bool, Error> {
    // Dropped before its commit (an error, a killed worker), the transaction is rolled back.
    let transaction = client.transaction().await?;
    let ttl = options.ttl.as_secs_f64();
    let expired = transaction
        .execute(PURGE, &[&ttl, &options.batch_size])
        .await?;
    let rows = transaction.query(TAKE, &[&options.batch_size]).await?;
    let requests = rows.iter().map(request).collect::<Result<Vec<_>, _>>()?;
    if !requests.is_empty() {
        let sent = requests
            .into_iter()
            .map(|request| send::send(http, options.faults.as_deref(), request));
        let outcomes = Columns::of(future::join_all(sent).await);
        transaction
            .execute(
                STORE,
                &[
                    &outcomes.id,
                    &outcomes.status_code,
                    &outcomes.content,
                    &outcomes.headers,
                    &outcomes.content_type,
                    &outcomes.timed_out,
                    &outcomes.error_msg,
                ],
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(expired > 0 || !rows.is_empty())
}

fn request(row: &Row) -> Result<Request, Error> {
    let names: Vec<String> = row.try_get("header_names")?;
    let values: Vec<String> = row.try_get("header_values")?;
    Ok(Request {
        id: row.try_get("id")?,
        method: row.try_get("method")?,
        url: row.try_get("url")?,
        headers: names.into_iter().zip(values).collect(),
        body: row.try_get("body")?,
        timeout_milliseconds: row.try_get("timeout_milliseconds")?,
    })
}

/// Outcomes transposed into columns, for one insert.
#[derive(Default)]
struct Columns {
    id: Vec<i64>,
    status_code: Vec<Option<i32>>,
    content: Vec<Option<String>>,
    headers: Vec<Option<String>>,
    content_type: Vec<Option<String>>,
    timed_out: Vec<bool>,
    error_msg: Vec<Option<String>>,
}

impl Columns {
    fn of(outcomes: Vec<Outcome>) -> Self {
        let mut columns = Self::default();
        for outcome in outcomes {
            columns.id.push(outcome.id);
            columns.status_code.push(outcome.status_code);
            columns.content.push(outcome.content);
            columns
                .headers
                .push(outcome.headers.map(|headers| headers.to_string()));
            columns.content_type.push(outcome.content_type);
            columns.timed_out.push(outcome.timed_out);
            columns.error_msg.push(outcome.error_msg);
        }
        columns
    }
}
