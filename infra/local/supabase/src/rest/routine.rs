//! The signatures of the database's functions.
//!
//! Signatures and role settings are cached until `NOTIFY pgrst`. A call that fits none of the cached signatures, or
//! whose function is gone, is looked up once more.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};
use tokio_postgres::Row;

/// One parameter of a function.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// Schema-qualified and quoted, safe in SQL under any search path.
    pub(super) sql_type: String,
    /// The type's name in messages.
    shown_type: String,
    required: bool,
    pub(super) variadic: bool,
}

/// The result type of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Returns {
    pub(super) set: bool,
    pub(super) composite: bool,
    pub(super) void: bool,
}

/// One function of an exposed schema.
#[derive(Clone, Debug)]
pub(super) struct Routine {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) returns: Returns,
    pub(super) volatile: bool,
    /// Its own `set statement_timeout` and isolation, which apply to the whole transaction.
    pub(super) settings: Settings,
}

/// Names and values of settings.
pub(super) type Settings = Vec<(String, String)>;

/// The functions of one name.
type Overloads = Arc<Vec<Arc<Routine>>>;

/// The cache of signatures and settings.
#[derive(Default)]
pub(super) struct Cache {
    routines: RwLock<HashMap<(String, String), Overloads>>,
    roles: RwLock<HashMap<String, Arc<Settings>>>,
}

const OVERLOADS: &str = "
select p.proname::text as name
     , n.nspname::text as schema
     , p.provolatile = 'v' as volatile
     , p.proretset as returns_set
     , p.prorettype = 'pg_catalog.void'::pg_catalog.regtype as returns_void
     , t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false) as returns_composite
     , p.provariadic <> 0 as variadic
     , p.pronargdefaults::int as default_count
     , coalesce(p.proconfig, '{}') as settings
     , coalesce((select pg_catalog.array_agg(coalesce(a.name, '') order by a.position)
                   from rows from (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes::text[]))
                        with ordinality as a(name, mode, position)
                  where coalesce(a.mode, 'i') in ('i', 'b', 'v')), '{}')::text[] as names
     , coalesce((select pg_catalog.array_agg(pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(pt.typname) order by a.position)
                   from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality as a(type, position)
                   join pg_catalog.pg_type pt on pt.oid = a.type
                   join pg_catalog.pg_namespace tn on tn.oid = pt.typnamespace), '{}')::text[] as types
     , coalesce((select pg_catalog.array_agg(pg_catalog.format_type(a.type, null) order by a.position)
                   from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality as a(type, position)), '{}')::text[] as shown_types
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_type t on t.oid = p.prorettype
 where n.nspname = $1::text and p.proname = $2::text and p.prokind = 'f'
 order by p.oid";

/// Settings of a role from `alter role … set`, as far as an ordinary session may set them.
const ROLE_SETTINGS: &str = "
select pg_catalog.split_part(c.entry, '=', 1) as name
     , pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1) as value
  from pg_catalog.pg_roles r, pg_catalog.unnest(r.rolconfig) as c(entry)
 where r.rolname = $1::text
   and exists (select from pg_catalog.pg_settings s
                where s.name = pg_catalog.split_part(c.entry, '=', 1) and s.context = 'user')
 order by 1";

/// The settings of a function that apply to the transaction around it.
const HOISTED: [&str; 2] = ["statement_timeout", "default_transaction_isolation"];

impl Cache {
    /// Clears the cache; the next requests read again.
    pub(super) fn clear(&self) {
        self.routines
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.roles
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Removes the functions of one name.
    pub(super) fn forget(&self, schema: &str, name: &str) {
        let mut routines = self
            .routines
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        routines.remove(&(schema.to_owned(), name.to_owned()));
    }

    /// Returns every function of that name.
    pub(super) async fn overloads(
        &self,
        client: &deadpool_postgres::Client,
        schema: &str,
        name: &str,
    ) -> Result<Overloads, tokio_postgres::Error> {
        let key = (schema.to_owned(), name.to_owned());
        let known = self
            .routines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let statement = client.prepare_cached(OVERLOADS).await?;
        let rows = client.query(&statement, &[&schema, &name]).await?;
        let found = rows.iter().map(|row| routine(row).map(Arc::new));
        let found = Arc::new(found.collect::<Result<Vec<_>, _>>()?);
        if !found.is_empty() {
            let mut routines = self
                .routines
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            routines.insert(key, Arc::clone(&found));
        }
        Ok(found)
    }

    /// Returns the settings of a role.
    pub(super) async fn role_settings(
        &self,
        client: &deadpool_postgres::Client,
        role: &str,
    ) -> Result<Arc<Settings>, tokio_postgres::Error> {
        let known = self
            .roles
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(role)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let statement = client.prepare_cached(ROLE_SETTINGS).await?;
        let rows = client.query(&statement, &[&role]).await?;
        let settings = rows
            .iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("value")?)));
        let settings = Arc::new(settings.collect::<Result<Vec<_>, tokio_postgres::Error>>()?);
        let mut roles = self.roles.write().unwrap_or_else(PoisonError::into_inner);
        roles.insert(role.to_owned(), Arc::clone(&settings));
        Ok(settings)
    }
}

fn routine(row: &Row) -> Result<Routine, tokio_postgres::Error> {
    let names: Vec<String> = row.try_get("names")?;
    let types: Vec<String> = row.try_get("types")?;
    let shown_types: Vec<String> = row.try_get("shown_types")?;
    let default_count: i32 = row.try_get("default_count")?;
    let variadic: bool = row.try_get("variadic")?;
    let count = types.len();
    let required = count.saturating_sub(usize::try_from(default_count).unwrap_or_default());
    // A function without any names has no array of them.
    let names = names.into_iter().chain(std::iter::repeat(String::new()));
    let parameters = names.zip(types).zip(shown_types).enumerate();
    let parameters = parameters.map(|(position, ((name, sql_type), shown_type))| Parameter {
        name,
        sql_type,
        shown_type,
        required: position < required,
        variadic: variadic && position + 1 == count,
    });
    let settings: Vec<String> = row.try_get("settings")?;
    let settings = settings
        .iter()
        .filter_map(|setting| setting.split_once('='));
    let settings = settings.filter(|(name, _)| HOISTED.contains(name));
    Ok(Routine {
        schema: row.try_get("schema")?,
        name: row.try_get("name")?,
        parameters: parameters.collect(),
        returns: Returns {
            set: row.try_get("returns_set")?,
            composite: row.try_get("returns_composite")?,
            void: row.try_get("returns_void")?,
        },
        volatile: row.try_get("volatile")?,
        settings: settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
}

impl Routine {
    /// Returns true if the whole body goes to its only, unnamed json parameter.
    pub(super) fn takes_the_whole_body(&self) -> bool {
        match self.parameters.as_slice() {
            [only] => only.name.is_empty() && matches!(only.shown_type.as_str(), "json" | "jsonb"),
            _ => false,
        }
    }

    /// Returns true if its parameter names fit the given names.
    pub(super) fn accepts(&self, given: &BTreeSet<&str>) -> bool {
        let known = |name: &str| {
            self.parameters
                .iter()
                .any(|parameter| parameter.name == name)
        };
        let present = |parameter: &&Parameter| given.contains(parameter.name.as_str());
        given.iter().all(|name| known(name))
            && self
                .parameters
                .iter()
                .filter(|parameter| parameter.required)
                .all(|p| present(&p))
    }

    /// Returns its name for messages.
    pub(super) fn shown(&self) -> String {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|p| format!("{} => {}", p.name, p.shown_type));
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        format!("{}.{}({parameters})", self.schema, self.name)
    }
}
