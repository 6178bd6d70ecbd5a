-- The lexemes that text matching compares, without their positions.
create function goalpost_private.words_of(p_text text) returns tsvector
language sql immutable
set search_path = ''
as $$ select strip(to_tsvector('pg_catalog.english', p_text)) $$;

create function goalpost_private.lexemes(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$ select tsvector_to_array(goalpost_private.words_of(p_text)) $$;
