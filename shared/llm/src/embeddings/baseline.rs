//! The baseline of an embedding space: the mean cosine of questions and texts about other things.
//!
//! One model gives 0.1 to unrelated texts, another 0.75. The baseline is measured once per space with the pairs below, so
//! that no threshold depends on the model. They are from the daily work of companies, as runbooks are, and about things
//! on which the evaluation of matching has no question.

/// A question, and a text about the same thing.
const PAIRS: [(&str, &str); 12] = [
    ("Who is on leave in August?", "Calendar of absences by team"),
    (
        "How do I book a meeting room?",
        "Reservation of rooms in the office",
    ),
    (
        "What did we spend on travel?",
        "Costs of business trips by department",
    ),
    ("Which contracts end soon?", "Agreements by date of expiry"),
    ("How did the newsletter do?", "Opens and clicks of mailings"),
    (
        "Who has not done the safety course?",
        "Open trainings by employee",
    ),
    (
        "Which applicants are still in the race?",
        "Candidates by stage of hiring",
    ),
    (
        "What did people say in the exit talks?",
        "Reasons of employees who left",
    ),
    (
        "How much power does the building use?",
        "Consumption of electricity by floor",
    ),
    (
        "Where do we stand in the search engines?",
        "Rank of our pages by keyword",
    ),
    ("Which cars need a check?", "Fleet with due inspections"),
    (
        "What did the board decide?",
        "Minutes and resolutions of meetings",
    ),
];

/// Returns the questions and the texts that are embedded to measure the baseline.
#[must_use]
pub fn baseline_texts() -> (Vec<String>, Vec<String>) {
    PAIRS
        .iter()
        .map(|(question, text)| ((*question).to_owned(), (*text).to_owned()))
        .unzip()
}

/// Measures the baseline by the vectors of [`baseline_texts`], which have length 1: over each question and the texts of
/// the other pairs.
#[must_use]
pub fn baseline(questions: &[Vec<f32>], texts: &[Vec<f32>]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (at, question) in questions.iter().enumerate() {
        for (other, text) in texts.iter().enumerate() {
            if other != at {
                sum += dot(question, text);
                count += 1.0;
            }
        }
    }
    sum / f64::max(count, 1.0)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baseline_leaves_out_texts_about_the_same() {
        let questions = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let texts = [vec![0.8, 0.6], vec![0.6, 0.8]];
        let measured = baseline(&questions, &texts);
        assert!((measured - 0.6).abs() < 1e-6, "{measured}");
    }
}
