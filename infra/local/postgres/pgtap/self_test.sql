-- Every function of the stand-in, passing and failing. Run on the real pgTAP and on the stand-in, the output is
-- the same text: self_test.expected. The failing ones are meant to fail.
begin;

select plan(54);

create temporary table fruit (id integer primary key, name text);
insert into fruit values (1, 'apple'), (2, 'pear'), (3, null);
prepare all_fruit as select id, name from fruit order by id;

select pass('pass passes');
select pass();
select fail('fail fails');
select fail();
select ok(true, 'ok with true');
select ok(false, 'ok with false');
select ok(null, 'ok with null');
select ok(true);
select ok(true, 'a # in the description');
select ok(false, E'two lines\nof description');
select is(1, 1, 'is with equals');
select is(1, 2, 'is with different numbers');
select is('a'::text, 'b', 'is with different texts');
select is(null::text, null, 'is with two nulls');
select is('a'::text, null, 'is with one null');
select is(null::integer, 3, 'is with the other null');
select is(1, 1);
select isnt(1, 2, 'isnt with different numbers');
select isnt(1, 1, 'isnt with equals');
select isnt(null::text, null, 'isnt with two nulls');
select isnt('a'::text, null);
select matches('a long text'::text, '^a .* text$', 'matches matches');
select matches('a long text'::text, '^b', 'matches does not match');
select alike('a long text'::text, 'a % text', 'alike is alike');
select alike('a long text'::text, 'b%', 'alike is not alike');
select throws_ok('select 1 / 0', '22012', 'division by zero', 'throws_ok with code and message');
select throws_ok('select 1 / 0', '22012', null, 'throws_ok with the code alone');
select throws_ok('select 1 / 0', null, 'division by zero', 'throws_ok with the message alone');
select throws_ok('select 1 / 0', '22012');
select throws_ok('select 1 / 0', 'division by zero');
select throws_ok('select 1 / 0', '22012', 'division by zero');
select throws_ok('select 1 / 0');
select throws_ok('select 1 / 0', '42501', null, 'throws_ok with another code');
select throws_ok('select 1 / 0', '22012', 'other words', 'throws_ok with another message');
select throws_ok('select 1', '22012', null, 'throws_ok without an error');
select throws_ok('select 1', 'no error at all');
select lives_ok('select 1', 'lives_ok lives');
select lives_ok('select 1 / 0', 'lives_ok dies');
select lives_ok('select 1');
select results_eq('all_fruit', 'select id, name from fruit order by id', 'results_eq with equals');
select results_eq('select id from fruit order by id', 'values (1), (5), (3)', 'results_eq with another value');
select results_eq('select id from fruit order by id', 'values (1), (2)', 'results_eq with a row too many');
select results_eq('select id from fruit where id > 3', 'values (7)', 'results_eq with a row too few');
select results_eq('select id from fruit order by id', array[1, 2, 3], 'results_eq with an array');
select results_eq('all_fruit', 'values (1), (2)', 'results_eq with another number of columns');
select results_eq('select 1', 'select 1');
select set_eq('select id from fruit', 'values (3), (2), (1), (1)', 'set_eq ignores order and repetition');
select set_eq('select id from fruit', array[3, 2, 1], 'set_eq with an array');
select set_eq('select id from fruit', 'values (1), (2), (4)', 'set_eq with other rows');
select is_empty('select id from fruit where id > 3', 'is_empty with no rows');
select is_empty('select id, name from fruit where id < 3 order by id', 'is_empty with rows');
select isnt_empty('all_fruit', 'isnt_empty with rows');
select isnt_empty('select id from fruit where id > 3', 'isnt_empty with no rows');
select isnt_empty('select 1');
select diag('one line');
select diag(E'two\nlines');
select * from finish();

rollback;

begin;
select plan(3);
select pass('one of three');
select * from finish();
rollback;

begin;
select plan(1);
select pass('one of one');
select pass('two of one');
select * from finish();
rollback;

begin;
select plan(1);
select fail('one fails');
select * from finish();
rollback;

begin;
select * from no_plan();
select pass('nobody planned this');
select * from finish();
rollback;

begin;
select plan(1);
select pass('all is well');
select * from finish();
rollback;
