//! Goals of random shape, from a seed: chains, fans, random graphs, with sub-goals, approvals, agents and failures.

use super::draw::Draw;
use super::shape::{Criterion, Goal, Plan, Step, Way, Work};

/// Sub-goals below sub-goals.
const MAX_DEPTH: u32 = 2;
/// Sub-goals of one plan.
const MAX_SUBGOALS: usize = 2;

/// The goal of this number, the same whenever it is asked for.
#[must_use]
pub fn generate(seed: u64, number: u64) -> Goal {
    let mut draw = Draw::of(seed, number);
    let name = format!("g{number}");
    let way = match draw.between(1, 100) {
        1..=5 => Way::Answer,
        6..=15 => Way::Steps(a_few_steps(&mut draw, &name)),
        _ => Way::Planned(plan(&mut draw, name, 0)),
    };
    Goal {
        number,
        question: super::wire::question(seed, number),
        way,
    }
}

/// A chain of tool steps: what an assessment may ask for at once.
fn a_few_steps(draw: &mut Draw, name: &str) -> Vec<Step> {
    let graph = chain(draw.between(2, 4));
    let mut steps = steps(name, &graph, |_| Work::Sum);
    // The last one stays a sum: its text is the answer.
    let before_last = steps.len().saturating_sub(1);
    for step in steps.iter_mut().take(before_last) {
        step.work = if draw.percent(60) {
            effect(draw)
        } else {
            Work::Sum
        };
    }
    if draw.percent(20) {
        let at = draw.index(steps.len());
        if let Some(step) = steps.get_mut(at) {
            step.work = Work::BadSum;
        }
    }
    steps
}

fn plan(draw: &mut Draw, name: String, depth: u32) -> Plan {
    let graph = graph(draw, depth);
    let steps = worked_out(draw, &name, &graph, depth);
    let again = if draw.percent(8) {
        let graph = chain(draw.between(1, 2));
        worked_out(draw, &format!("{name}_again"), &graph, MAX_DEPTH)
    } else {
        Vec::new()
    };
    let criterion = match draw.between(1, 10) {
        _ if !again.is_empty() => Criterion::Judged,
        1..=3 => Criterion::Judged,
        4..=6 => first_sure_effect(&steps),
        _ => Criterion::None,
    };
    Plan {
        is_refused_once: draw.percent(5),
        name,
        steps,
        criterion,
        again,
    }
}

/// For each step the earlier ones that it depends on.
type Graph = Vec<Vec<usize>>;

fn graph(draw: &mut Draw, depth: u32) -> Graph {
    // Sub-goals are smaller, or a run would be all sub-goals.
    let most = if depth == 0 { 6 } else { 3 };
    match draw.between(1, 4) {
        1 => chain(draw.between(1, most)),
        2 => fan(draw.between(2, most)),
        3 => vec![vec![], vec![0], vec![0], vec![1, 2]],
        _ => any_graph(draw, most + 1),
    }
}

fn chain(length: u32) -> Graph {
    (0..length as usize)
        .map(|at| at.checked_sub(1).into_iter().collect())
        .collect()
}

/// One, then so many side by side, then one that waits for all.
fn fan(width: u32) -> Graph {
    let width = width as usize;
    let mut graph = vec![vec![]];
    graph.extend((0..width).map(|_| vec![0]));
    graph.push((1..=width).collect());
    graph
}

fn any_graph(draw: &mut Draw, length: u32) -> Graph {
    (0..length as usize)
        .map(|at| {
            let mut earlier: Vec<usize> = (0..draw.between(0, 2)).map(|_| draw.index(at)).collect();
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

/// `a` … `z`, then `aa` …
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

fn worked_out(draw: &mut Draw, prefix: &str, graph: &Graph, depth: u32) -> Vec<Step> {
    let mut steps = steps(prefix, graph, |_| Work::Sum);
    let mut subgoals = 0;
    for step in &mut steps {
        step.work = match draw.between(1, 100) {
            1..=15 => Work::Sum,
            16..=33 => Work::Agent {
                calls: draw.between(0, 3),
                gives_up: false,
            },
            34..=45 => Work::Approval {
                is_approved: draw.percent(70),
                // Whether a rejection ends the goal is drawn with the other failures below.
                fails_if_rejected: false,
            },
            46..=60 if depth < MAX_DEPTH && subgoals < MAX_SUBGOALS => {
                subgoals += 1;
                Work::Subgoal(plan(draw, step.key.clone(), depth + 1))
            }
            _ => effect(draw),
        };
        step.may_fail = draw.percent(50);
    }
    if draw.percent(25) {
        let at = draw.index(steps.len());
        if let Some(step) = steps.get_mut(at) {
            step.work = failure(draw);
        }
    }
    let approvals: Vec<String> = steps
        .iter()
        .filter(|step| matches!(step.work, Work::Approval { .. }))
        .map(|step| step.key.clone())
        .collect();
    for step in &mut steps {
        let asked = step.depends_on.iter().find(|key| approvals.contains(key));
        step.only_if_approved = asked.filter(|_| draw.percent(50)).cloned();
    }
    steps
}

fn effect(draw: &mut Draw) -> Work {
    Work::Effect {
        refusals: if draw.percent(10) {
            draw.between(1, 3)
        } else {
            0
        },
        pause_ms: if draw.percent(20) {
            draw.between(20, 200)
        } else {
            0
        },
    }
}

/// A step that fails.
fn failure(draw: &mut Draw) -> Work {
    match draw.between(1, 4) {
        1 => Work::RejectedEffect,
        2 => Work::BadSum,
        3 => Work::Agent {
            calls: draw.between(0, 2),
            gives_up: true,
        },
        _ => Work::Approval {
            is_approved: false,
            fails_if_rejected: true,
        },
    }
}

/// An effect that nothing can keep from happening is looked at by a check; without one there is no criterion.
fn first_sure_effect(steps: &[Step]) -> Criterion {
    let sure =
        |step: &&Step| step.depends_on.is_empty() && matches!(step.work, Work::Effect { .. });
    steps
        .iter()
        .find(sure)
        .map_or(Criterion::None, |step| Criterion::Checked(step.key.clone()))
}
