//! Reads functions, views, policies, constraints, indexes, triggers and grants of a migrated database, and makes
//! mutants of them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use tokio_postgres::Client;

use super::areas::Areas;
use super::body::Body;
use super::mutant::{Mutant, Target};
use super::operators::{Operator, mutations};

/// Function of the product.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) oid: u32,
    /// Name with its schema.
    pub(super) name: String,
    /// Name with its schema and argument types, as `grant` takes it.
    pub(super) signature: String,
    pub(super) is_overloaded: bool,
    pub(super) is_plpgsql: bool,
    pub(super) returns_boolean: bool,
    pub(super) body: String,
    /// Definition from `pg_get_functiondef`.
    pub(super) definition: String,
}

/// Objects that mutants are made of.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) functions: Vec<Function>,
    changes: Vec<Change>,
    views: Vec<View>,
    policies: Vec<Policy>,
}

/// Statement that makes a mutant.
#[derive(Debug, Clone)]
pub(super) struct Change {
    operator: Operator,
    /// Changed relation or function.
    object: String,
    text: String,
    statement: String,
    target: Target,
}

#[derive(Debug)]
struct View {
    name: String,
    query: String,
}

#[derive(Debug)]
struct Policy {
    table: String,
    name: String,
    /// `using` or `with check`.
    clause: String,
    expression: String,
}

const FUNCTIONS: &str = "
  select p.oid, n.nspname || '.' || p.proname,
         format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
         count(*) over (partition by n.nspname, p.proname) > 1,
         l.lanname = 'plpgsql', p.prorettype = 'boolean'::regtype, p.prosrc, pg_catalog.pg_get_functiondef(p.oid)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
   where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and p.prokind in ('f', 'p')
     and l.lanname in ('sql', 'plpgsql')
   order by 2, 3";

const VIEWS: &str = "
  select n.nspname || '.' || c.relname, pg_catalog.pg_get_viewdef(c.oid)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind = 'v'
   order by 1";

const POLICIES: &str = "
  select n.nspname || '.' || c.relname, p.polname, k.clause, pg_catalog.pg_get_expr(k.expression, c.oid)
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   cross join lateral (values ('using', p.polqual), ('with check', p.polwithcheck)) k (clause, expression)
   where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and k.expression is not null
   order by 1, 2, 3";

/// Catalog objects that are dropped or disabled: kind, object, text, statement, function concerned.
const DROPS: &str = "
  with ours as (
    select c.oid, c.relkind, n.nspname || '.' || c.relname as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
  )
  select 'drop_policy', t.name, format('policy %s', p.polname), format('drop policy %I on %s', p.polname, t.name), null::oid
    from ours t join pg_catalog.pg_policy p on p.polrelid = t.oid
  union all
  select 'drop_row_security', t.name, 'row level security', format('alter table %s disable row level security', t.name), null
    from ours t join pg_catalog.pg_class c on c.oid = t.oid
   where c.relrowsecurity
  union all
  select 'drop_constraint', t.name, format('constraint %s', k.conname),
         format('alter table %s drop constraint %I', t.name, k.conname), null
    from ours t join pg_catalog.pg_constraint k on k.conrelid = t.oid
   where k.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 'drop_index', t.name, format('index %s', i.relname), format('drop index %I.%I', n.nspname, i.relname), null
    from ours t
    join pg_catalog.pg_index x on x.indrelid = t.oid
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    join pg_catalog.pg_namespace n on n.oid = i.relnamespace
   where x.indisunique and not exists (select from pg_catalog.pg_constraint k where k.conindid = x.indexrelid)
  union all
  select 'drop_trigger', t.name, format('trigger %s', g.tgname), format('drop trigger %I on %s', g.tgname, t.name), g.tgfoid
    from ours t join pg_catalog.pg_trigger g on g.tgrelid = t.oid
   where not g.tgisinternal
  union all
  select 'widen_rights', t.name, 'security_invoker off', format('alter view %s set (security_invoker = false)', t.name), null
    from ours t where t.relkind = 'v'
  order by 1, 2, 3";

