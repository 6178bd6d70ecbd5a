//! The arguments of `goalpost build`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const HELP: &str = "\
Examples:
  cargo goalpost build                              target/packages/arm64/<function>.zip
  cargo goalpost build --arch x86_64 --output packages

cargo-lambda and Zig, which links for Lambda's system, are fetched with pip at the first build. The folder is the
`package_folder` of the Terraform module in infra/aws; sbom.cdx.json in it lists what the functions are made of.";

#[derive(Debug, Args)]
pub(in crate::commands) struct Build {
    /// The architecture of the functions
    #[arg(long, value_enum, default_value_t = Architecture::Arm64)]
    pub(in crate::commands) arch: Architecture,
    /// The folder of the packages [default: the architecture below target/packages]
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::commands) output: Option<PathBuf>,
}

/// An architecture of Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Architecture {
    /// Graviton, the cheaper one
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    /// Returns AWS's name.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Returns Rust's target.
    pub(in crate::commands) fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}
