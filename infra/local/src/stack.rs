//! The whole local stack in one value: Postgres, its REST, Auth and Storage surface, the Lambda host with the
//! functions, pg_net's worker, pg_cron's clock, and the schedules outside the database.
//!
//! `goalpost up`, `goalpost demo` and the tests of the whole system start this one. It contains nothing about goals and
//! steps: it connects the parts as a deployment would, and the migrations and the functions are those that are
//! deployed.

mod callers;
mod data;
mod fault_controls;
mod functions;
mod gateway;
mod limits;
mod mail;
mod options;
mod people;
mod shared_secrets;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Value;

pub use data::make as make_database;
pub use gateway::STATUS_PATH;
pub use limits::{FunctionLimits, Sandboxes};
pub use options::{
    DATABASE, DatabaseChoice, MODEL_VARIABLES, Port, ServerChoice, StackOptions, Switch, Transport,
    given,
};
pub use people::{DEMO_WORKSPACE, LOCAL_PASSWORD, Person};

use crate::home::Home;
use crate::keys::ProjectKeys;
use crate::lambda::{Host, InvocationType, Reply};
use crate::pg_net::PgNetWorker;
use crate::postgres::{self, Purpose, Server};
use crate::{auth, binaries, rest, storage};
use callers::Callers;
use functions::Functions;
use gateway::Gateway;
use shared_secrets::Secrets;

/// The schemas that the REST surface exposes: as in `supabase/config.toml`.
pub const EXPOSED_SCHEMAS: [&str; 3] = ["public", "goalpost", "goalpost_worker"];
/// The lifetime of a person's token that is signed here; Supabase's default.
const PERSON_TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// A running stack. [`Stack::stop`] ends it in order; dropping it ends what can be ended without waiting.
pub struct Stack {
    // The order of the fields is the order in which a drop ends them: callers first, called parts last.
    callers: Callers,
    functions: Functions,
    gateway: Gateway,
    mail: Option<mail::MailServer>,
    rest: rest::Rest,
    storage: storage::Storage,
    keys: ProjectKeys,
    webhook_secret: SecretString,
    database: String,
    database_choice: DatabaseChoice,
    log_folder: PathBuf,
    objects_folder: PathBuf,
    server: HeldServer,
}

/// The server, which only its owner stops.
enum HeldServer {
    Kept(Arc<Server>),
    Throwaway(Arc<Server>),
    Shared(&'static Server),
}

impl HeldServer {
    async fn start(options: &StackOptions, home: &Home) -> anyhow::Result<Self> {
        let start = async |purpose| {
            Server::start_with(home, purpose, &options.postgres_settings, &options.progress)
                .await
                .map(Arc::new)
        };
        match options.server {
            ServerChoice::Stack => Ok(Self::Kept(start(Purpose::Stack).await?)),
            ServerChoice::Throwaway => Ok(Self::Throwaway(start(Purpose::Tests).await?)),
            ServerChoice::SharedByTests => Ok(Self::Shared(Server::shared_by_tests().await?)),
        }
    }

    fn get(&self) -> &Server {
        match self {
            Self::Kept(server) | Self::Throwaway(server) => server,
            Self::Shared(server) => server,
        }
    }
}

impl Stack {
    /// Starts all parts that the options select. When it returns, the API answers and questions are worked on.
    ///
    /// # Errors
    /// The cause that keeps a part from starting, with advice. Nothing is left running then.
    pub async fn start(options: StackOptions) -> anyhow::Result<Self> {
        let progress = &options.progress;
        let home = match &options.home {
            Some(home) => home.clone(),
            None => Home::open()?,
        };
        // Building is limited by the processor, Postgres by the disk and the network: concurrently they take as long as
        // the longer of the two.
        let (server, binaries) = futures::try_join!(HeldServer::start(&options, &home), async {
            match &options.binaries {
                Some(binaries) => Ok(binaries.clone()),
                None if options.transport == Transport::Queue => {
                    binaries::deployed(&home, progress).await
                }
                None => binaries::functions(&home, progress).await,
            }
        },)?;
        let phase = progress.phase("Preparing the database");
        let database = data::prepare(server.get(), &options.database).await?;
        phase.done();
        let phase = progress.phase("Starting the stack");
        let stack = Self::assemble(options.clone(), &home, server, database, &binaries).await?;
        phase.done();
        Ok(stack)
    }

