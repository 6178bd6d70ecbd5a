//! People's calls: `POST /` creates a request, `GET /requests/{id}` reads it. Both use the person's own token.

use std::sync::Arc;
use std::time::Duration;

use domain::RequestId;
use runtime::{Function as _, Invocation};
use secrecy::SecretString;
use store::{AcceptedRequest, RequestRow};
use tokio::time::{Instant, sleep};
use trigger::{HttpReply, HttpRequest};

use crate::Intake;
use crate::reply::{Problem, accepted, request_status};
use crate::request::{new_request, wait};

/// First pause between two reads of a request that a caller waits for; it grows by half each time.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// From this pause on the inbox of the caller is read too.
const PAUSE_TO_LOOK: Duration = Duration::from_millis(100);
/// The part of the caller's wait that is kept for reading the answer.
const LAST_READ: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Answers a person's call.
pub(crate) async fn answer(
    intake: Arc<Intake>,
    request: &HttpRequest,
    invocation: &Invocation,
) -> HttpReply {
    let path = request.path.trim_end_matches('/');
    let answered = match (request.method.as_str(), path) {
        ("POST", "" | "/requests") => create(intake, request, invocation).await,
        ("GET", path) if path.starts_with("/requests/") => read(&intake, request, path).await,
        (_, "" | "/requests") => Err(Problem::new(
            405,
            "method_not_allowed",
            "POST a question here",
        )),
        _ => Err(Problem::new(
            404,
            "path_unknown",
            "POST / creates a request, GET /requests/{id} reads it",
        )),
    };
    answered.unwrap_or_else(Problem::into_reply)
}

async fn create(
    intake: Arc<Intake>,
    request: &HttpRequest,
    invocation: &Invocation,
) -> Result<HttpReply, Problem> {
    let began = Instant::now();
    let caller = token(request)?;
    let new = new_request(request)?;
    let wait = wait(request);
    let store = intake.worker.store();
    let accepted_request = store.accept_request(&caller, &new).await?;
    if wait.is_zero() {
        return Ok(accepted(&accepted_request));
    }

    // Assessing here saves the way through a wake. Only this request is worked on, and no longer than its caller waits:
    // other requests have their own wakes. If a woken drain was faster, nothing is claimed.
    let ends_at = began + wait.min(invocation.deadline.remaining_for_work());
    let left = ends_at
        .saturating_duration_since(Instant::now())
        .saturating_sub(LAST_READ);
    if !left.is_zero() {
        let work = |step, context| Arc::clone(&intake).work(step, context);
        let worked = intake
            .worker
            .work_for_person(accepted_request.run_id, left, invocation, work);
        if let Err(failure) = worked.await {
            tracing::warn!(%failure, "could not assess at once; the wake will");
        }
    }
    Ok(request_status(
        &until_ended(&intake, &caller, &accepted_request, ends_at).await?,
    ))
}

async fn read(intake: &Intake, request: &HttpRequest, path: &str) -> Result<HttpReply, Problem> {
    let caller = token(request)?;
    let id = path.trim_start_matches("/requests/").parse::<i64>();
    let id =
        id.map_err(|_| Problem::new(400, "request_id_malformed", "a request's id is a number"))?;
    let found = intake
        .worker
        .store()
        .read_request(&caller, RequestId(id))
        .await?;
    Ok(request_status(&found))
}

/// Reads until the request has ended, waits for the caller, or the time is up. Nothing else polls: an HTTP call that
/// waits cannot be woken by a row.
async fn until_ended(
    intake: &Intake,
    caller: &SecretString,
    request: &AcceptedRequest,
    ends_at: Instant,
) -> Result<RequestRow, Problem> {
    let store = intake.worker.store();
    let mut pause = FIRST_PAUSE;
    loop {
        let found = store.read_request(caller, request.request_id).await?;
        if found.has_ended() || Instant::now() + pause >= ends_at {
            return Ok(found);
        }
        // Most requests have ended by then, and a person takes longer than this call may last.
        if pause >= PAUSE_TO_LOOK
            && store
                .waits_for_caller(caller, request.run_id, found.goal_id)
                .await?
        {
            return Ok(found);
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

fn token(request: &HttpRequest) -> Result<SecretString, Problem> {
    request.bearer_token().ok_or_else(|| {
        Problem::new(
            401,
            "token_missing",
            "send your Supabase access token as Authorization: Bearer …",
        )
    })
}
