-- The functions of pg_catalog that an asker's query may call: the list of the `sql` tool's syntax gate
-- (shared/tools/src/builtin/sql/functions.rs; a test compares the two), checked again for a query that did not pass the
-- gate.

-- Returns the functions for every query; with p_catalog also those that describe the database.
create function goalpost_private.query_functions(p_catalog boolean) returns text[]
language sql immutable
set search_path = ''
as $$
  select array[
    'abs', 'age', 'any_value', 'array_agg', 'array_append', 'array_cat', 'array_length', 'array_lower', 'array_ndims',
    'array_position', 'array_positions', 'array_remove', 'array_to_string', 'array_upper', 'ascii', 'avg', 'bit_and',
    'bit_or', 'bool_and', 'bool_or', 'btrim', 'cardinality', 'cbrt', 'ceil', 'ceiling', 'char_length',
    'character_length', 'chr', 'clock_timestamp', 'concat', 'concat_ws', 'corr', 'count', 'covar_pop', 'covar_samp',
    'cume_dist', 'date_bin', 'date_part', 'date_trunc', 'dense_rank', 'div', 'every', 'exp', 'first_value', 'floor',
    'generate_series', 'initcap', 'isempty', 'isfinite', 'json_agg', 'json_array_elements',
    'json_array_elements_text', 'json_array_length', 'json_build_array', 'json_build_object', 'json_each',
    'json_each_text', 'json_extract_path', 'json_extract_path_text', 'json_object_agg', 'json_object_keys',
    'json_strip_nulls', 'json_typeof', 'jsonb_agg', 'jsonb_array_elements', 'jsonb_array_elements_text',
    'jsonb_array_length', 'jsonb_build_array', 'jsonb_build_object', 'jsonb_each', 'jsonb_each_text',
    'jsonb_extract_path', 'jsonb_extract_path_text', 'jsonb_object_agg', 'jsonb_object_keys', 'jsonb_path_exists',
    'jsonb_path_query', 'jsonb_path_query_array', 'jsonb_path_query_first', 'jsonb_pretty', 'jsonb_strip_nulls',
    'jsonb_to_recordset', 'jsonb_typeof', 'justify_days', 'justify_hours', 'justify_interval', 'lag', 'last_value',
    'lead', 'left', 'length', 'ln', 'log', 'lower', 'lower_inc', 'ltrim', 'make_date', 'make_interval',
    'make_timestamp', 'make_timestamptz', 'max', 'md5', 'min', 'mod', 'mode', 'now', 'nth_value', 'ntile',
    'octet_length', 'percent_rank', 'percentile_cont', 'percentile_disc', 'pg_typeof', 'plainto_tsquery', 'power',
    'quote_ident', 'quote_literal', 'quote_nullable', 'range_merge', 'rank', 'regexp_count', 'regexp_match',
    'regexp_matches', 'regexp_replace', 'regexp_substr', 'regr_intercept', 'regr_r2', 'regr_slope', 'replace',
    'reverse', 'right', 'round', 'row_number', 'row_to_json', 'rtrim', 'sign', 'split_part', 'sqrt', 'starts_with',
    'statement_timestamp', 'stddev', 'stddev_pop', 'stddev_samp', 'string_agg', 'string_to_array', 'strpos', 'substr',
    'substring', 'sum', 'to_char', 'to_date', 'to_hex', 'to_json', 'to_jsonb', 'to_number', 'to_timestamp',
    'to_tsquery', 'to_tsvector', 'transaction_timestamp', 'translate', 'trim', 'trunc', 'ts_rank', 'unnest', 'upper',
    'upper_inc', 'var_pop', 'var_samp', 'variance', 'websearch_to_tsquery', 'width_bucket'
  ] || case when p_catalog then array[
    'acldefault', 'aclexplode', 'col_description', 'current_database', 'current_schema', 'format', 'format_type',
    'has_any_column_privilege', 'has_column_privilege', 'has_function_privilege', 'has_schema_privilege',
    'has_sequence_privilege', 'has_table_privilege', 'obj_description', 'pg_get_constraintdef', 'pg_get_expr',
    'pg_get_function_arguments', 'pg_get_function_identity_arguments', 'pg_get_function_result', 'pg_get_functiondef',
    'pg_get_indexdef', 'pg_get_ruledef', 'pg_get_triggerdef', 'pg_get_userbyid', 'pg_get_viewdef', 'pg_indexes_size',
    'pg_options_to_table', 'pg_relation_size', 'pg_size_pretty', 'pg_table_is_visible', 'pg_table_size',
    'pg_total_relation_size', 'row_security_active', 'to_regclass', 'to_regnamespace', 'to_regtype'
  ] else '{}' end
$$;

-- Returns the functions that the grammar of an expression calls without a name in the text: extract, position, like …
-- escape.
create function goalpost_private.grammar_functions() returns text[]
language sql immutable
set search_path = ''
as $$
  select array['extract', 'is_normalized', 'like_escape', 'normalize', 'overlay', 'position', 'similar_to_escape', 'timezone']
$$;
