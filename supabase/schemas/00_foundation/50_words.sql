-- Returns the lexemes of a text, without positions: the form in which texts are matched.
create function goalpost_private.words_of(p_text text) returns tsvector
language sql immutable
set search_path = ''
as $$ select strip(to_tsvector('pg_catalog.english', p_text)) $$;

-- Returns the lexemes of a text as an array.
create function goalpost_private.lexemes(p_text text) returns text[]
language sql immutable
set search_path = ''
as $$ select tsvector_to_array(goalpost_private.words_of(p_text)) $$;
