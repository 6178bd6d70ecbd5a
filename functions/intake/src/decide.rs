//! `GET /decide?token=…` shows what a link of a message decides on; `POST /decide`, from that page, decides.
//!
//! A GET decides nothing, because scanners fetch links. The token names the approval, the person and the version; the
//! database checks all three, and the role, at both calls.

use secrecy::SecretString;
use serde_json::Value;
use store::{Error, LinkedDecision};
use trigger::{HttpReply, HttpRequest};
use url::form_urlencoded;

use crate::Intake;
use crate::decision_page;

/// The path of the page.
pub(crate) const PATH: &str = "/decide";
/// The longest token that is passed on, in bytes; ours are shorter.
const MAX_TOKEN_BYTES: usize = 200;
const FORM: &str = "application/x-www-form-urlencoded";

/// Answers a call of the page.
pub(crate) async fn answer(intake: &Intake, request: &HttpRequest) -> HttpReply {
    let answered = match request.method.as_str() {
        "GET" | "HEAD" => show(intake, request).await,
        "POST" => decide(intake, request).await,
        _ => Err(refused(
            405,
            "This page is opened, and its form is sent; nothing else.",
        )),
    };
    answered.unwrap_or_else(|refused| refused)
}

async fn show(intake: &Intake, request: &HttpRequest) -> Result<HttpReply, HttpReply> {
    let token = token(request.query.get("token").map(String::as_str))?;
    let linked = read(intake, &token).await?;
    Ok(decision_page::form(&linked, &token, None))
}

async fn decide(intake: &Intake, request: &HttpRequest) -> Result<HttpReply, HttpReply> {
    let content_type = request.header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    if !content_type.eq_ignore_ascii_case(FORM) {
        return Err(refused(415, "Send the form of the page."));
    }
    let mut form = DecisionForm::default();
    for (name, value) in form_urlencoded::parse(&request.body) {
        let field = match name.as_ref() {
            "token" => &mut form.token,
            "decision" => &mut form.decision,
            "comment" => &mut form.comment,
            "answer" => &mut form.answer,
            _ => continue,
        };
        *field = Some(value.into_owned());
    }
    let token = token(form.token.as_deref())?;
    let linked = read(intake, &token).await?;
    let decision = form.decision.unwrap_or_default();
    let given = form.answer.filter(|_| decision == "answered");
    let answer = match given.map(|text| read_answer(&linked, &text)).transpose() {
        Ok(answer) => answer,
        Err(problem) => return Ok(decision_page::form(&linked, &token, Some(problem))),
    };
    let comment = form.comment.filter(|comment| !comment.trim().is_empty());
    let store = intake.worker.store();
    let decided = store
        .decide_by_link(&token, &decision, comment.as_deref(), answer.as_ref())
        .await;
    match decided {
        Ok(decided) => Ok(decision_page::decided(&decided)),
        // The link is as it was: the person corrects the form.
        Err(Error::InvalidInput { message } | Error::PayloadTooLarge { message }) => {
            Ok(decision_page::form(&linked, &token, Some(&message)))
        }
        Err(error) => Err(refusal(error)),
    }
}

/// The fields of the form.
#[derive(Default)]
struct DecisionForm {
    token: Option<String>,
    decision: Option<String>,
    comment: Option<String>,
    answer: Option<String>,
}

fn token(text: Option<&str>) -> Result<SecretString, HttpReply> {
    let text = text.filter(|text| !text.is_empty() && text.len() <= MAX_TOKEN_BYTES);
    let text = text.ok_or_else(|| {
        refused(
            404,
            "This link is not complete. Copy all of it from the message.",
        )
    })?;
    Ok(SecretString::from(text.to_owned()))
}

async fn read(intake: &Intake, token: &SecretString) -> Result<LinkedDecision, HttpReply> {
    let linked = intake.worker.store().read_decision_link(token).await;
    linked.map_err(refusal)
}

/// Reads an answer as its schema has it: text as it is, anything else as JSON.
fn read_answer(linked: &LinkedDecision, text: &str) -> Result<Value, &'static str> {
    if decision_page::takes_text(linked.answer_schema.as_ref()) {
        return Ok(Value::from(text));
    }
    serde_json::from_str(text).map_err(|_| "The answer is not JSON of the form that is shown.")
}

/// Returns the page for a call of the database that was refused or failed.
fn refusal(error: Error) -> HttpReply {
    match error {
        Error::NotFound { message } => refused(404, &sentence(&message)),
        Error::NotAllowed { message } => refused(403, &sentence(&message)),
        Error::Conflict { message } | Error::PlanRefused { message, .. } => {
            refused(409, &sentence(&message))
        }
        error if error.is_retryable() => refused(
            503,
            "The database cannot be reached just now. Nothing was decided; try again.",
        ),
        error => {
            tracing::error!(code = error.code(), %error, "the database refused what it should not");
            refused(
                500,
                "An internal error occurred. Open the link again to see whether it was decided.",
            )
        }
    }
}

fn refused(status: u16, message: &str) -> HttpReply {
    decision_page::refused(status, message)
}

/// Returns a message of the database as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
