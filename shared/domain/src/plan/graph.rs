//! The shape of a sound plan: cycles, depth and fan-out.
//!
//! Steps are positions here. The caller guarantees that every edge ends inside the plan.

use std::collections::VecDeque;

/// The edges of a plan: for each step, the positions of the steps it depends on, each once.
pub(super) struct Graph {
    depends_on: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

/// The result of ordering a plan.
pub(super) enum Order {
    /// Some steps can never start; these are on a cycle or wait for one.
    Cyclic(Vec<usize>),
    /// Every step can start; the longest path has this many steps.
    Acyclic {
        /// Steps on the longest path.
        depth: usize,
    },
}

impl Graph {
    pub(super) fn new(depends_on: Vec<Vec<usize>>) -> Self {
        let mut dependents = vec![Vec::new(); depends_on.len()];
        for (step, dependencies) in depends_on.iter().enumerate() {
            for dependency in dependencies {
                if let Some(list) = dependents.get_mut(*dependency) {
                    list.push(step);
                }
            }
        }
        Self {
            depends_on,
            dependents,
        }
    }

    /// Returns, for each step, how many steps depend on it directly.
    pub(super) fn fan_out(&self) -> impl Iterator<Item = usize> + '_ {
        self.dependents.iter().map(Vec::len)
    }

    /// Removes steps in the order in which they could run (Kahn's algorithm) and counts the depth of each.
    pub(super) fn order(&self) -> Order {
        let mut remaining: Vec<usize> = self.depends_on.iter().map(Vec::len).collect();
        let mut depth = vec![1_usize; remaining.len()];
        let mut ready: VecDeque<usize> = positions(&remaining, |count| count == 0).collect();
        while let Some(step) = ready.pop_front() {
            let below = depth.get(step).copied().unwrap_or(1) + 1;
            for &dependent in self.dependents.get(step).into_iter().flatten() {
                if let Some(deepest) = depth.get_mut(dependent) {
                    *deepest = below.max(*deepest);
                }
                if let Some(count) = remaining.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push_back(dependent);
                    }
                }
            }
        }
        let stuck: Vec<usize> = positions(&remaining, |count| count > 0).collect();
        if stuck.is_empty() {
            return Order::Acyclic {
                depth: depth.into_iter().max().unwrap_or(0),
            };
        }
        Order::Cyclic(stuck)
    }
}

fn positions(counts: &[usize], wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
    counts
        .iter()
        .enumerate()
        .filter(move |(_, count)| wanted(**count))
        .map(|(position, _)| position)
}
