-- A question that goes on, an analysis that has ended and one of another workspace are not the analysis under way.
begin;
select plan(4);
select tests.world(false);

create function pg_temp.start(p_person text, p_workspace text) returns jsonb language sql as $$
  select tests.json_for(p_person, format('select goalpost.start_analysis(%L)', tests.id_of(p_workspace))) $$;
select is(pg_temp.start('petra', 'acme') -> 'started', 'true', 'the first one is opened');
select tests.do_complete((select max(run_id) from goalpost.steps where kind = 'analyze'), 'analyze', '{"text": "t", "improvements": []}');
select tests.json_for('mia', format('select goalpost.accept_request(%L, ''How many?'')', tests.id_of('acme')));
select is(pg_temp.start('sam', 'elsewhere') -> 'started', 'true', 'another workspace has its own');
select tests.set('second', (pg_temp.start('petra', 'acme') ->> 'request_id')::bigint);
select is(pg_temp.start('adam', 'acme'), jsonb_build_object('request_id', tests.get('second'), 'started', false), 'the second one is under way');
select is((select count(*) from goalpost.steps where kind = 'analyze'), 3::bigint, 'three were opened in all');

select * from finish();
rollback;
