-- The first vector was computed outside this database, the second is the specification's own example.
begin;
select plan(4);
select tests.world();

select is(
  goalpost_private.sign_webhook('whsec_Z29hbHBvc3QtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OQ==', 'wake_17', 1893499200, '{"a": 1}'),
  'v1,lqDcuTvGPvk7Z4oYE52aWPobdDzC+sqzwVT8AhXjNVw=', 'a wake is signed as computed outside the database');
select is(
  goalpost_private.sign_webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}'),
  'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', 'the example of the specification has its signature');
select is(
  goalpost_private.sign_webhook('Z29hbHBvc3QtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OQ==', 'wake_17', 1893499200, '{"a": 1}'),
  'v1,lqDcuTvGPvk7Z4oYE52aWPobdDzC+sqzwVT8AhXjNVw=', 'a secret without the prefix gives the same signature');
select isnt(
  goalpost_private.sign_webhook('whsec_Z29hbHBvc3QtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OQ==', 'wake_17', 1893499201, '{"a": 1}'),
  'v1,lqDcuTvGPvk7Z4oYE52aWPobdDzC+sqzwVT8AhXjNVw=', 'another timestamp gives another signature');

select * from finish();
rollback;
