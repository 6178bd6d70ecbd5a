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

fn somebody_else() -> Account {
    Account::Other {
        name: "nobody".into(),
        uid: 65_534,
        gid: 65_534,
    }
}

#[test]
fn the_layout_is_made_at_once() {
    let base = folder();
    let home = Home::at(base.path(), &base.path().join("deep/home")).unwrap();
    for made in [home.downloads(), home.run(), home.logs()] {
        assert!(made.is_dir(), "{}", made.display());
    }
    assert_eq!(home.notice(), None);
}

#[test]
fn a_folder_closed_to_others_is_noticed_by_name() {
    let base = folder();
    let closed = base.path().join("closed");
    let inside = closed.join("home");
    make_folder(&inside).unwrap();
    assert_eq!(unreachable_part(&inside, &somebody_else()).unwrap(), None);
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(
        unreachable_part(&inside, &somebody_else()).unwrap(),
        Some(closed)
    );
    assert_eq!(unreachable_part(&inside, &Account::Present).unwrap(), None);
}

#[test]
fn state_moves_to_the_temporary_folder_and_says_so() {
    let base = folder();
    let wanted = base.path().join("home");
    let home = Home::elsewhere(base.path().into(), &wanted, base.path(), somebody_else()).unwrap();
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
fn a_second_holder_of_a_lock_is_refused_until_the_first_lets_go() {
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
fn an_unwritable_place_is_named_in_the_error() {
    let base = folder();
    std::fs::write(base.path().join("file"), b"").unwrap();
    let error = Home::at(base.path(), &base.path().join("file/home")).unwrap_err();
    assert!(error.to_string().contains("file/home"), "{error}");
}

#[test]
fn the_workspace_is_the_folder_with_the_migrations() {
    assert!(find_workspace().unwrap().join("supabase").is_dir());
}

/// A clone as far as [`nearest_workspace`] looks.
fn clone_of_goalpost() -> tempfile::TempDir {
    let clone = folder();
    for part in ["supabase/tests", "infra/local"] {
        std::fs::create_dir_all(clone.path().join(part)).unwrap();
    }
    std::fs::write(clone.path().join("infra/local/Cargo.toml"), "").unwrap();
    clone
}

#[test]
fn clone_of_current_folder_precedes_the_built_in_one() {
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
fn another_project_with_a_supabase_folder_is_no_clone() {
    let (project, nowhere) = (folder(), folder());
    std::fs::create_dir(project.path().join("supabase")).unwrap();
    std::fs::write(project.path().join("Cargo.toml"), "").unwrap();
    assert_eq!(nearest_workspace(project.path(), nowhere.path()), None);
}