/// Rights that a role gains or loses. A right of every role with usage of the schema is listed once.
const RIGHTS: &str = "
  with f as (
    select p.oid, n.nspname, p.prosecdef, p.proowner, n.nspname || '.' || p.proname as name,
           format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as signature,
           p.proacl as acl
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and p.prokind in ('f', 'p')
  ),
  t as (
    select c.oid, n.nspname, c.relkind, n.nspname || '.' || c.relname as name, c.relacl as acl
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and c.relkind in ('r', 'p', 'v')
  ),
  stranger (role) as (values ('anon'), ('authenticated'), ('goalpost_worker'))
  select 'grant', f.name, format('execute to %s', s.role), format('grant execute on function %s to %s', f.signature, s.role), f.oid
    from f cross join stranger s
   where not pg_catalog.has_function_privilege(s.role, f.oid, 'execute')
     -- The nearest role that must not have it.
     and s.role = case f.nspname when 'goalpost' then 'anon' else 'authenticated' end
  union all
  select 'grant', t.name, format('%s to %s', g.right, g.role), format('grant %s on %s to %s', g.right, t.name, g.role), null
    from t cross join (values ('select', 'anon'), ('select', 'authenticated'), ('insert', 'authenticated'),
                              ('update', 'authenticated'), ('delete', 'authenticated'), ('select', 'goalpost_worker'))
           g (\"right\", role)
   where not pg_catalog.has_table_privilege(g.role, t.oid, g.right)
  union all
  select 'grant', n.nspname, format('usage to %s', s.role), format('grant usage on schema %I to %s', n.nspname, s.role), null
    from pg_catalog.pg_namespace n cross join stranger s
   where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private')
     and not pg_catalog.has_schema_privilege(s.role, n.oid, 'usage')
  union all
  select 'revoke', f.name, format('execute from %s', a.grantee::regrole),
         format('revoke execute on function %s from %s', f.signature, a.grantee::regrole), f.oid
    from f cross join lateral pg_catalog.aclexplode(f.acl) a
   where a.grantee not in (0, f.proowner)
  union all
  select 'revoke', t.name, format('%s from %s', lower(a.privilege_type), a.grantee::regrole),
         format('revoke %s on %s from %s', a.privilege_type, t.name, a.grantee::regrole), null
    from t join pg_catalog.pg_class c on c.oid = t.oid cross join lateral pg_catalog.aclexplode(t.acl) a
   where a.grantee not in (0, c.relowner)
  union all
  select 'revoke', t.name, format('%s (%s) from %s', lower(a.privilege_type), k.attname, a.grantee::regrole),
         format('revoke %s (%I) on %s from %s', a.privilege_type, k.attname, t.name, a.grantee::regrole), null
    from t join pg_catalog.pg_attribute k on k.attrelid = t.oid cross join lateral pg_catalog.aclexplode(k.attacl) a
   where a.grantee <> 0
  union all
  select 'revoke', n.nspname, format('usage from %s', a.grantee::regrole),
         format('revoke usage on schema %I from %s', n.nspname, a.grantee::regrole), null
    from pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) a
   where n.nspname in ('goalpost', 'goalpost_worker', 'goalpost_private') and a.grantee not in (0, n.nspowner)
     and a.privilege_type = 'USAGE'
  union all
  select 'widen_rights', f.name, 'security definer', format('alter function %s security definer', f.signature), f.oid
    from f
   where not f.prosecdef and (pg_catalog.has_function_privilege('authenticated', f.oid, 'execute')
                              or pg_catalog.has_function_privilege('goalpost_worker', f.oid, 'execute'))
  union all
  select 'widen_rights', f.name, 'owner postgres', format('alter function %s owner to postgres', f.signature), f.oid
    from f where f.proowner <> 'postgres'::regrole
  order by 1, 2, 3";

impl Catalog {
    /// Reads the catalog of the session's database.
    ///
    /// # Errors
    /// A query fails.
    pub(super) async fn read(client: &Client) -> anyhow::Result<Self> {
        let functions = read_functions(client).await?;
        let mut changes = Vec::new();
        for query in [DROPS, RIGHTS] {
            changes.extend(read_changes(client, query, &functions).await?);
        }
        let views = client.query(VIEWS, &[]).await.context("reading views")?;
        let views = views
            .iter()
            .map(|row| View {
                name: row.get(0),
                query: row.get(1),
            })
            .collect();
        let policies = client
            .query(POLICIES, &[])
            .await
            .context("reading policies")?;
        let policies = policies
            .iter()
            .map(|row| Policy {
                table: row.get(0),
                name: row.get(1),
                clause: row.get(2),
                expression: row.get(3),
            })
            .collect();
        Ok(Self {
            functions,
            changes,
            views,
            policies,
        })
    }

    /// Returns all mutants, each with a unique identity.
    pub(super) fn mutants(&self, areas: &Areas) -> Vec<Mutant> {
        let mut made: Vec<Mutant> = Vec::new();
        made.extend(
            self.functions
                .iter()
                .flat_map(|function| of_function(function, areas)),
        );
        made.extend(self.views.iter().flat_map(of_view));
        made.extend(self.policies.iter().flat_map(of_policy));
        made.extend(self.changes.iter().map(of_change));
        number_repeated(&mut made);
        made
    }
}

async fn read_functions(client: &Client) -> anyhow::Result<Vec<Function>> {
    let rows = client
        .query(FUNCTIONS, &[])
        .await
        .context("reading functions")?;
    Ok(rows
        .iter()
        .map(|row| Function {
            oid: row.get(0),
            name: row.get(1),
            signature: row.get(2),
            is_overloaded: row.get(3),
            is_plpgsql: row.get(4),
            returns_boolean: row.get(5),
            body: row.get(6),
            definition: row.get(7),
        })
        .collect())
}

