//! Empty on purpose: this package exists to stand where sqlx would be downloaded (see ../Cargo.toml).
