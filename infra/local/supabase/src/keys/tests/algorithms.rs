//! Tests of the algorithms and keys that sign tokens, and of refused combinations.

use super::*;

const NO_KEY: &str = "No suitable key was found to decode the JWT";
const NO_MATCH: &str = "None of the keys was able to decode the JWT";

fn person_token(keys: &ProjectKeys) -> String {
    let token = keys.mint_user_token(Uuid::new_v4(), "a@example.com", Duration::from_secs(60));
    token.expose_secret().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Signs the claims of a service role with a text, as HS256.
fn signed_with(text: &[u8], kid: Option<&str>) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::HS256)
    };
    let claims = json!({"role": "service_role"});
    let token = signature::sign(&header, &claims, &EncodingKey::from_secret(text));
    token.expose_secret().to_owned()
}

/// Returns the details of a refusal with the code of a wrong key.
fn refusal(token: &str, keys: &ProjectKeys) -> String {
    let error = verify(token, keys).unwrap_err();
    let expected = ("PGRST301", "No suitable key or wrong key type");
    assert_eq!((error.code, error.message.as_str()), expected);
    error.details.unwrap()
}

#[test]
fn person_token_names_algorithm_type_and_key() {
    let keys = ProjectKeys::generate();
    let kid = &keys.public_key_set()["keys"][0]["kid"];
    let token = person_token(&keys);
    assert_eq!(
        part(&token, 0),
        json!({"alg": "ES256", "typ": "JWT", "kid": kid})
    );
    let claims = verify(&token, &keys).unwrap();
    assert_eq!(claims.role(), Some("authenticated"));
}

#[test]
fn worker_and_role_tokens_are_signed_with_secret() {
    let keys = ProjectKeys::generate();
    for token in [
        keys.mint_worker_token(Duration::from_secs(60)),
        keys.mint_role_token("anon", Duration::from_secs(60)),
    ] {
        let header = part(token.expose_secret(), 0);
        assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
        assert!(verify(token.expose_secret(), &keys).is_ok());
    }
}

