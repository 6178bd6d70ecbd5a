//! The table, a line as soon as a guard is through, or one JSON document at the end.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::ablation::{Guard, Said};

/// What came of removing one guard.
pub(crate) struct Removed {
    area: String,
    name: String,
    place: String,
    said: Vec<Said>,
    /// Why it could not be tried.
    problem: Option<String>,
    took: Duration,
}

impl Removed {
    pub(crate) fn new(guard: &Guard, said: anyhow::Result<Vec<Said>>, took: Duration) -> Self {
        let (said, problem) = match said {
            Ok(said) => (said, None),
            Err(error) => (Vec::new(), Some(format!("{error:#}"))),
        };
        Self {
            area: guard.area.clone(),
            name: guard.name.clone(),
            place: guard.place(),
            said,
            problem,
            took,
        }
    }

    fn is_missed(&self) -> bool {
        self.problem.is_none() && !self.said.is_empty() && self.said.iter().all(|said| said.is_red)
    }

    fn lines(&self) -> String {
        let mark = if self.is_missed() {
            "missed"
        } else {
            "NOT MISSED"
        };
        let mut text = format!(
            "{mark:<10}  {}  ({}; {:.1} s)",
            self.name,
            self.place,
            self.took.as_secs_f64()
        );
        for said in &self.said {
            let what = if said.is_red {
                said.what.as_str()
            } else {
                "stayed green"
            };
            text.push_str(&format!("\n            {}: {what}", said.test));
        }
        if let Some(problem) = &self.problem {
            text.push_str(&format!(
                "\n            {}",
                problem.replace('\n', "\n            ")
            ));
        }
        text
    }

    fn json(&self) -> Value {
        let red: Vec<Value> = self
            .said
            .iter()
            .map(|said| json!({"test": said.test, "red": said.is_red, "said": said.what}))
            .collect();
        json!({"area": self.area, "guard": self.name, "removed_in": self.place, "missed": self.is_missed(),
               "tests": red, "problem": self.problem, "seconds": rounded(self.took.as_secs_f64())})
    }
}

/// Collects, and prints.
pub(crate) struct Reporter {
    json: bool,
    removed: Mutex<Vec<Removed>>,
}

impl Reporter {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            removed: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, removed: Removed) {
        if self.json {
            eprintln!("{}", removed.lines());
        } else {
            println!("{}", removed.lines());
        }
        self.removed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(removed);
    }

    /// Prints what it comes to; whether every guard was missed.
    pub(crate) fn end(
        &self,
        took: Duration,
        sql_seconds: f64,
        rust_seconds: f64,
    ) -> anyhow::Result<bool> {
        let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        // Side by side they end in any order; a stored document should not change for that.
        removed.sort_by(|one, other| (&one.area, &one.name).cmp(&(&other.area, &other.name)));
        let missed = removed.iter().filter(|removed| removed.is_missed()).count();
        let survivors: Vec<&Removed> = removed
            .iter()
            .filter(|removed| !removed.is_missed())
            .collect();
        if self.json {
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            let document = json!({
                "command": format!("cargo run --bin ablation -- {}", arguments.join(" ")),
                "guards": removed.len(), "missed": missed, "not_missed": survivors.len(),
                "seconds": rounded(took.as_secs_f64()), "sql_seconds": rounded(sql_seconds),
                "rust_seconds": rounded(rust_seconds),
                "removed": removed.iter().map(Removed::json).collect::<Vec<_>>(),
            });
            println!("{}", serde_json::to_string_pretty(&document)?);
        } else {
            println!(
                "\n{missed} of {} guards are missed by a test ({:.0} s)",
                removed.len(),
                took.as_secs_f64()
            );
            for survivor in &survivors {
                println!("{}", survivor.lines());
            }
        }
        Ok(survivors.is_empty())
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
