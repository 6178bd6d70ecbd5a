//! Maps lines of a generated migration to the files it was generated from.

/// Begins the line above each file in a generated migration; the name of the file follows.
pub(super) const MARKER: &str = "-- file: ";

/// Returns the source file and its line (from 1) of a line in a generated migration; `None` for any other file.
pub(super) fn source_of(generated: &str, line: usize) -> Option<(&str, usize)> {
    let (marker, name) = generated
        .lines()
        .take(line)
        .enumerate()
        .filter_map(|(number, text)| Some((number, text.strip_prefix(MARKER)?)))
        .last()?;
    // The marker is followed by an empty line.
    Some((name, line.checked_sub(marker + 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_line_maps_to_source_line() {
        let generated = "-- Generated\n\n-- file: a.sql\n\nselect 1;\nselect 2;\n\n-- file: b.sql\n\nselect 3;\n";
        assert_eq!(source_of(generated, 6), Some(("a.sql", 2)));
        assert_eq!(source_of(generated, 10), Some(("b.sql", 1)));
        assert_eq!(source_of(generated, 1), None);
    }
}
