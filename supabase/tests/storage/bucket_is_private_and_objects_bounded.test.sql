-- The objects of a public bucket can be read by anyone, whatever the policies are.
begin;
select plan(2);

select is(b.public, false, 'the bucket goalpost is private') from storage.buckets b where b.id = 'goalpost';
select is(b.file_size_limit, 10485760::bigint, 'an object has at most 10 MB') from storage.buckets b where b.id = 'goalpost';

select * from finish();
rollback;
