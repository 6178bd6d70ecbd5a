//! `harness eval matching`: how well questions are matched to runbooks.

use local_stack::home::Home;
use local_stack::postgres::Server;
use local_stack::terminal::{Screen, table};
use serde_json::{Value, json};

use super::arguments::{EvalMatching, Global};
use super::{print, print_json};
use crate::eval::{self, E5, MatchingReport, Shares};

pub(super) async fn run(arguments: &EvalMatching, global: &Global) -> anyhow::Result<()> {
    let server = Server::shared_by_tests().await?;
    let words = eval::run_matching(server, None).await?;
    let e5 = match E5::start(&Home::open()?).await {
        Ok(e5) => Ok(eval::run_matching(server, Some(&e5.model()?)).await?),
        Err(error) => Err(format!("{error:#}")),
    };
    if global.json {
        let e5 = match &e5 {
            Ok(report) => json!(report),
            Err(reason) => json!({"skipped": reason}),
        };
        return print_json(&json!({"words": words, "e5": e5}));
    }
    show("by words alone", &words, arguments);
    match &e5 {
        Ok(report) => show("with multilingual-e5-small", report, arguments),
        Err(reason) => print(&format!("with multilingual-e5-small: skipped, {reason}")),
    }
    Ok(())
}

fn show(title: &str, report: &MatchingReport, arguments: &EvalMatching) {
    let screen = Screen::stdout();
    print(&screen.palette.strong(title));
    let row = |name: &str, shares: Shares| {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        vec![
            name.to_owned(),
            shares.questions.to_string(),
            percent(shares.top_1),
            percent(shares.recall_3),
            percent(shares.used),
            percent(shares.false_use),
        ]
    };
    let rows = [
        row("tuning", report.tuning),
        row("held out", report.held_out.all),
        row("  in words of the runbook", report.held_out.near_words),
        row("  in other words", report.held_out.paraphrases),
        row("held out, with history", report.held_out_with_history.all),
    ];
    let headings = [
        "QUESTIONS",
        "NUMBER",
        "BEST IS RIGHT",
        "AMONG THREE",
        "USED",
        "USED WRONGLY",
    ];
    table::lines(screen, &headings, &rows)
        .iter()
        .for_each(|line| print(line));
    print(&format!(
        "median {:.1} ms per question",
        report.median_millis
    ));
    if arguments.misses {
        show_misses(report);
    }
}

fn show_misses(report: &MatchingReport) {
    let misses = report.matches.iter().filter(|one| {
        let is_best = one.wants.is_none() || one.ranked.first() == one.wants.as_ref();
        let is_used_wrongly = one.used.is_some() && one.used != one.wants;
        !is_best || is_used_wrongly
    });
    let row = |one: &eval::Matched| {
        let relevance = |part: &str| {
            let of_best = one.candidates.first().and_then(|best| best.get(part));
            of_best
                .and_then(Value::as_f64)
                .map_or_else(String::new, |number| format!("{number:.2}"))
        };
        vec![
            one.question.clone(),
            one.wants.clone().unwrap_or_else(|| "none".to_owned()),
            one.ranked
                .first()
                .cloned()
                .unwrap_or_else(|| "none".to_owned()),
            relevance("by_words"),
            relevance("by_meaning"),
            one.used.clone().unwrap_or_default(),
            one.uncovered.join(", "),
        ]
    };
    let rows: Vec<Vec<String>> = misses.map(row).collect();
    let headings = [
        "QUESTION",
        "RIGHT",
        "BEST",
        "WORDS",
        "MEANING",
        "USED",
        "NOT COVERED",
    ];
    table::lines(Screen::stdout(), &headings, &rows)
        .iter()
        .for_each(|line| print(line));
}
