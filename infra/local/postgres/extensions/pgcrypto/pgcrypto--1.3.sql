-- Part of pgcrypto on functions that Postgres has built in. What it leaves out: see README.md.

create function gen_random_uuid() returns uuid
language sql volatile parallel safe
return pg_catalog.gen_random_uuid();

create function gen_random_bytes(p_count integer) returns bytea
language plpgsql volatile strict parallel safe
set search_path = ''
as $$
declare
  v_bytes bytea := '';
begin
  if p_count < 1 or p_count > 1024 then
    raise exception using errcode = '39000',
      message = format('gen_random_bytes can make 1 to 1024 bytes, not %s', p_count);
  end if;
  -- A version-4 uuid has six bits that are not random, in its bytes 7 and 9: bytes 7 to 9 are left out.
  while length(v_bytes) < p_count loop
    v_bytes := v_bytes || (
      select substring(raw from 1 for 6) || substring(raw from 10 for 7)
      from (select uuid_send(pg_catalog.gen_random_uuid()) as raw) as one
    );
  end loop;
  return substring(v_bytes from 1 for p_count);
end
$$;

create function digest(p_data bytea, p_algorithm text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  case lower(p_algorithm)
    when 'md5' then return decode(md5(p_data), 'hex');
    when 'sha224' then return sha224(p_data);
    when 'sha256' then return sha256(p_data);
    when 'sha384' then return sha384(p_data);
    when 'sha512' then return sha512(p_data);
    else
      raise exception using errcode = '22023',
        message = format('the digest algorithm "%s" is not known here', p_algorithm),
        hint = 'This stand-in has md5, sha224, sha256, sha384 and sha512; the real pgcrypto has more.';
  end case;
end
$$;

create function digest(p_data text, p_algorithm text) returns bytea
language sql immutable strict parallel safe
return digest(convert_to(p_data, 'UTF8'), p_algorithm);

-- HMAC as RFC 2104 defines it: H((key xor opad) || H((key xor ipad) || data)).
create function hmac(p_data bytea, p_key bytea, p_algorithm text) returns bytea
language plpgsql immutable strict parallel safe
as $$
declare
  v_block integer := case when lower(p_algorithm) in ('sha384', 'sha512') then 128 else 64 end;
  v_key bytea := p_key;
  v_inner bytea;
  v_outer bytea;
begin
  if length(v_key) > v_block then
    v_key := @extschema@.digest(v_key, p_algorithm);
  end if;
  v_key := v_key || decode(repeat('00', v_block - length(v_key)), 'hex');
  v_inner := v_key;
  v_outer := v_key;
  for v_index in 0 .. v_block - 1 loop
    v_inner := set_byte(v_inner, v_index, get_byte(v_key, v_index) # 54);
    v_outer := set_byte(v_outer, v_index, get_byte(v_key, v_index) # 92);
  end loop;
  return @extschema@.digest(v_outer || @extschema@.digest(v_inner || p_data, p_algorithm), p_algorithm);
end
$$;

create function hmac(p_data text, p_key text, p_algorithm text) returns bytea
language sql immutable strict parallel safe
return hmac(convert_to(p_data, 'UTF8'), convert_to(p_key, 'UTF8'), p_algorithm);
