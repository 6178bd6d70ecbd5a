//! The demonstration people of `supabase/seeds/10_people.sql`, by name.
//!
//! They exist on the local stack alone; a hosted project never runs the seed.

use anyhow::Context;
use secrecy::SecretString;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::auth;

/// The workspace of the owner and the approver.
pub const DEMO_WORKSPACE: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_00a1);
/// The password of the demonstration people. The stack listens on 127.0.0.1 alone.
pub const LOCAL_PASSWORD: &str = "goalpost-local";

/// A demonstration person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Person {
    /// The owner of the workspace Demo, who operates the whole project.
    Owner,
    /// A member of Demo who may decide approvals.
    Approver,
    /// A member of another workspace, who may read nothing of Demo.
    Stranger,
}

impl Person {
    /// All demonstration people.
    pub const ALL: [Self; 3] = [Self::Owner, Self::Approver, Self::Stranger];

    /// Returns the id in `auth.users`.
    #[must_use]
    pub fn id(self) -> Uuid {
        Uuid::from_u128(match self {
            Self::Owner => 0x0000_0000_0000_4000_8000_0000_0000_0001,
            Self::Approver => 0x0000_0000_0000_4000_8000_0000_0000_0002,
            Self::Stranger => 0x0000_0000_0000_4000_8000_0000_0000_0003,
        })
    }

    /// Returns the address for signing in.
    #[must_use]
    pub fn email(self) -> &'static str {
        match self {
            Self::Owner => "owner@goalpost.test",
            Self::Approver => "approver@goalpost.test",
            Self::Stranger => "stranger@goalpost.test",
        }
    }

    /// Returns the name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Approver => "approver",
            Self::Stranger => "stranger",
        }
    }
}

/// Sets [`LOCAL_PASSWORD`] for demonstration people without a bcrypt hash: they have no password yet, or one that an
/// earlier build stored as SHA-512.
pub(super) async fn set_passwords(client: &Client) -> anyhow::Result<()> {
    let ids: Vec<Uuid> = Person::ALL.iter().map(|person| person.id()).collect();
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let query = "select id::text from auth.users
                  where coalesce(encrypted_password, '') not like '$2%' and id::text = any ($1)";
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

/// Lets the demonstration workspace write to its people, if its list is empty.
pub(super) async fn allow_mail(client: &Client) -> anyhow::Result<()> {
    let update = "update goalpost.workspaces set email_domains = '{goalpost.test}'
                   where id = $1::text::uuid and email_domains = '{}'";
    client
        .execute(update, &[&DEMO_WORKSPACE.to_string()])
        .await
        .context("allowing mail to the demonstration people")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::postgres::{SUPERUSER, Server, database};

    #[tokio::test]
    async fn only_people_without_bcrypt_hash_get_local_password() {
        let server = Server::shared_by_tests().await.unwrap();
        let name = format!("people_{}", Uuid::new_v4().simple());
        database::create_empty(server, &name).await.unwrap();
        let client = server.connect(SUPERUSER, &name).await.unwrap();
        let own = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for (person, stored) in [
            (Person::Owner, Some("sha512$20000$salt$hash")),
            (Person::Approver, Some(own)),
            (Person::Stranger, None),
        ] {
            let insert = "insert into auth.users (id, email, encrypted_password) values ($1::text::uuid, $2, $3)";
            let id = person.id().to_string();
            client
                .execute(insert, &[&id, &person.email(), &stored])
                .await
                .unwrap();
        }
        set_passwords(&client).await.unwrap();
        let query = "select encrypted_password from auth.users order by id";
        let rows = client.query(query, &[]).await.unwrap();
        let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let [owner, approver, stranger] = stored.try_into().unwrap();
        assert!(owner.starts_with("$2a$"), "{owner}");
        assert_eq!(approver, own);
        assert!(stranger.starts_with("$2a$"), "{stranger}");
        set_passwords(&client).await.unwrap();
        let again: String = client.query(query, &[]).await.unwrap()[0].get(0);
        assert_eq!(again, owner, "a second start changes nothing");
        drop(client);
        database::drop(server, &name).await.unwrap();
    }
}
