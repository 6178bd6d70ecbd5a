#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::os::unix::fs::PermissionsExt;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

fn another_account() -> Account {
    Account::Other {
        name: "nobody".into(),
        uid: 65_534,
        gid: 65_534,
    }
}

#[test]
fn layout_is_created_at_once() {
    let base = folder();
    let home = Home::at(base.path(), &base.path().join("deep/home")).unwrap();
    for made in [home.downloads(), home.run(), home.logs()] {
        assert!(made.is_dir(), "{}", made.display());
    }
    assert_eq!(home.notice(), None);
}

#[test]
fn folder_closed_to_others_is_named() {
    let base = folder();
    let closed = base.path().join("closed");
    let inside = closed.join("home");
    make_folder(&inside).unwrap();
    assert_eq!(unreachable_part(&inside, &another_account()).unwrap(), None);
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(
        unreachable_part(&inside, &another_account()).unwrap(),
        Some(closed)
    );
    assert_eq!(unreachable_part(&inside, &Account::Present).unwrap(), None);
}

#[test]
fn unreachable_state_moves_to_temporary_folder_with_notice() {
    let base = folder();
    let wanted = base.path().join("home");
    let home =
        Home::elsewhere(base.path().into(), &wanted, base.path(), another_account()).unwrap();
    assert!(home.root().starts_with(std::env::temp_dir()));
    let notice = home.notice().unwrap();
    assert!(
        notice.contains(&base.path().display().to_string()),
        "{notice}"
    );
    assert!(notice.contains("root"), "{notice}");
    std::fs::remove_dir_all(home.root()).unwrap();
}

#[test]
fn second_lock_is_refused_until_first_is_released() {
    let base = folder();
    let home = Home::at(base.path(), base.path()).unwrap();
    let first = home.try_lock("stack").unwrap();
    assert!(first.is_some());
    assert!(home.try_lock("stack").unwrap().is_none());
    drop(first);
    assert!(home.try_lock("stack").unwrap().is_some());
}

#[test]
fn private_files_are_readable_by_their_owner_alone() {
    let base = folder();
    let home = Home::at(base.path(), base.path()).unwrap();
    let path = home.run().join("state.json");
    home.write_private(&path, b"first, and longer").unwrap();
    home.write_private(&path, b"second").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"second");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn unwritable_folder_is_named_in_the_error() {
    let base = folder();
    std::fs::write(base.path().join("file"), b"").unwrap();
    let error = Home::at(base.path(), &base.path().join("file/home")).unwrap_err();
    assert!(error.to_string().contains("file/home"), "{error}");
}

#[test]
fn workspace_is_the_folder_with_the_migrations() {
    assert!(find_workspace().unwrap().join("supabase").is_dir());
}

/// Creates the files of a clone that [`nearest_workspace`] checks for.
fn clone_of_goalpost() -> tempfile::TempDir {
    let clone = folder();
    for part in ["supabase/tests", "infra/local"] {
        std::fs::create_dir_all(clone.path().join(part)).unwrap();
    }
    std::fs::write(clone.path().join("infra/local/Cargo.toml"), "").unwrap();
    clone
}

#[test]
fn clone_of_current_folder_precedes_built_in_one() {
    let (here, built_in) = (clone_of_goalpost(), clone_of_goalpost());
    let inside = here.path().join("supabase/tests");
    assert_eq!(
        nearest_workspace(&inside, built_in.path()),
        here.path().canonicalize().ok()
    );
    let elsewhere = folder();
    assert_eq!(
        nearest_workspace(elsewhere.path(), built_in.path()),
        built_in.path().canonicalize().ok()
    );
}

#[test]
fn project_with_a_supabase_folder_is_no_clone() {
    let (project, nowhere) = (folder(), folder());
    std::fs::create_dir(project.path().join("supabase")).unwrap();
    std::fs::write(project.path().join("Cargo.toml"), "").unwrap();
    assert_eq!(nearest_workspace(project.path(), nowhere.path()), None);
}
