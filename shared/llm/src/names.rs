//! Names of tools as both providers take them: letters, digits, `_` and `-`, at most 64 of them (OpenAI's reference
//! for chat completions and Anthropic's for tools). Ours may hold more, as `server.tool` does.

use domain::Tool;

/// The longest name.
const MAX_CHARS: usize = 64;

/// The names of one question's tools, theirs and ours.
pub(crate) struct WireNames<'a> {
    pairs: Vec<(String, &'a str)>,
}

impl<'a> WireNames<'a> {
    pub(crate) fn of(tools: &'a [Tool]) -> Self {
        let mut pairs: Vec<(String, &str)> = Vec::with_capacity(tools.len());
        for tool in tools {
            let plain = plain(&tool.name);
            let mut name = plain.clone();
            let mut number = 1;
            while pairs.iter().any(|(taken, _)| *taken == name) {
                number += 1;
                let end = format!("_{number}");
                let kept: String = plain.chars().take(MAX_CHARS - end.len()).collect();
                name = kept + &end;
            }
            pairs.push((name, &tool.name));
        }
        Self { pairs }
    }

    /// Returns the name on the wire. Earlier messages may name a tool that is not offered any more.
    pub(crate) fn theirs(&self, name: &str) -> String {
        let found = self.pairs.iter().find(|(_, ours)| *ours == name);
        found.map_or_else(|| plain(name), |(theirs, _)| theirs.clone())
    }

    /// Theirs as ours. A name that the model made up stays what it is.
    pub(crate) fn ours(&self, name: &str) -> String {
        let found = self.pairs.iter().find(|(theirs, _)| theirs == name);
        found.map_or_else(|| name.to_owned(), |(_, ours)| (*ours).to_owned())
    }

    /// Returns our name of a tool that is offered, by theirs or by ours.
    pub(crate) fn offered(&self, name: &str) -> Option<String> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(theirs, ours)| theirs == name || *ours == name);
        found.map(|(_, ours)| (*ours).to_owned())
    }
}

/// Whatever is not taken becomes `_`.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().map(|letter| match is_taken(letter) {
        true => letter,
        false => '_',
    });
    letters.take(MAX_CHARS).collect()
}

/// Returns true if all letters are taken.
pub(crate) fn is_plain(name: &str) -> bool {
    name.chars().all(is_taken)
}

fn is_taken(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tools(names: &[&str]) -> Vec<Tool> {
        let tool = |name: &&str| serde_json::from_value(serde_json::json!({"name": name})).unwrap();
        names.iter().map(tool).collect()
    }

    #[test]
    fn a_name_comes_back_as_it_went() {
        let long = "x".repeat(70);
        let tools = tools(&["sql", "crm.find", "crm/find", &long, &format!("{long}y")]);
        let names = WireNames::of(&tools);
        for tool in &tools {
            let wire = names.theirs(&tool.name);
            assert!(wire.len() <= MAX_CHARS && plain(&wire) == wire, "{wire}");
            assert_eq!(names.ours(&wire), tool.name);
        }
        assert_eq!(names.theirs("crm/find"), "crm_find_2");
        assert_eq!(
            (
                names.theirs("gone.tool").as_str(),
                names.ours("made_up").as_str()
            ),
            ("gone_tool", "made_up")
        );
    }
}
