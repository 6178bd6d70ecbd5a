-- A public bucket's objects are read by all the world, whatever the policies say.
begin;
select plan(2);

select is(b.public, false, 'it is private') from storage.buckets b where b.id = 'goalpost';
select is(b.file_size_limit, 10485760::bigint, 'an object has 10 MB at most') from storage.buckets b where b.id = 'goalpost';

select * from finish();
rollback;
