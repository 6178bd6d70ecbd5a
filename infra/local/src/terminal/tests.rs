#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::ffi::OsStr;

use super::command::code_of;
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
    assert_eq!(lines[1], "\u{1b}[32mok\u{1b}[0m    a");
}

#[test]
fn no_color_and_pipes_turn_colours_off() {
    assert_eq!(Palette::chosen(true, Some(OsStr::new("1"))).bad("x"), "x");
    assert_eq!(Palette::chosen(false, None).bad("x"), "x");
    // An empty NO_COLOR has no effect, as its specification requires.
    assert_eq!(
        Palette::chosen(true, Some(OsStr::new(""))).bad("x"),
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
