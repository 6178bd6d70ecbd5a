//! Finds the text that is to be replaced. Space counts as space, however much of it and whether it breaks the line,
//! so that an entry survives a file that is formatted anew.

use std::ops::Range;

use anyhow::{Context as _, bail};

use super::list::Change;

/// Replacements in a text that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text as it is.
    pub original: String,
    /// What is replaced, in bytes of the original text.
    pub ranges: Vec<Range<usize>>,
    /// The whole text afterwards.
    pub changed: String,
}

/// Carries out changes, each in the original text.
///
/// # Errors
/// A text is not there, or it is there several times and nothing says which one is meant.
pub fn edit(original: String, changes: &[Change]) -> anyhow::Result<Edit> {
    let mut found = changes
        .iter()
        .map(|change| Ok((place(&original, change)?, change.with.as_str())))
        .collect::<anyhow::Result<Vec<_>>>()?;
    found.sort_by_key(|(range, _)| range.start);
    let mut changed = original.clone();
    for (range, with) in found.iter().rev() {
        changed.replace_range(range.clone(), with);
    }
    if changed == original {
        bail!("the replacement changes nothing");
    }
    let ranges = found.into_iter().map(|(range, _)| range).collect();
    Ok(Edit {
        original,
        ranges,
        changed,
    })
}

/// Where the text to replace is. It must occur exactly once; with `after`, its first occurrence after the first one
/// of that counts.
pub(super) fn place(text: &str, change: &Change) -> anyhow::Result<Range<usize>> {
    let wanted = &change.replace;
    let begin = match &change.after {
        None => 0,
        Some(after) => {
            find(text, 0, after)
                .with_context(|| format!("`{after}` does not occur"))?
                .end
        }
    };
    let range = find(text, begin, wanted)
        .with_context(|| format!("the text to replace does not occur: `{wanted}`"))?;
    if change.after.is_none() && find(text, range.end, wanted).is_some() {
        bail!(
            "the text to replace occurs more than once; say with `after` which one is meant: `{wanted}`"
        );
    }
    Ok(range)
}

/// Where `wanted` occurs first from `begin` on.
pub(super) fn find(text: &str, begin: usize, wanted: &str) -> Option<Range<usize>> {
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let first = words.first()?;
    let mut from = begin;
    while let Some(at) = text.get(from..)?.find(first) {
        let start = from + at;
        if let Some(end) = matches_at(text, start, &words) {
            return Some(start..end);
        }
        from = start + 1;
        while !text.is_char_boundary(from) {
            from += 1;
        }
    }
    None
}

fn matches_at(text: &str, start: usize, words: &[&str]) -> Option<usize> {
    let mut at = start;
    for (number, word) in words.iter().enumerate() {
        if number > 0 {
            let rest = text.get(at..)?;
            let space = rest.len() - rest.trim_start().len();
            if space == 0 {
                return None;
            }
            at += space;
        }
        at += text.get(at..)?.starts_with(word).then_some(word.len())?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn edited(
        text: &str,
        after: Option<&str>,
        replace: &str,
        with: &str,
    ) -> anyhow::Result<String> {
        let change = Change {
            after: after.map(str::to_owned),
            replace: replace.into(),
            with: with.into(),
        };
        edit(text.to_owned(), &[change]).map(|edit| edit.changed)
    }

    #[test]
    fn space_is_space_however_the_line_breaks() {
        let text = "a where x = 1\n     and y = 2;";
        assert_eq!(
            edited(text, None, "x = 1 and y = 2", "true").unwrap(),
            "a where true;"
        );
        assert!(find("ab", 0, "a b").is_none(), "but none is not some");
    }

    #[test]
    fn what_is_meant_must_be_plain() {
        assert!(edited("x y x", None, "x", "").is_err(), "twice");
        assert_eq!(edited("x y x", Some("y"), "x", "z").unwrap(), "x y z");
        assert!(edited("x", None, "y", "").is_err(), "gone");
        assert!(edited("x", None, "x", "x").is_err(), "nothing changes");
    }

    #[test]
    fn several_places_are_changed_at_once() {
        let change = |replace: &str, with: &str| Change {
            after: None,
            replace: replace.into(),
            with: with.into(),
        };
        let edit = edit(
            "one two three".to_owned(),
            &[change("three", "3"), change("one", "1")],
        )
        .unwrap();
        assert_eq!(edit.changed, "1 two 3");
    }
}
