//! `harness migrations`: generates the migration from `supabase/schemas` and `supabase/runbooks`, or compares
//! it with them.

use anyhow::{Context as _, bail};
use local_stack::home::Home;
use local_stack::postgres::schemas;
use serde_json::json;

use super::arguments::{self, Global};
use super::{print, print_json};

pub(super) fn run(arguments: &arguments::Migrations, global: &Global) -> anyhow::Result<()> {
    let home = Home::open()?;
    let workspace = home.workspace();
    let path = workspace.join(schemas::BASELINE);
    let generated = schemas::generate(workspace)?;
    let is_current = std::fs::read_to_string(&path).is_ok_and(|present| present == generated);
    if arguments.check && !is_current {
        bail!(
            "{} differs from supabase/schemas and supabase/runbooks; run `cargo harness migrations`",
            schemas::BASELINE
        );
    }
    if !is_current {
        std::fs::write(&path, &generated).with_context(|| format!("writing {}", path.display()))?;
    }
    if global.json {
        return print_json(&json!({"file": schemas::BASELINE, "changed": !is_current}));
    }
    print(&match is_current {
        true => format!("{} is up to date.", schemas::BASELINE),
        false => format!(
            "Wrote {}. A local database has the old one: `cargo goalpost reset` builds it anew.",
            schemas::BASELINE
        ),
    });
    Ok(())
}
