//! Empty on purpose: this package exists to name its dependency (see Cargo.toml).
