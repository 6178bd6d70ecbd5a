-- Ratings of ended goals and of their steps by people, one for each person, changeable.
create table goalpost.feedback (
  goal_id bigint not null,
  -- The step that is rated; '' for the whole goal.
  step_key text not null default '',
  user_id uuid not null default auth.uid(),
  workspace_id uuid not null,
  rating text not null,
  comment text,
  rated_at timestamptz not null default now(),
  primary key (goal_id, step_key, user_id),
  constraint rating_is_known check (rating in ('good', 'bad')),
  constraint comment_is_bounded check (length(comment) <= 4000),
  foreign key (workspace_id, goal_id) references goalpost.goals (workspace_id, id) on delete cascade
);
comment on table goalpost.feedback is 'Ratings of goals and steps by people. Members insert and change their own.';
create index feedback_goal on goalpost.feedback (workspace_id, goal_id);
create index feedback_rated on goalpost.feedback (workspace_id, rated_at); -- read_period_report

-- The correction that ratings have appended to the statistics of a goal's runbook, or of a step's agent: -1 if what
-- completed counts as failed because of them, otherwise 0.
create table goalpost_private.rating_effects (
  workspace_id uuid not null,
  goal_id bigint not null,
  step_key text not null,
  effect integer not null,
  primary key (workspace_id, goal_id, step_key),
  foreign key (workspace_id, goal_id) references goalpost.goals (workspace_id, id) on delete cascade
);
