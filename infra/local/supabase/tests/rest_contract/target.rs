//! The target of the contract: a project named in the environment, or a gateway started here.

use anyhow::Context as _;
use local_postgres::{Server, database};
use local_supabase::{
    keys::ProjectKeys,
    rest::{Rest, RestConfig, serve},
};
use secrecy::ExposeSecret as _;
use std::{env, time::Duration};
use tokio::net::TcpListener;

pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) publishable_key: String,
    pub(crate) secret_key: String,
    pub(crate) user_token: String,
    local: Option<(Rest, String)>,
}

impl Target {
    pub(crate) async fn open() -> anyhow::Result<Self> {
        match env::var("SUPABASE_URL").ok().filter(|url| !url.is_empty()) {
            Some(url) => Self::named(&url),
            None => Self::local().await,
        }
    }

    fn named(url: &str) -> anyhow::Result<Self> {
        let var = |name: &str| {
            env::var(name).with_context(|| format!("SUPABASE_URL is set, so set {name} too"))
        };
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            publishable_key: var("SUPABASE_PUBLISHABLE_KEY")?,
            secret_key: var("SUPABASE_SECRET_KEY")?,
            user_token: var("SUPABASE_USER_TOKEN")?,
            local: None,
        })
    }

    async fn local() -> anyhow::Result<Self> {
        let server = Server::shared_by_tests().await?;
        let name = format!("rest_contract_{}", uuid::Uuid::new_v4().simple());
        database::create_empty(server, &name).await?;
        let owner = server.connect("postgres", &name).await?;
        owner.batch_execute(include_str!("schema.sql")).await?;
        let keys = ProjectKeys::generate();
        let address = server.url("authenticator", &name);
        let rest = Rest::start(RestConfig::new(
            &address,
            &["public", "contract_other"],
            keys.clone(),
        ))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(serve(listener, rest.router(), std::future::pending()));
        let user = uuid::Uuid::from_u128(0x4000_8000_0000_0000_0001);
        let token = keys.mint_user_token(user, "ada@example.com", Duration::from_secs(600));
        Ok(Self {
            url,
            publishable_key: keys.publishable_key().to_owned(),
            secret_key: keys.secret_key().expose_secret().to_owned(),
            user_token: token.expose_secret().to_owned(),
            local: Some((rest, name)),
        })
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let Some((rest, name)) = self.local else {
            return Ok(());
        };
        rest.stop().await;
        database::drop(Server::shared_by_tests().await?, &name).await
    }
}
