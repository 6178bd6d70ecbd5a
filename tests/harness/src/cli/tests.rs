#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use clap::{CommandFactory, Parser};

use super::arguments::{Arguments, Command, Profile};

fn parsed(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("harness").chain(line.split_whitespace()))
}

#[test]
fn clap_finds_no_contradiction_in_the_commands() {
    Arguments::command().debug_assert();
}

#[test]
fn every_command_has_a_description_and_examples() {
    let mut command = Arguments::command();
    let help = command.render_help().to_string();
    assert!(help.contains("cargo harness chaos"), "{help}");
    for subcommand in command.get_subcommands_mut() {
        let name = subcommand.get_name().to_owned();
        assert!(subcommand.get_about().is_some(), "{name}");
        let help = subcommand.render_help().to_string();
        assert!(help.contains(&format!("cargo harness {name}")), "{help}");
    }
}

#[test]
fn json_may_stand_before_or_after_the_command() {
    for line in ["--json races --trials 5", "races --trials 5 --json"] {
        let arguments = parsed(line).unwrap();
        assert!(arguments.global.json, "{line}");
        assert!(matches!(arguments.command, Command::Races(races) if races.trials == 5));
    }
}

#[test]
fn bench_measures_profile_measure_by_default() {
    for (line, profile) in [
        ("bench chain", Profile::Measure),
        ("bench chain --profile release", Profile::Release),
    ] {
        let Command::Bench(bench) = parsed(line).unwrap().command else {
            panic!("{line}");
        };
        assert_eq!(bench.profile, profile, "{line}");
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let head = format!("[profile.{}]", Profile::Measure.name());
    assert!(manifest.contains(&head), "{head}");
}

#[test]
fn unknown_commands_and_subjects_exit_with_2() {
    for line in ["", "demo", "bench", "bench everything", "races --kind none"] {
        assert_eq!(parsed(line).unwrap_err().exit_code(), 2, "{line}");
    }
}
