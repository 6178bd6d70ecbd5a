//! `goalpost feedback`: rates a goal or one of its steps, and asks again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arguments::{Feedback, Global};
use super::{ask, connect, print, print_json};
use crate::render::{Screen, age, one_line, table};

/// A rating, as `goalpost.feedback` has it.
#[derive(Debug, Serialize, Deserialize)]
struct Rating {
    step_key: String,
    user_id: uuid::Uuid,
    rating: String,
    comment: Option<String>,
    rated_at: DateTime<Utc>,
}

/// The answer of `give_feedback`.
#[derive(Debug, Serialize, Deserialize)]
struct Given {
    goal_id: i64,
    step_key: String,
    rating: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<i64>,
}

/// Characters of a comment in the table; `--json` has all of them.
const COMMENT_SHOWN: usize = 80;

pub(super) async fn run(arguments: &Feedback, global: &Global) -> anyhow::Result<()> {
    let client = connect::client(global).await?;
    if !arguments.good && !arguments.bad {
        // Refuses a goal that is not there or not theirs to see.
        let goal = client.goal(arguments.goal).await?;
        let query = [
            (
                "select",
                "step_key,user_id,rating,comment,rated_at".to_owned(),
            ),
            ("goal_id", format!("eq.{}", goal.id)),
            ("order", "rated_at.desc".to_owned()),
        ];
        let ratings: Vec<Rating> = client.select("feedback", &query).await?;
        return show(&ratings, goal.id, global);
    }
    let rating = if arguments.good { "good" } else { "bad" };
    let call = json!({
        "p_goal_id": arguments.goal, "p_rating": rating, "p_comment": arguments.comment,
        "p_step_key": arguments.step.as_deref().unwrap_or_default(), "p_again": arguments.again,
    });
    let given: Given = client.call("give_feedback", &call).await?;
    if let Some(request) = given.request_id.filter(|_| arguments.wait) {
        return ask::wait(&client, request, None, global).await;
    }
    if global.json {
        return print_json(&given);
    }
    let subject = match given.step_key.as_str() {
        "" => format!("The goal {}", given.goal_id),
        key => format!("The step {key} of the goal {}", given.goal_id),
    };
    print(&format!("{subject} is rated {}.", given.rating));
    if let Some(request) = given.request_id {
        print(&format!(
            "It is asked again: cargo goalpost request {request}"
        ));
    }
    Ok(())
}

fn show(ratings: &[Rating], goal: i64, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print_json(&ratings);
    }
    if ratings.is_empty() {
        print(&format!(
            "The goal has no rating yet. Rate it: cargo goalpost feedback {goal} --good"
        ));
        return Ok(());
    }
    let (screen, now) = (Screen::stdout(), Utc::now());
    let row = |one: &Rating| {
        let subject = if one.step_key.is_empty() {
            "the goal"
        } else {
            &one.step_key
        };
        let comment = one.comment.as_deref().unwrap_or_default();
        vec![
            subject.to_owned(),
            one.rating.clone(),
            age(one.rated_at, now),
            one_line(comment, COMMENT_SHOWN),
        ]
    };
    let rows: Vec<Vec<String>> = ratings.iter().map(row).collect();
    for line in table::lines(screen, &["RATED", "AS", "AGE", "COMMENT"], &rows) {
        print(&line);
    }
    Ok(())
}
