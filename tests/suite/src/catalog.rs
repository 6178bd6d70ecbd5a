//! Text form of all objects that Goalpost's SQL defines in a database, so that two databases can be compared.

use std::collections::BTreeSet;

use tokio_postgres::Client;

/// One query per kind of object; each returns a text that names the object and contains its whole definition.
const QUERIES: [(&str, &str); 13] = [
    (
        "schemas",
        "select format('schema %s owner %s acl %s', n.nspname, n.nspowner::regrole,
                array(select a::text from unnest(n.nspacl) a order by 1))
           from pg_namespace n where n.nspname like 'goalpost%'",
    ),
    (
        "relations",
        "select format('relation %s kind %s owner %s options %s rls %s %s acl %s', c.oid::regclass, c.relkind,
                c.relowner::regrole, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
                array(select a::text from unnest(c.relacl) a order by 1))
           from pg_class c where c.relnamespace::regnamespace::text like 'goalpost%' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'c')",
    ),
    (
        "views",
        "select format('view %s as %s', c.oid::regclass, pg_get_viewdef(c.oid))
           from pg_class c where c.relnamespace::regnamespace::text like 'goalpost%' and c.relkind in ('v', 'm')",
    ),
    (
        "columns",
        "select format('column %s.%s at %s type %s not null %s identity %s generated %s default %s acl %s',
                c.oid::regclass, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
                array(select x::text from unnest(a.attacl) x order by 1))
           from pg_class c
           join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
          where c.relnamespace::regnamespace::text like 'goalpost%' and c.relkind in ('r', 'p', 'v', 'm', 'c')",
    ),
    (
        "constraints",
        "select format('constraint %s on %s: %s', k.conname, k.conrelid::regclass, pg_get_constraintdef(k.oid))
           from pg_constraint k
          where k.connamespace::regnamespace::text like 'goalpost%' and k.contype <> 'n'",
    ),
    (
        "indexes",
        "select pg_get_indexdef(i.indexrelid)
           from pg_index i join pg_class c on c.oid = i.indexrelid
          where c.relnamespace::regnamespace::text like 'goalpost%'",
    ),
    (
        "functions",
        "select format('owner %s acl %s: %s', p.proowner::regrole,
                array(select a::text from unnest(p.proacl) a order by 1), pg_get_functiondef(p.oid))
           from pg_proc p where p.pronamespace::regnamespace::text like 'goalpost%' and p.prokind in ('f', 'p')",
    ),
    (
        "triggers",
        "select format('%s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
           from pg_trigger t join pg_class c on c.oid = t.tgrelid
          where c.relnamespace::regnamespace::text like 'goalpost%' and not t.tgisinternal",
    ),
    (
        "policies",
        "select format('policy %s on %s.%s %s for %s to %s using %s check %s', policyname, schemaname, tablename,
                permissive, cmd, roles, qual, with_check)
           from pg_policies where schemaname like 'goalpost%' or schemaname = 'storage'",
    ),
    (
        "publications",
        "select format('publication %s of %s.%s', pubname, schemaname, tablename)
           from pg_publication_tables where schemaname like 'goalpost%'",
    ),
    (
        "schedules",
        "select format('schedule %s %s: %s', jobname, schedule, command) from cron.job",
    ),
    (
        "comments",
        "select format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
           from pg_description d
           cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
          where o.schema like 'goalpost%'",
    ),
    (
        "built-in rows",
        "select format('row %s: %s', t.name, t.row) from (
           select 'agents' as name, to_jsonb(x) - 'created_at' as row from goalpost.agents x
           union all select 'tools', to_jsonb(x) from goalpost.tools x
           union all select 'runbooks', to_jsonb(x) - 'created_at' from goalpost.runbooks x
           union all select 'model_prices', to_jsonb(x) from goalpost.model_prices x
           union all select 'embedding_spaces', to_jsonb(x) - 'created_at' from goalpost.embedding_spaces x
           union all select 'limits', to_jsonb(x) from goalpost_private.limits x) t",
    ),
];

/// Reads the definitions of all objects in the schemas `goalpost*`, and the rows that come with them.
///
/// # Errors
/// The database does not answer.
pub async fn read(client: &Client) -> anyhow::Result<BTreeSet<String>> {
    let mut lines = BTreeSet::new();
    for (kind, query) in QUERIES {
        let rows = client.query(query, &[]).await?;
        anyhow::ensure!(!rows.is_empty(), "the database contains no {kind}");
        lines.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    Ok(lines)
}