async fn read_changes(
    client: &Client,
    query: &str,
    functions: &[Function],
) -> anyhow::Result<Vec<Change>> {
    let rows = client
        .query(query, &[])
        .await
        .context("reading what can be dropped, granted or revoked")?;
    let mut changes = Vec::new();
    for row in &rows {
        let kind: String = row.get(0);
        let object: String = row.get(1);
        let oid: Option<u32> = row.get(4);
        let operator = operator_of(&kind).with_context(|| format!("{kind} is no operator"))?;
        let function = oid.and_then(|oid| functions.iter().find(|function| function.oid == oid));
        let is_of_function = matches!(
            operator,
            Operator::Grant | Operator::Revoke | Operator::WidenRights
        );
        let target = match function {
            Some(function) if is_of_function => Target::FunctionRights(function.name.clone()),
            Some(function) => Target::Trigger {
                table: object.clone(),
                function: function.name.clone(),
            },
            None => Target::Relation(object.clone()),
        };
        let object = function
            .filter(|_| is_of_function)
            .map_or(object, |function| function.object());
        changes.push(Change {
            operator,
            object,
            text: row.get(2),
            statement: row.get(3),
            target,
        });
    }
    Ok(changes)
}

fn operator_of(name: &str) -> Option<Operator> {
    Operator::ALL
        .into_iter()
        .find(|operator| operator.name() == name)
}

impl Function {
    /// Returns the name in lists: with argument types only where the name alone is ambiguous.
    pub(super) fn object(&self) -> String {
        if self.is_overloaded {
            self.signature.clone()
        } else {
            self.name.clone()
        }
    }

    /// Returns the statement that replaces its body.
    pub(super) fn with_body(&self, body: &str) -> Option<String> {
        let at = self.definition.rfind(&self.body)?;
        let before = self.definition.get(..at)?;
        let after = self.definition.get(at + self.body.len()..)?;
        Some(format!("{before}{body}{after}"))
    }
}

fn of_function(function: &Function, areas: &Areas) -> Vec<Mutant> {
    let body = Body::read(
        &function.body,
        function.is_plpgsql,
        function.returns_boolean,
    );
    let area = areas.of(&function.name);
    mutations(&body)
        .into_iter()
        .filter_map(|mutation| {
            Some(Mutant {
                statement: function.with_body(&mutation.apply(&function.body))?,
                object: function.object(),
                area: area.clone(),
                operator: mutation.operator,
                text: mutation.text,
                occurrence: 1,
                target: Target::Function(function.name.clone()),
            })
        })
        .collect()
}

fn of_view(view: &View) -> Vec<Mutant> {
    let body = Body::read(&view.query, false, false);
    mutations(&body)
        .into_iter()
        .map(|mutation| Mutant {
            statement: format!(
                "create or replace view {} with (security_invoker = true) as {}",
                view.name,
                mutation.apply(&view.query)
            ),
            object: view.name.clone(),
            area: "views".to_owned(),
            operator: mutation.operator,
            text: mutation.text,
            occurrence: 1,
            target: Target::Relation(view.name.clone()),
        })
        .collect()
}

fn of_policy(policy: &Policy) -> Vec<Mutant> {
    let body = Body::read(&policy.expression, false, false);
    let altered = |operator, text, expression: &str| Mutant {
        statement: format!(
            "alter policy {} on {} {} ({expression})",
            policy.name, policy.table, policy.clause
        ),
        object: policy.table.clone(),
        area: "access".to_owned(),
        operator,
        text: format!("{}: {text}", policy.name),
        occurrence: 1,
        target: Target::Relation(policy.table.clone()),
    };
    let mut made = vec![altered(
        Operator::WidenPolicy,
        format!("{} (true)", policy.clause),
        "true",
    )];
    made.extend(mutations(&body).into_iter().map(|mutation| {
        altered(
            mutation.operator,
            mutation.text.clone(),
            &mutation.apply(&policy.expression),
        )
    }));
    made
}

fn of_change(change: &Change) -> Mutant {
    let is_constraint = matches!(
        change.operator,
        Operator::DropConstraint | Operator::DropIndex | Operator::DropTrigger
    );
    Mutant {
        object: change.object.clone(),
        area: if is_constraint {
            "constraints"
        } else {
            "access"
        }
        .to_owned(),
        operator: change.operator,
        text: change.text.clone(),
        occurrence: 1,
        statement: change.statement.clone(),
        target: change.target.clone(),
    }
}

/// Numbers mutants of the same text in one function: the second gets the number 2.
fn number_repeated(mutants: &mut [Mutant]) {
    let mut seen: BTreeMap<(String, Operator, String), usize> = BTreeMap::new();
    for mutant in mutants {
        let key = (mutant.object.clone(), mutant.operator, mutant.text.clone());
        let count = seen.entry(key).or_default();
        *count += 1;
        mutant.occurrence = *count;
    }
}
