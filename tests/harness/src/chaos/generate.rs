//! Random goals from a seed: chains, fans, random graphs, with sub-goals, approvals, agents and failures.

use fastrand::Rng;

use super::shape::{Criterion, Goal, Plan, Step, Way, Work};
use crate::random::generator;

/// Nesting depth of sub-goals.
const MAX_DEPTH: u32 = 2;
/// Sub-goals of one plan.
const MAX_SUBGOALS: usize = 2;

/// Generates the goal of this number; the same seed and number give the same goal.
#[must_use]
pub fn generate(seed: u64, number: u64) -> Goal {
    let mut rng = generator(seed, &[number]);
    let name = format!("g{number}");
    let way = match rng.u32(1..=100) {
        1..=5 => Way::Answer,
        6..=15 => Way::Steps(short_chain(&mut rng, &name)),
        _ => Way::Planned(plan(&mut rng, name, 0)),
    };
    Goal {
        number,
        question: super::wire::question(seed, number),
        way,
    }
}

/// Returns true with a probability of `share` per cent.
fn percent(rng: &mut Rng, share: u32) -> bool {
    rng.u32(..100) < share
}

/// Returns a chain of tool steps, as an assessment may request without a goal.
fn short_chain(rng: &mut Rng, name: &str) -> Vec<Step> {
    let graph = chain(rng.u32(2..=4));
    let mut steps = steps(name, &graph, |_| Work::Sum);
    // The last step stays a sum, since its text is the answer.
    let before_last = steps.len().saturating_sub(1);
    for step in steps.iter_mut().take(before_last) {
        step.work = if percent(rng, 60) {
            effect(rng)
        } else {
            Work::Sum
        };
    }
    if percent(rng, 20)
        && let Some(step) = rng.choice(&mut steps)
    {
        step.work = Work::BadSum;
    }
    steps
}

fn plan(rng: &mut Rng, name: String, depth: u32) -> Plan {
    let graph = graph(rng, depth);
    let steps = worked_out(rng, &name, &graph, depth);
    let again = if percent(rng, 8) {
        let graph = chain(rng.u32(1..=2));
        worked_out(rng, &format!("{name}_again"), &graph, MAX_DEPTH)
    } else {
        Vec::new()
    };
    let criterion = match rng.u32(1..=10) {
        _ if !again.is_empty() => Criterion::Judged,
        1..=3 => Criterion::Judged,
        4..=6 => first_sure_effect(&steps),
        _ => Criterion::None,
    };
    Plan {
        is_refused_once: percent(rng, 5),
        name,
        steps,
        criterion,
        again,
    }
}

/// Dependencies of each step on earlier ones.
type Graph = Vec<Vec<usize>>;

fn graph(rng: &mut Rng, depth: u32) -> Graph {
    // Sub-goals are smaller, or they would dominate the run.
    let most = if depth == 0 { 6 } else { 3 };
    match rng.u32(1..=4) {
        1 => chain(rng.u32(1..=most)),
        2 => fan(rng.u32(2..=most)),
        3 => vec![vec![], vec![0], vec![0], vec![1, 2]],
        _ => any_graph(rng, most + 1),
    }
}

fn chain(length: u32) -> Graph {
    (0..length as usize)
        .map(|at| at.checked_sub(1).into_iter().collect())
        .collect()
}

/// Returns one step, `width` side by side, and one that depends on all.
fn fan(width: u32) -> Graph {
    let width = width as usize;
    let mut graph = vec![vec![]];
    graph.extend((0..width).map(|_| vec![0]));
    graph.push((1..=width).collect());
    graph
}

fn any_graph(rng: &mut Rng, length: u32) -> Graph {
    (0..length as usize)
        .map(|at| {
            let mut earlier: Vec<usize> = (0..rng.u32(0..=2))
                .map(|_| rng.usize(..at.max(1)))
                .collect();
            earlier.retain(|earlier| *earlier < at);
            earlier.sort_unstable();
            earlier.dedup();
            earlier
        })
        .collect()
}

fn steps(prefix: &str, graph: &Graph, mut work: impl FnMut(usize) -> Work) -> Vec<Step> {
    let key = |at: usize| format!("{prefix}_{}", letters(at));
    let step = |(at, earlier): (usize, &Vec<usize>)| Step {
        key: key(at),
        depends_on: earlier.iter().map(|at| key(*at)).collect(),
        only_if_approved: None,
        may_fail: false,
        work: work(at),
    };
    graph.iter().enumerate().map(step).collect()
}

/// Returns `a` … `z`, then `aa` …
fn letters(mut at: usize) -> String {
    let mut letters = String::new();
    loop {
        let letter = u8::try_from(at % 26).unwrap_or(0);
        letters.insert(0, char::from(b'a' + letter));
        match (at / 26).checked_sub(1) {
            Some(next) => at = next,
            None => return letters,
        }
    }
}

fn worked_out(rng: &mut Rng, prefix: &str, graph: &Graph, depth: u32) -> Vec<Step> {
    let mut steps = steps(prefix, graph, |_| Work::Sum);
    let mut subgoals = 0;
    for step in &mut steps {
        step.work = match rng.u32(1..=100) {
            1..=15 => Work::Sum,
            16..=33 => Work::Agent {
                calls: rng.u32(0..=3),
                gives_up: false,
            },
            34..=45 => Work::Approval {
                is_approved: percent(rng, 70),
                // A rejection that ends the goal is drawn with the other failures below.
                fails_if_rejected: false,
            },
            46..=60 if depth < MAX_DEPTH && subgoals < MAX_SUBGOALS => {
                subgoals += 1;
                Work::Subgoal(plan(rng, step.key.clone(), depth + 1))
            }
            _ => effect(rng),
        };
        step.may_fail = percent(rng, 50);
    }
    if percent(rng, 25)
        && let Some(step) = rng.choice(&mut steps)
    {
        step.work = failure(rng);
    }
    let approvals: Vec<String> = steps
        .iter()
        .filter(|step| matches!(step.work, Work::Approval { .. }))
        .map(|step| step.key.clone())
        .collect();
    for step in &mut steps {
        let asked = step.depends_on.iter().find(|key| approvals.contains(key));
        step.only_if_approved = asked.filter(|_| percent(rng, 50)).cloned();
    }
    steps
}

fn effect(rng: &mut Rng) -> Work {
    Work::Effect {
        refusals: if percent(rng, 10) { rng.u32(1..=3) } else { 0 },
        pause_ms: if percent(rng, 20) {
            rng.u32(20..=200)
        } else {
            0
        },
    }
}

/// Returns the work of a step that fails.
fn failure(rng: &mut Rng) -> Work {
    match rng.u32(1..=4) {
        1 => Work::RejectedEffect,
        2 => Work::BadSum,
        3 => Work::Agent {
            calls: rng.u32(0..=2),
            gives_up: true,
        },
        _ => Work::Approval {
            is_approved: false,
            fails_if_rejected: true,
        },
    }
}

/// Returns a check of an effect that certainly happens, or no criterion if there is none.
fn first_sure_effect(steps: &[Step]) -> Criterion {
    let sure =
        |step: &&Step| step.depends_on.is_empty() && matches!(step.work, Work::Effect { .. });
    steps
        .iter()
        .find(sure)
        .map_or(Criterion::None, |step| Criterion::Checked(step.key.clone()))
}
