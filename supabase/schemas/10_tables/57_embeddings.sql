-- Vectors of runbooks and questions, for match_runbooks.

-- A runbook without a row in a space is matched by words alone. Deleted with its space: it can be embedded again.
create table goalpost.runbook_embeddings (
  space text not null references goalpost.embedding_spaces (name) on delete cascade,
  runbook_id bigint not null references goalpost.runbooks (id) on delete cascade,
  -- As in runbooks: null for a built-in one.
  workspace_id uuid references goalpost.workspaces (id) on delete cascade,
  -- One vector for the title, the description and each example: a question is as near as the nearest of them.
  phrases extensions.halfvec[] not null,
  -- Their mean, by which the nearest runbooks are found: one distance for each runbook instead of one for each phrase.
  center extensions.halfvec(1024) not null,
  primary key (space, runbook_id),
  constraint phrases_are_bounded check (cardinality(phrases) between 1 and 8)
);
comment on table goalpost.runbook_embeddings is
  'Vectors of runbooks in each embedding space, of the title, the description and the examples.';
create index runbook_embeddings_matched on goalpost.runbook_embeddings (space, workspace_id); -- nearest_runbooks
create index runbook_embeddings_runbook on goalpost.runbook_embeddings (runbook_id);
create index runbook_embeddings_workspace on goalpost.runbook_embeddings (workspace_id) where workspace_id is not null;
-- Read for every runbook of a workspace, so kept in the row. The phrases are read for twenty runbooks.
alter table goalpost.runbook_embeddings alter column center set storage plain;
alter table goalpost.runbook_embeddings alter column phrases set storage external;

-- The vector of a request's question. The assessment computes it; the plan of the goal reads it.
create table goalpost_private.request_embeddings (
  workspace_id uuid not null,
  request_id bigint not null,
  space text not null references goalpost.embedding_spaces (name) on delete cascade,
  embedding extensions.halfvec(1024) not null,
  primary key (workspace_id, request_id),
  foreign key (workspace_id, request_id) references goalpost.requests (workspace_id, id) on delete cascade
);
create index request_embeddings_space on goalpost_private.request_embeddings (space);
