//! Ids of calls in a conversation. A server matches a result to its call by them, so that each is unique in what is sent
//! and goes back as the server gave it, whole, where it can: some put what they need again into it.

use std::collections::{HashSet, VecDeque};

use crate::answer::Answer;

/// The ids of a conversation as it is written, message by message.
pub(crate) struct CallIds {
    /// Makes the candidates for an id that has to be replaced, by their number from 1.
    replacement: fn(&str, usize) -> String,
    /// Returns true if the provider takes the id.
    fits: fn(&str) -> bool,
    used: HashSet<String>,
    /// Of the last answer: the ids that it was given and those that are sent, in the order of its calls.
    last: VecDeque<(String, String)>,
}

impl CallIds {
    pub(crate) fn new(fits: fn(&str) -> bool, replacement: fn(&str, usize) -> String) -> Self {
        Self {
            replacement,
            fits,
            used: HashSet::new(),
            last: VecDeque::new(),
        }
    }

    /// Returns the ids of an answer's calls as they are sent. Those of another provider's answer (`is_own` is false) are
    /// replaced.
    pub(crate) fn of_answer(&mut self, answer: &Answer, is_own: bool) -> Vec<String> {
        self.last.clear();
        for call in &answer.calls {
            let given = call.call_id.as_str();
            let is_kept = is_own && !given.is_empty() && (self.fits)(given);
            let mut sent = match is_kept {
                true => given.to_owned(),
                false => (self.replacement)(given, 1),
            };
            let mut number = 1_usize;
            while sent.is_empty() || self.used.contains(&sent) {
                number = number.saturating_add(1);
                sent = (self.replacement)(given, number);
            }
            self.used.insert(sent.clone());
            self.last.push_back((given.to_owned(), sent));
        }
        self.last.iter().map(|(_, sent)| sent.clone()).collect()
    }

    /// Returns the id of a result, by the call's id in the last answer; the first such call that has none yet.
    pub(crate) fn of_result(&mut self, call_id: &str) -> String {
        let place = self.last.iter().position(|(given, _)| given == call_id);
        let found = place.and_then(|place| self.last.remove(place));
        found.map_or_else(|| (self.replacement)(call_id, 1), |(_, sent)| sent)
    }
}

/// Gives each id of one answer that is missing or there already another one.
pub(crate) fn made_unique(ids: Vec<Option<String>>) -> Vec<String> {
    let mut used: HashSet<String> = ids.iter().flatten().cloned().collect();
    let mut seen: HashSet<String> = HashSet::new();
    let own = ids.into_iter().enumerate().map(|(position, id)| {
        if let Some(id) = id.filter(|id| !id.is_empty() && seen.insert(id.clone())) {
            return id;
        }
        let mut number = position;
        while !used.insert(format!("call_{number}")) {
            number = number.saturating_add(1);
        }
        format!("call_{number}")
    });
    own.collect()
}

#[cfg(test)]
mod tests {
    use domain::ToolCallRequest;
    use serde_json::json;

    use super::*;

    fn answer(ids: &[&str]) -> Answer {
        let call = |id: &&str| ToolCallRequest {
            call_id: (*id).to_owned(),
            tool: "sql".to_owned(),
            arguments: json!({}),
        };
        Answer {
            calls: ids.iter().map(call).collect(),
            ..Answer::default()
        }
    }

    #[test]
    fn ids_are_unique_in_a_conversation_and_results_follow_them() {
        let mut ids = CallIds::new(|_| true, |_, number| format!("made{number}"));
        let long = "x".repeat(300);
        assert_eq!(
            ids.of_answer(&answer(&["a:0", &long]), true),
            ["a:0".to_owned(), long.clone()]
        );
        assert_eq!(
            (ids.of_result("a:0"), ids.of_result(&long)),
            ("a:0".to_owned(), long)
        );
        assert_eq!(
            ids.of_answer(&answer(&["a:0", "a:0", ""]), true),
            ["made2", "made3", "made1"]
        );
        assert_eq!(
            [
                ids.of_result("a:0"),
                ids.of_result("a:0"),
                ids.of_result("")
            ],
            ["made2", "made3", "made1"]
        );
    }

    #[test]
    fn missing_ids_of_one_answer_take_no_other() {
        let ids = ["call_1", "", "a", "a"].map(|id| Some(id.to_owned()));
        assert_eq!(made_unique(ids.into()), ["call_1", "call_2", "a", "call_3"]);
        assert_eq!(made_unique(vec![None, None]), ["call_0", "call_1"]);
    }
}
