-- The name of a workspace is readable: not empty, not too long, without hidden characters, when created and when changed.
begin;
select * from no_plan();
select tests.world();
create function pg_temp.made(p_name text) returns text language sql as $$ select tests.refusal_for('sam', format('select goalpost.create_workspace(%L)', p_name)) $$;
create function pg_temp.renamed(p_name text, p_person text default 'adam') returns text language sql as $$
  select tests.refusal_for(p_person, format('select goalpost.set_workspace_settings(%L, %L)', tests.id_of('acme'), jsonb_build_object('name', p_name))) $$;
select is(pg_temp.made(n) || ' ' || pg_temp.renamed(n), 'ZG003 ZG003', format('the name %s is refused', to_json(n)))
  from unnest(array['', ' ', U&'\00A0\2003', repeat('x', 201), E'a\nb', E'a\x1b[31mb', U&'a\202Eb', U&'a\200Bb', U&'a\FEFFb', U&'a\00ADb', U&'a\061Cb', U&'a\2029b', U&'a\2060b', U&'a\200Eb', U&'a\200Fb', U&'a\0085b', U&'a\007Fb', null]) n;
select is(pg_temp.made(n) || ' ' || pg_temp.renamed(n), 'none none', format('the name %s is accepted', n)) from unnest(array[U&'\0645\06CC\200C\062E', U&'\D83D\DC69\200D\D83D\DCBB', 'x', repeat('x', 200)]) n;
select is(pg_temp.made(U&' \2003Büro 7 \00A0'), 'none', 'a name is accepted with white space around it');
select isnt_empty($$ select from goalpost.workspaces where name = 'Büro 7' $$, 'it is stored without it');
select is(pg_temp.renamed(' Acme & Söhne '), 'none', 'an admin renames a workspace');
select is((select name from goalpost.workspaces where id = tests.id_of('acme')), 'Acme & Söhne', 'the new name is stored without white space around it');
select is(pg_temp.renamed('x', 'petra'), 'ZG002', 'an approver may not rename it');
select is(tests.json_for('adam', format('select goalpost.set_workspace_settings(%L, ''{"webhooks_signed": true}'')', tests.id_of('acme'))),
          '{"name": "Acme & Söhne", "webhooks_signed": true, "time_zone": "UTC", "currency": null, "common_values": true, "learning": "propose", "analysis_seconds": 3600, "retention_days": 365}', 'webhooks can be required to be signed');
select is(tests.refusal_for('adam', format('select goalpost.set_workspace_settings(%L, %L)', tests.id_of('acme'), s)), 'ZG003', format('%s is refused', s)) from unnest(array['{"webhooks_signed": "yes"}', '{"webhooks_signed": null}', '{"name": 7}']) s;
select is(tests.refusal_for('adam', format('select goalpost.set_tool_policy(%L, %L, %L, ''deny'', %L)', tests.id_of('acme'), n, t, a)), 'ZG003', 'a policy with hidden characters is refused')
  from (values (U&'a\202Eb', 'sql', null), ('p', U&'s\200Bql', null), ('p', 'sql', U&'a\2066'), ('p', 'sql', '')) d (n, t, a);
select is(tests.refusal_for('adam', format('select goalpost.set_rate_limit(%L, ''tool'', %L, 1)', tests.id_of('acme'), U&'s\200Bql')), 'ZG003', 'a limit of a name with hidden characters is refused');
select * from finish();
rollback;
