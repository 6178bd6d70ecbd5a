-- What the REST contract is tried on. Apply it to a project before running the contract against it:
--   psql "$DATABASE_URL" -f infra/local/supabase/tests/rest_contract/schema.sql
-- and expose the schema contract_other beside public.

drop schema if exists contract_other cascade;
create schema contract_other;
grant usage on schema contract_other to anon, authenticated, service_role;

drop table if exists public.contract_books, public.contract_authors, public.contract_notes cascade;

create table public.contract_authors (
  author_id bigint primary key,
  name text not null unique
);

create table public.contract_books (
  book_id bigint primary key,
  author_id bigint references public.contract_authors deferrable initially deferred,
  title text not null,
  pages int,
  tags jsonb not null default '[]',
  written_at timestamptz not null default '2026-01-02 03:04:05+00'
);

create table public.contract_notes (
  note_id bigint generated always as identity primary key,
  owner_id uuid not null,
  body text not null
);
alter table public.contract_notes enable row level security;
create policy owners_see_their_notes on public.contract_notes for select
  using (owner_id = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid);

insert into public.contract_authors values (1, 'Ada'), (2, 'Grace'), (3, 'Alan');
insert into public.contract_books (book_id, author_id, title, pages, tags)
values (1, 1, 'Notes', 65, '["engine"]'), (2, 1, 'Letters', null, '[]'),
       (3, 2, 'Compilers', 320, '["cobol","flow"]'), (4, 2, 'A nanosecond', 30, '[]');
insert into public.contract_notes (owner_id, body)
values ('00000000-0000-4000-8000-000000000001', 'mine'), ('00000000-0000-4000-8000-000000000002', 'theirs');

-- A hosted project opens everything in public to these roles; the contract wants some of it shut.
revoke all on public.contract_notes, public.contract_authors, public.contract_books from anon, authenticated;
grant select on public.contract_authors, public.contract_books to anon, authenticated;
grant select on public.contract_notes to authenticated;
grant all on public.contract_authors, public.contract_books, public.contract_notes to service_role;

create table contract_other.things (thing_id int primary key, label text);
insert into contract_other.things values (1, 'one');
grant select on contract_other.things to anon, authenticated, service_role;

create or replace function public.contract_add(a int, b int default 10) returns int
language sql immutable set search_path = '' as $$ select a + b $$;

create or replace function public.contract_kind(p jsonb) returns text
language sql immutable set search_path = '' as $$ select pg_catalog.jsonb_typeof(p) $$;

create or replace function public.contract_whole(jsonb) returns jsonb
language sql immutable set search_path = '' as $$ select pg_catalog.jsonb_build_object('got', $1) $$;

create or replace function public.contract_sum(p_values int[]) returns bigint
language sql immutable set search_path = '' as $$ select sum(v) from pg_catalog.unnest(p_values) as v $$;

create or replace function public.contract_join(variadic p_words text[]) returns text
language sql immutable set search_path = '' as $$ select pg_catalog.array_to_string(p_words, '-') $$;

create or replace function public.contract_nothing() returns void
language plpgsql set search_path = '' as $$ begin end $$;

create or replace function public.contract_null() returns text
language sql immutable set search_path = '' as $$ select null::text $$;

create or replace function public.contract_book(p_id bigint) returns public.contract_books
language sql stable set search_path = '' as $$ select * from public.contract_books where book_id = p_id $$;

create or replace function public.contract_books_of(p_author bigint) returns setof public.contract_books
language sql stable set search_path = '' as
$$ select * from public.contract_books where author_id = p_author order by book_id $$;

create or replace function public.contract_numbers(p_count int) returns setof int
language sql immutable set search_path = '' as $$ select pg_catalog.generate_series(1, p_count) $$;

create or replace function public.contract_table(p_count int) returns table (n int, square int)
language sql immutable set search_path = '' as
$$ select i, i * i from pg_catalog.generate_series(1, p_count) as i $$;

create or replace function public.contract_out(out total int, out label text)
language sql immutable set search_path = '' as $$ select 3, 'three' $$;

create or replace function public.contract_one_out(out total int)
language sql immutable set search_path = '' as $$ select 3 $$;

create or replace function public.contract_two(a int) returns text
language sql immutable set search_path = '' as $$ select 'int' $$;
create or replace function public.contract_two(a text) returns text
language sql immutable set search_path = '' as $$ select 'text' $$;

create or replace function public.contract_apart(a int) returns text
language sql immutable set search_path = '' as $$ select 'one' $$;
create or replace function public.contract_apart(a int, b int) returns text
language sql immutable set search_path = '' as $$ select 'two' $$;

create or replace function public.contract_raise(p_state text, p_message text default 'no', p_detail text default null, p_hint text default null)
returns void language plpgsql set search_path = '' as $$
begin
  raise exception using errcode = p_state, message = p_message,
    detail = coalesce(p_detail, ''), hint = coalesce(p_hint, '');
end $$;

create or replace function public.contract_raise_pgrst(p_message text, p_detail text)
returns void language plpgsql set search_path = '' as $$
begin
  raise sqlstate 'PGRST' using message = p_message, detail = p_detail;
end $$;

create or replace function public.contract_insert_author(p_id bigint, p_name text) returns bigint
language sql volatile set search_path = '' as
$$ insert into public.contract_authors values (p_id, p_name) returning author_id $$;

create or replace function public.contract_orphan_book() returns void
language sql volatile set search_path = '' as
$$ insert into public.contract_books (book_id, author_id, title) values (99, 4711, 'orphan') $$;

create or replace function public.contract_insert_two(p_first bigint) returns setof bigint
language sql volatile set search_path = '' as $$
  insert into public.contract_authors values (p_first, 'a' || p_first), (p_first + 1, 'a' || p_first + 1)
  returning author_id $$;

create or replace function public.contract_context() returns jsonb
language sql stable set search_path = '' as $$
  select pg_catalog.jsonb_build_object(
    'role', current_user,
    'claims', current_setting('request.jwt.claims', true)::jsonb,
    'method', current_setting('request.method', true),
    'path', current_setting('request.path', true),
    'probe', current_setting('request.headers', true)::jsonb ->> 'x-probe') $$;

create or replace function public.contract_reply(p_status text, p_headers text) returns text
language plpgsql volatile set search_path = '' as $$
begin
  perform set_config('response.status', p_status, true), set_config('response.headers', p_headers, true);
  return 'chosen';
end $$;

create or replace function public.contract_sleep(p_seconds float8) returns text
language plpgsql volatile set search_path = '' set statement_timeout = '50ms' as $$
begin
  perform pg_catalog.pg_sleep(p_seconds);
  return current_setting('statement_timeout');
end $$;

create or replace function contract_other.contract_here() returns text
language sql immutable set search_path = '' as $$ select 'other' $$;

create or replace function public.contract_secret() returns text
language sql immutable set search_path = '' as $$ select 'secret' $$;
revoke all on function public.contract_secret() from public, anon, authenticated;
grant execute on function public.contract_secret() to service_role;

notify pgrst, 'reload schema';
