#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::ffi::OsStr;

use super::command::{code_of, json_text};
use super::*;

const PLAIN: Screen = Screen {
    palette: Palette::PLAIN,
    width: 100,
    is_terminal: false,
};

#[test]
fn table_is_aligned_and_its_last_column_cut() {
    let rows = vec![
        vec![
            "3".to_owned(),
            "active".to_owned(),
            "Database audit of everything there is".to_owned(),
        ],
        vec!["12".to_owned(), "completed".to_owned(), "Review".to_owned()],
    ];
    let narrow = Screen { width: 35, ..PLAIN };
    let expected = [
        "ID  STATE      TITLE",
        "3   active     Database audit of e…",
        "12  completed  Review",
    ];
    assert_eq!(
        table::lines(narrow, &["ID", "STATE", "TITLE"], &rows),
        expected
    );
    assert!(table::lines(PLAIN, &["ID"], &[]).is_empty());
}

#[test]
fn colours_in_cells_do_not_count_as_width() {
    let coloured = Palette::chosen(true, None);
    let rows = vec![
        vec![coloured.good("ok"), "a".to_owned()],
        vec!["fine".to_owned(), "b".to_owned()],
    ];
    let lines = table::lines(PLAIN, &["S", "N"], &rows);
    assert_eq!(for_terminal(&lines[1]), "\u{1b}[32mok\u{1b}[0m    a");
}

#[test]
fn no_color_and_pipes_turn_colours_off() {
    assert_eq!(Palette::chosen(true, Some(OsStr::new("1"))).bad("x"), "x");
    assert_eq!(Palette::chosen(false, None).bad("x"), "x");
    // An empty NO_COLOR has no effect, as its specification requires.
    assert_eq!(
        for_terminal(&Palette::chosen(true, Some(OsStr::new(""))).bad("x")),
        "\u{1b}[31mx\u{1b}[0m"
    );
}

#[test]
fn wrong_usage_and_failed_work_exit_differently() {
    assert_eq!(code_of(&Usage("say --yes".into()).into()), 2);
    assert_eq!(code_of(&anyhow::anyhow!("the goal failed")), 1);
    assert_eq!(
        code_of(&anyhow::Error::from(Usage("say --yes".into())).context("while asking")),
        2
    );
}

/// One character of each kind that a terminal or a reader obeys.
const HOSTILE: &str = "a\u{1b}]0;t\u{7}\u{1b}[2J\u{8}\r\u{7f}\u{9b}31m\u{202e}\u{2066}b";

#[test]
fn control_and_bidi_characters_become_visible() {
    let shown = for_terminal(HOSTILE);
    assert_eq!(
        shown,
        r"a\u{1b}]0;t\u{7}\u{1b}[2J\u{8}\u{d}\u{7f}\u{9b}31m\u{202e}\u{2066}b"
    );
    assert_eq!(for_terminal(&shown), shown);
    assert_eq!(for_terminal("a\tb\r\nc — ✓ שלום"), "a\tb\nc — ✓ שלום");
}

#[test]
fn colours_of_a_text_are_not_the_palettes() {
    let coloured = Palette::chosen(true, None);
    let line = format!("{} {}", coloured.good("✓"), "\u{1b}[32mforged\u{1b}[0m");
    let expected = "\u{1b}[32m✓\u{1b}[0m \\u{1b}[32mforged\\u{1b}[0m";
    assert_eq!(for_terminal(&line), expected);
    assert_eq!(for_terminal(&escaped(&line)), expected);
}

#[test]
fn hostile_cell_is_escaped_before_its_width_is_measured() {
    let rows = vec![
        vec!["\u{1b}[2J".to_owned(), "a".to_owned()],
        vec!["0123456789".to_owned(), "b".to_owned()],
    ];
    let lines = table::lines(PLAIN, &["S", "N"], &rows);
    assert_eq!(lines[1], r"\u{1b}[2J   a");
    assert_eq!(lines[2], "0123456789  b");
}

#[test]
fn json_output_has_no_control_character_and_keeps_the_value() {
    let value = serde_json::json!({ "text": HOSTILE });
    let text = json_text(&value).unwrap();
    assert_eq!(for_terminal(&text), text);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&text).unwrap(),
        value
    );
}
