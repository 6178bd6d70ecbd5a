//! The token of the functions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::json;

use crate::signing_key::{SigningKey, SigningKeyError};

/// The life of a token.
pub const LIFE_SECONDS: i64 = 15 * 60;

/// Signs a token for the role `goalpost_worker`, with no other right.
///
/// # Errors
/// [`SigningKeyError::NotSigned`].
pub fn worker_token(key: &SigningKey, now: DateTime<Utc>) -> Result<SecretString, SigningKeyError> {
    let mut header = json!({"alg": key.algorithm(), "typ": "JWT"});
    if let (Some(kid), Some(header)) = (key.kid(), header.as_object_mut()) {
        header.insert("kid".to_owned(), kid.into());
    }
    let issued = now.timestamp();
    let claims = json!({
        "iss": "supabase",
        "role": "goalpost_worker",
        "iat": issued,
        "exp": issued.saturating_add(LIFE_SECONDS),
    });
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", encode(&signature)).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use secrecy::ExposeSecret as _;
    use serde_json::Value;

    use super::*;

    /// The key of RFC 7515, appendix A.3, with an id.
    const JWK: &str = r#"{"kty":"EC","crv":"P-256","kid":"7f3c","key_ops":["sign"],"alg":"ES256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    const SECRET: &str = "a-jwt-secret-with-at-least-32-characters";

    fn verified(stored: &str, algorithm: Algorithm, key: &DecodingKey) -> (Option<String>, Value) {
        let signing_key = SigningKey::parse(&stored.into()).ok().unwrap();
        let token = worker_token(&signing_key, Utc::now()).unwrap();
        let mut rules = Validation::new(algorithm);
        rules.validate_aud = false;
        let decoded = jsonwebtoken::decode::<Value>(token.expose_secret(), key, &rules).unwrap();
        (decoded.header.kid, decoded.claims)
    }

    fn check_claims(claims: &Value) {
        assert_eq!(claims["role"], "goalpost_worker");
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(life, 900);
    }

    #[test]
    fn token_of_es256_key_is_verified_by_its_public_half() {
        let public = DecodingKey::from_ec_components(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let (kid, claims) = verified(JWK, Algorithm::ES256, &public.unwrap());
        assert_eq!(kid.as_deref(), Some("7f3c"));
        check_claims(&claims);
    }

    #[test]
    fn token_of_jwt_secret_is_verified_by_it() {
        let key = DecodingKey::from_secret(SECRET.as_bytes());
        let (kid, claims) = verified(&format!("{SECRET}\n"), Algorithm::HS256, &key);
        assert_eq!(kid, None);
        check_claims(&claims);
    }

    #[test]
    fn unusable_keys_are_refused_without_their_text() {
        let foreign_half = JWK.replace("f83OJ3D2", "f83OJ3D3");
        for (stored, expected) in [
            ("short-canary", SigningKeyError::ShortSecret),
            ("", SigningKeyError::ShortSecret),
            ("{\"kty\":\"canary\"}", SigningKeyError::MalformedKey),
            (
                &JWK.replace("\"kid\":\"7f3c\",", ""),
                SigningKeyError::MalformedKey,
            ),
            (&JWK.replace("7f3c", " "), SigningKeyError::MalformedKey),
            (
                &JWK.replace("P-256", "P-384"),
                SigningKeyError::MalformedKey,
            ),
            (&format!("[{JWK}]"), SigningKeyError::MalformedKey),
            (&foreign_half, SigningKeyError::MalformedKey),
        ] {
            let error = SigningKey::parse(&stored.into()).err().unwrap();
            assert_eq!(error, expected, "{stored}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
