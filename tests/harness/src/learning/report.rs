//! The figures of a run, and their plot.

use serde::Serialize;

use super::world::Kind;

/// One goal.
#[derive(Debug, Clone, Serialize)]
pub struct Played {
    /// Seed of the run.
    pub seed: u64,
    /// True if the analyzer worked.
    pub learns: bool,
    /// Kind, in lower case.
    #[serde(serialize_with = "lower_case")]
    pub kind: Kind,
    /// Place among the goals of its kind, from 1.
    pub number: usize,
    /// Version of the runbook that it followed.
    pub runbook: Option<i64>,
    /// What the requester was asked, if anything.
    pub asked: Option<String>,
    /// True if the answer has the right number.
    pub is_right: bool,
    /// Model calls.
    pub calls: usize,
    /// Cost in micro-dollars.
    pub cost_microusd: u64,
    /// Wall clock.
    pub seconds: f64,
}

fn lower_case<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{kind:?}").to_lowercase())
}

/// Means over goals.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Means {
    /// Goals.
    pub goals: usize,
    /// Share of right answers.
    pub success: f64,
    /// Model calls.
    pub calls: f64,
    /// Cost in micro-dollars.
    pub cost_microusd: f64,
    /// Seconds.
    pub seconds: f64,
}

/// A whole run.
#[derive(Debug, Clone, Serialize)]
pub struct LearningReport {
    /// Goals of each run.
    pub goals: usize,
    /// Number of seeds.
    pub seeds: u64,
    /// The first three goals of each kind.
    pub first: Means,
    /// Goals from the 20th of each kind on (the last third where there are fewer), learning on.
    pub later: Means,
    /// The same goals, learning off.
    pub later_without: Means,
    /// Goals of changed kinds until three in a row were right again, at most; per seed.
    pub recovery: Vec<usize>,
    /// Learned runbooks that are active at the end, and those of them half of whose answers were wrong.
    pub active_runbooks: usize,
    /// See `active_runbooks`.
    pub bad_runbooks: usize,
    /// Bad lessons that more than ten requests received.
    pub bad_lessons_surviving: usize,
    /// Bad lessons that were remembered.
    pub bad_lessons: usize,
    /// Improvements by state.
    pub improvements: Vec<(String, usize)>,
    /// What the analyses reported, in order.
    pub analyses: Vec<String>,
    /// Every goal.
    pub played: Vec<Played>,
}

/// Returns the means over goals.
pub(super) fn means<'a>(played: impl Iterator<Item = &'a Played>) -> Means {
    let played: Vec<&Played> = played.collect();
    let count = f64::from(u32::try_from(played.len().max(1)).unwrap_or(u32::MAX));
    let mean = |of: fn(&Played) -> f64| played.iter().map(|one| of(one)).sum::<f64>() / count;
    Means {
        goals: played.len(),
        success: mean(|one| f64::from(u8::from(one.is_right))),
        calls: mean(|one| f64::from(u32::try_from(one.calls).unwrap_or(u32::MAX))),
        cost_microusd: mean(|one| f64::from(u32::try_from(one.cost_microusd).unwrap_or(u32::MAX))),
        seconds: mean(|one| one.seconds),
    }
}

impl LearningReport {
    /// Returns the mean model calls by place among the goals of a kind, for a run with or without learning.
    fn curve(&self, learns: bool) -> Vec<(usize, f64)> {
        let last = self.played.iter().map(|one| one.number).max().unwrap_or(0);
        let at = |number| {
            means(
                self.played
                    .iter()
                    .filter(|one| one.learns == learns && one.number == number),
            )
        };
        (1..=last)
            .map(|number| (number, at(number).calls))
            .collect()
    }

    /// Draws model calls per goal, with and without learning, as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let curves = [
            (self.curve(false), "#8b8b8b", "without learning"),
            (self.curve(true), "#0b6bcb", "with learning"),
        ];
        let most = curves
            .iter()
            .flat_map(|(points, ..)| points)
            .map(|(_, calls)| *calls)
            .fold(1.0, f64::max)
            .ceil();
        let last = curves
            .iter()
            .flat_map(|(points, ..)| points)
            .map(|(number, _)| *number)
            .max()
            .unwrap_or(1);
        let x = |number: usize| {
            60.0 + 560.0 * as_f64(number.saturating_sub(1)) / as_f64(last.saturating_sub(1).max(1))
        };
        let y = |calls: f64| 260.0 - 220.0 * calls / most;
        let mut svg = String::from(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 680 320\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#555\">\n\
             <rect width=\"680\" height=\"320\" fill=\"#fff\"/>\n<text x=\"60\" y=\"24\" font-size=\"14\" fill=\"#222\">Model calls per goal</text>\n",
        );
        for step in 0..=4 {
            let calls = most * f64::from(step) / 4.0;
            svg.push_str(&format!(
                "<line x1=\"60\" x2=\"620\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"#e4e4e4\"/><text x=\"52\" y=\"{1:.1}\" text-anchor=\"end\">{calls:.1}</text>\n",
                y(calls), y(calls) + 4.0
            ));
        }
        for (points, colour, name) in &curves {
            let line: Vec<String> = points
                .iter()
                .map(|(number, calls)| format!("{:.1},{:.1}", x(*number), y(*calls)))
                .collect();
            svg.push_str(&format!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>\n",
                line.join(" ")
            ));
            if let Some((number, calls)) = points.last() {
                svg.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{name}</text>\n", x(*number), y(*calls) - 8.0));
            }
        }
        for number in [1, last / 4, last / 2, 3 * last / 4, last] {
            svg.push_str(&format!(
                "<text x=\"{:.1}\" y=\"282\" text-anchor=\"middle\">{number}</text>\n",
                x(number.max(1))
            ));
        }
        svg.push_str("<text x=\"340\" y=\"306\" text-anchor=\"middle\">number of the goal among those of its kind</text>\n</svg>\n");
        svg
    }
}

fn as_f64(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
