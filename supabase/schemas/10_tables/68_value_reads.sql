-- Steps whose model received values of the project's tables: such a step has read content that others wrote
-- (is_tainted).
create table goalpost_private.value_reads (
  run_id bigint not null,
  step_key text not null,
  read_at timestamptz not null,
  primary key (run_id, step_key),
  foreign key (run_id, step_key) references goalpost.steps (run_id, key) on delete cascade
);