    async fn assemble(
        mut options: StackOptions,
        home: &Home,
        server: HeldServer,
        database: String,
        binaries: &binaries::Binaries,
    ) -> anyhow::Result<Self> {
        let held = server.get();
        let keys = options.keys.clone().unwrap_or_else(ProjectKeys::generate);
        let owner_url = held.url("postgres", &database);
        // The address comes first: the functions and the database receive it.
        let listener = gateway::listen(options.port).await?;
        let url = format!(
            "http://{}",
            listener
                .local_addr()
                .context("asking for the gateway's port")?
        );
        let mail = match options.mail {
            Switch::On => Some(mail::MailServer::start().await?),
            Switch::Off => None,
        };
        if let Some(server) = &mail {
            let given = options.environment.get("GOALPOST_PRIVATE_HOSTS");
            let variables = mail::variables(server, given, DEMO_WORKSPACE);
            options.environment.extend(variables);
            options.email_api_key = Some(server.key.clone());
        }
        let secrets = Secrets::of(&options);
        let log_folder = data::log_folder(home, &options.database, &database);
        let functions =
            Functions::start(&options, &url, &keys, &secrets, binaries, &log_folder).await?;

        let rest_config = rest::RestConfig::new(
            &held.url("authenticator", &database),
            &EXPOSED_SCHEMAS,
            keys.clone(),
        );
        let rest = rest::Rest::start(rest_config)?;
        let auth = auth::router(auth::AuthConfig {
            database_url: owner_url,
            keys: keys.clone(),
        });
        let objects_folder = data::objects_folder(home, &database);
        let storage = storage::Storage::start(storage::StorageConfig::new(
            held.url("supabase_storage_admin", &database),
            objects_folder.clone(),
            keys.clone(),
        ))?;
        let queues = functions.queues.router();
        let gateway = Gateway::start(
            listener,
            rest.router().merge(auth).merge(storage.router()),
            &functions.host,
            queues,
            &keys,
            options.faults.as_deref(),
        )?;

        let client = held.connect("postgres", &database).await?;
        data::connect_functions(&client, &url, &secrets, &options).await?;
        people::set_passwords(&client).await?;
        if mail.is_some() {
            people::allow_mail(&client).await?;
        }
        let callers = Callers::start(&options, held, &database, &functions.host).await?;
        Ok(Self {
            callers,
            functions,
            gateway,
            mail,
            rest,
            storage,
            keys,
            webhook_secret: secrets.webhook,
            database,
            database_choice: options.database,
            log_folder,
            objects_folder,
            server,
        })
    }

    /// Returns the project's address, as `SUPABASE_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.gateway.url
    }

    /// Returns the URL of a function for calls from outside.
    #[must_use]
    pub fn function_url(&self, function: &str) -> String {
        gateway::function_url(self.url(), function)
    }

    /// Returns the page that shows the mails which the stack has sent, unless a provider sends them.
    #[must_use]
    pub fn mail_page(&self) -> Option<String> {
        self.mail.as_ref().map(mail::MailServer::page)
    }

    /// Returns the key for public places.
    #[must_use]
    pub fn publishable_key(&self) -> &str {
        self.keys.publishable_key()
    }

    /// Returns all keys of the project.
    #[must_use]
    pub fn keys(&self) -> &ProjectKeys {
        &self.keys
    }