#[test]
fn token_of_unknown_key_is_refused() {
    let (keys, others) = (ProjectKeys::generate(), ProjectKeys::generate());
    assert_eq!(refusal(&person_token(&others), &keys), NO_KEY);
    let header = Header {
        kid: Some("unknown".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let renamed = signature::sign(&header, &json!({}), keys.signing.encoding());
    assert_eq!(refusal(renamed.expose_secret(), &keys), NO_KEY);
}

#[test]
fn token_without_key_id_is_verified_by_algorithm() {
    let (keys, others) = (ProjectKeys::generate(), ProjectKeys::generate());
    let header = Header::new(Algorithm::ES256);
    let token = signature::sign(&header, &json!({}), keys.signing.encoding());
    assert!(verify(token.expose_secret(), &keys).is_ok());
    assert_eq!(refusal(token.expose_secret(), &others), NO_MATCH);
}

#[test]
fn changed_header_payload_or_signature_is_refused() {
    let (keys, others) = (ProjectKeys::generate(), ProjectKeys::generate());
    let token = person_token(&keys);
    let parts = token.split('.').collect::<Vec<_>>();
    let mut claims = part(&token, 1);
    claims["role"] = json!("service_role");
    let changed = format!("{}.{}.{}", parts[0], encoded(&claims), parts[2]);
    assert_eq!(refusal(&changed, &keys), NO_MATCH);
    let theirs = signature::sign(&keys.signing.header(), &claims, others.signing.encoding());
    assert_eq!(refusal(theirs.expose_secret(), &keys), NO_MATCH);
    let symmetric = encoded(&json!({"alg": "HS256", "typ": "JWT"}));
    let relabelled = format!("{symmetric}.{}.{}", parts[1], parts[2]);
    assert_eq!(refusal(&relabelled, &keys), NO_MATCH);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(refusal(&unsigned, &keys), NO_MATCH);
}

#[test]
fn public_key_is_no_shared_secret() {
    let keys = ProjectKeys::generate();
    let set = keys.public_key_set();
    let public = &set["keys"][0];
    let (x, y) = (public["x"].as_str().unwrap(), public["y"].as_str().unwrap());
    let bytes = |coordinate: &str| URL_SAFE_NO_PAD.decode(coordinate).unwrap();
    let point = [vec![4], bytes(x), bytes(y)].concat();
    for text in [
        set.to_string().as_bytes(),
        public.to_string().as_bytes(),
        x.as_bytes(),
        &bytes(x),
        &point,
    ] {
        assert_eq!(refusal(&signed_with(text, None), &keys), NO_MATCH);
        let named = signed_with(text, public["kid"].as_str());
        assert_eq!(refusal(&named, &keys), NO_KEY);
    }
}

#[test]
fn other_algorithms_of_known_secret_are_refused() {
    let keys = ProjectKeys::generate();
    let secret = keys.jwt_secret().expose_secret().as_bytes();
    assert!(verify(&signed_with(secret, None), &keys).is_ok());
    let key = EncodingKey::from_secret(secret);
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signature::sign(&Header::new(algorithm), &json!({}), &key);
        assert_eq!(refusal(token.expose_secret(), &keys), NO_KEY);
    }
}

#[test]
fn unsigned_and_malformed_tokens_are_refused() {
    let keys = ProjectKeys::generate();
    let claims = encoded(&json!({"role": "service_role"}));
    let kid = keys.signing.kid();
    for header in [json!({"alg": "none"}), json!({"alg": "none", "kid": kid})] {
        let error = verify(&format!("{}.{claims}.", encoded(&header)), &keys).unwrap_err();
        let expected = ("PGRST301", "Wrong or unsupported encoding algorithm");
        assert_eq!((error.code, error.message.as_str()), expected);
    }
    for header in [
        json!({"alg": "NONE"}),
        json!({"alg": "ES256", "typ": 1}),
        json!({"kid": kid}),
        json!([]),
        json!("x"),
    ] {
        let error = verify(&format!("{}.{claims}.", encoded(&header)), &keys).unwrap_err();
        let expected = ("PGRST301", "JWT cryptographic operation failed");
        assert_eq!((error.code, error.message.as_str()), expected);
    }
}

#[test]
fn non_object_claims_are_refused() {
    let keys = ProjectKeys::generate();
    let error = verify(keys.sign(&json!([1])).expose_secret(), &keys).unwrap_err();
    let expected = ("PGRST303", "Parsing claims failed");
    assert_eq!((error.code, error.message.as_str()), expected);
}

#[test]
fn public_set_has_the_fields_of_the_original() {
    let keys = ProjectKeys::generate();
    let set = keys.public_key_set();
    let key = &set["keys"][0];
    let expected = json!({"keys": [{
        "alg": "ES256", "crv": "P-256", "ext": true, "key_ops": ["verify"], "kid": key["kid"], "kty": "EC",
        "use": "sig", "x": key["x"], "y": key["y"],
    }]});
    assert_eq!(set, expected);
    let kid = key["kid"].as_str().unwrap().parse::<Uuid>().unwrap();
    assert_eq!(kid.get_version_num(), 4);
    for coordinate in ["x", "y"] {
        let bytes = URL_SAFE_NO_PAD.decode(key[coordinate].as_str().unwrap());
        assert_eq!(bytes.unwrap().len(), 32);
    }
}

#[test]
fn stored_keys_without_signing_key_receive_one() {
    let keys = ProjectKeys::generate();
    let mut stored = keys.to_stored();
    stored.as_object_mut().unwrap().remove(STORED_SIGNING_KEY);
    let error = ProjectKeys::from_stored(&stored).unwrap_err().to_string();
    assert!(error.contains("earlier version"), "{error}");
    assert!(ProjectKeys::add_missing(&mut stored));
    let completed = ProjectKeys::from_stored(&stored).unwrap();
    assert_eq!(completed.publishable_key(), keys.publishable_key());
    let older = keys.mint_worker_token(Duration::from_secs(60));
    assert!(verify(older.expose_secret(), &completed).is_ok());
    let again = stored.clone();
    assert!(!ProjectKeys::add_missing(&mut stored));
    assert_eq!(stored, again);
    let token = person_token(&completed);
    let restarted = ProjectKeys::from_stored(&again).unwrap();
    assert!(verify(&token, &restarted).is_ok());
}

#[test]
fn unreadable_signing_key_is_not_shown() {
    let mut stored = ProjectKeys::generate().to_stored();
    stored[STORED_SIGNING_KEY] = json!("c2VjcmV0");
    let error = format!("{:?}", ProjectKeys::from_stored(&stored).unwrap_err());
    assert!(
        error.contains("reset") && !error.contains("c2VjcmV0"),
        "{error}"
    );
}
