#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::os::unix::fs::PermissionsExt;

use super::*;

fn home() -> (tempfile::TempDir, Home) {
    let base = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let home = Home::at(base.path(), &base.path().join("home")).unwrap();
    (base, home)
}

/// A program in Python's place, which answers with one message and fails.
fn python_that_fails(folder: &Path, message: &str) -> Pip {
    let program = folder.join("python");
    std::fs::write(
        &program,
        format!("#!/bin/sh\ncat >&2 <<'END'\n{message}\nEND\nexit 1\n"),
    )
    .unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    Pip { program }
}

fn failure(message: &str) -> String {
    let (base, home) = home();
    let pip = python_that_fails(base.path(), message);
    fetch(&home, &Progress::quiet(), &pip)
        .unwrap_err()
        .to_string()
}

#[test]
fn every_supported_platform_has_a_name_and_others_are_told_of_database_url() {
    for (os, architecture) in [
        ("linux", "x86_64"),
        ("linux", "aarch64"),
        ("macos", "x86_64"),
        ("macos", "aarch64"),
    ] {
        platform(os, architecture).unwrap();
    }
    let error = platform("freebsd", "x86_64").unwrap_err().to_string();
    assert!(error.contains("DATABASE_URL"), "{error}");
}

#[test]
fn a_missing_python_is_named_with_what_to_do() {
    let (_base, home) = home();
    let pip = Pip {
        program: "/no/such/python".into(),
    };
    let error = fetch(&home, &Progress::quiet(), &pip)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("/no/such/python") && error.contains("GOALPOST_PYTHON"),
        "{error}"
    );
}

#[test]
fn a_missing_pip_is_told_from_a_missing_network() {
    assert!(failure("/usr/bin/python3: No module named pip").contains("ensurepip"));
    let error = failure("Temporary failure in name resolution");
    assert!(error.contains("Without a network"), "{error}");
    assert!(
        error.contains("name resolution"),
        "pip's own words are kept: {error}"
    );
}

#[test]
fn a_wrong_hash_is_told_from_a_missing_wheel() {
    let wrong = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.";
    assert!(failure(wrong).contains("not the Postgres that this version of Goalpost pins"));
    assert!(failure("ERROR: No matching distribution found").contains("musl"));
}

#[test]
fn a_download_with_the_wrong_hash_is_thrown_away() {
    let (_base, home) = home();
    let name = format!(
        "{FILE_PREFIX}cp311-{}.whl",
        platform(std::env::consts::OS, std::env::consts::ARCH).unwrap()
    );
    let broken = home.downloads().join(name);
    std::fs::write(&broken, b"half of it").unwrap();
    assert!(find(&home.downloads()).unwrap().is_none());
    assert!(!broken.exists());
}

#[test]
fn a_broken_archive_leaves_no_folder_that_looks_complete() {
    let (_base, home) = home();
    let wheel = home.downloads().join("broken.whl");
    std::fs::write(&wheel, b"no zip at all").unwrap();
    let root = home.postgres().join(VERSION);
    let error = unpack(&wheel, &root).unwrap_err().to_string();
    assert!(error.contains("could not be unpacked"), "{error}");
    assert!(!root.join(MARKER).exists());
}