    /// Signs a token of one of the demonstration people, valid for an hour.
    #[must_use]
    pub fn token(&self, person: Person) -> SecretString {
        self.keys
            .mint_user_token(person.id(), person.email(), PERSON_TOKEN_LIFE)
    }

    /// Returns the secret of the header `x-webhook-secret`, with which webhooks of the dashboard are authenticated.
    #[must_use]
    pub fn webhook_secret(&self) -> &SecretString {
        &self.webhook_secret
    }

    /// Opens a session as `postgres`, which owns the database.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn admin_db(&self) -> anyhow::Result<tokio_postgres::Client> {
        self.server().connect("postgres", &self.database).await
    }

    /// Returns a connection string: `postgres`, `authenticator`, or the superuser `supabase_admin`.
    #[must_use]
    pub fn database_url(&self, role: &str) -> String {
        self.server().url(role, &self.database)
    }

    /// Returns the database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Returns the server of the database.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.get()
    }

    /// Returns the REST surface, with the counts and durations of calls.
    #[must_use]
    pub fn rest(&self) -> &rest::Rest {
        &self.rest
    }

    /// Returns the Lambda host: figures, logs, and invocations of any kind.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.functions.host
    }

    /// Returns the folder of the functions' logs.
    #[must_use]
    pub fn log_folder(&self) -> &std::path::Path {
        &self.log_folder
    }

    /// Returns the number of wakes of pg_net's worker so far.
    #[must_use]
    pub fn pg_net_wakes(&self) -> u64 {
        self.callers.pg_net.as_ref().map_or(0, PgNetWorker::wakes)
    }

    /// Takes pg_net's worker, if it runs: a test may kill it.
    pub fn take_pg_net(&mut self) -> Option<PgNetWorker> {
        self.callers.pg_net.take()
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// It was refused, failed, or returned an answer that is not JSON.
    pub async fn invoke(&self, function: &str, payload: &Value) -> anyhow::Result<Value> {
        let payload = Bytes::from(payload.to_string());
        let invoked = self
            .functions
            .host
            .invoke(function, payload, InvocationType::RequestResponse)
            .await;
        match invoked
            .with_context(|| format!("invoking {function}"))?
            .reply
        {
            Reply::Payload(answer) => serde_json::from_slice(&answer)
                .with_context(|| format!("{function} answered no JSON")),
            Reply::FunctionError(error) => {
                bail!("{function} failed: {}", String::from_utf8_lossy(&error))
            }
            Reply::Accepted | Reply::DryRun => bail!("{function} was not waited for"),
        }
    }

    /// Ends all parts and waits until nothing is left running. A cloned database is dropped with its stack or its
    /// server.
    ///
    /// # Errors
    /// Postgres does not stop, or the clone cannot be dropped.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.callers.stop_clocks().await;
        // First the functions, which may be in the middle of a call to the gateway; expired leases return their steps.
        self.functions.stop().await;
        self.callers.stop_pg_net().await;
        self.gateway.stop().await;
        self.rest.stop().await;
        self.storage.stop();
        if self.database_choice == DatabaseChoice::Clone {
            let _ = std::fs::remove_dir_all(&self.log_folder);
            let _ = std::fs::remove_dir_all(&self.objects_folder);
        }
        match self.server {
            // Its databases end with it when the process ends; dropping each would cost a checkpoint.
            HeldServer::Shared(_) => Ok(()),
            HeldServer::Kept(server) if self.database_choice == DatabaseChoice::Clone => {
                postgres::database::drop(&server, &self.database).await?;
                tokio::task::spawn_blocking(move || server.stop())
                    .await
                    .context("stopping Postgres")?
            }
            HeldServer::Kept(server) => tokio::task::spawn_blocking(move || server.stop())
                .await
                .context("stopping Postgres")?,
            // A cluster that is removed at once need not write its data first.
            HeldServer::Throwaway(server) => tokio::task::spawn_blocking(move || drop(server))
                .await
                .context("stopping Postgres"),
        }
    }
}
