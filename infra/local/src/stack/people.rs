//! The demonstration people of `supabase/seed.sql`, by name.
//!
//! The one thing to know: they exist on the local stack alone; a hosted project never runs the seed.

use anyhow::Context;
use secrecy::SecretString;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::auth;

/// The workspace of the owner and the approver.
pub const DEMO_WORKSPACE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_00a1);
/// What the demonstration people sign in with. The stack listens on 127.0.0.1 alone.
pub const LOCAL_PASSWORD: &str = "goalpost-local";

/// A demonstration person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Person {
    /// Owns the workspace Demo, and operates the whole project.
    Owner,
    /// May decide approvals in Demo.
    Approver,
    /// Belongs to another workspace and must see nothing of Demo.
    Stranger,
}

impl Person {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Approver, Self::Stranger];

    /// The id in `auth.users`.
    #[must_use]
    pub fn id(self) -> Uuid {
        Uuid::from_u128(match self {
            Self::Owner => 0x0000_0000_0000_4000_8000_0000_0000_0001,
            Self::Approver => 0x0000_0000_0000_4000_8000_0000_0000_0002,
            Self::Stranger => 0x0000_0000_0000_4000_8000_0000_0000_0003,
        })
    }

    /// The address they sign in with.
    #[must_use]
    pub fn email(self) -> &'static str {
        match self {
            Self::Owner => "owner@goalpost.test",
            Self::Approver => "approver@goalpost.test",
            Self::Stranger => "stranger@goalpost.test",
        }
    }

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Approver => "approver",
            Self::Stranger => "stranger",
        }
    }
}

/// Lets those of them that are there and have no password sign in with [`LOCAL_PASSWORD`].
pub(super) async fn set_passwords(client: &Client) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = Person::ALL.iter().map(|person| person.id()).collect();
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let query =
        "select id::text from auth.users where encrypted_password is null and id::text = any ($1)";
    let without = client
        .query(query, &[&ids])
        .await
        .context("looking for the demonstration people")?;
    for row in without {
        let id: Uuid = row
            .get::<_, String>(0)
            .parse()
            .context("reading a person's id")?;
        auth::set_password(client, id, &SecretString::from(LOCAL_PASSWORD)).await?;
    }
    Ok(())
}
