//! Finds the known name nearest to an unknown one.

/// Returns the name that is nearest to one that does not exist, if any is near enough to have been meant.
///
/// Near enough is at most a third of the longer name's letters changed, added, left out or swapped
/// (Damerau-Levenshtein distance, without regard to case), or one name contained in the other.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let scored = names.into_iter().filter_map(|other| {
        let lower = other.to_lowercase();
        let distance = strsim::damerau_levenshtein(&name, &lower);
        let longer = name.chars().count().max(lower.chars().count());
        let is_part =
            name.len() >= 3 && lower.len() >= 3 && (lower.contains(&name) || name.contains(&lower));
        (distance * 3 <= longer || is_part).then_some((distance, other))
    });
    scored.min().map(|(_, other)| other)
}

/// Returns "; did you mean `x`?" for a name that does not exist, or nothing where none is near.
pub(crate) fn suggestion<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelling_finds_the_name() {
        let names = ["sql", "http_get", "template", "table_write"];
        assert_eq!(nearest("slq", names), Some("sql"));
        assert_eq!(nearest("http_gett", names), Some("http_get"));
        assert_eq!(nearest("Template", names), Some("template"));
        assert_eq!(nearest("write", names), Some("table_write"));
        assert_eq!(nearest("calculator", names), None);
        assert_eq!(nearest("", names), None);
    }
}
