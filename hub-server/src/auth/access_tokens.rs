//! The table `signing_keys`, and access tokens: who calls and in which family, signed by the hub for half an hour.
//!
//! A token tells who somebody is and never what he may do: account, role, rights and family are read with each
//! request, so a token that has not ended is worth nothing once its family is gone.

use std::time::Duration;

use contract::ids::AccountId;
use contract::time::Timestamp;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::Header;
use jsonwebtoken::Validation;
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

use super::seal::Seal;
use super::seal::SealError;
use super::signatures;
use super::tokens::Token;
use crate::store::Id;
use crate::store::Priority;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Tx;

/// Who issues them, and whom they are for: they are no ID tokens, and those are none of these.
const ISSUER: &str = "gatewarden-hub";
const AUDIENCE: &str = "gatewarden-api";
/// The type that RFC 9068 gives them.
const TYPE: &str = "at+jwt";
/// The longest token that is looked at; ours have some 500 characters.
const LONGEST: usize = 2048;
/// How far the clock may have been set back since a token was made.
const LEEWAY: Duration = Duration::from_secs(30);

/// Why no token could be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The store failed.
    #[error("reading or keeping a signing key")]
    Store(#[from] StoreError),
    /// A key could not be sealed or opened.
    #[error("sealing a signing key")]
    Seal(#[from] SealError),
    /// A key could not be made, or did not sign.
    #[error("making a signing key or signing with it")]
    Key,
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// Whose it is.
    #[serde(rename = "sub")]
    account: Uuid,
    /// The family that it belongs to.
    #[serde(rename = "fam")]
    pub family: Uuid,
    /// Its own name.
    jti: Uuid,
    /// From when, in seconds.
    iat: i64,
    /// Not before, in seconds.
    nbf: i64,
    /// Until when, in seconds.
    exp: i64,
}

impl Claims {
    /// What a token of this family says from now on.
    pub fn new(account: AccountId, family: Uuid, now: Timestamp, lasts: Duration) -> Self {
        let from = now.as_millis() / 1000;
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            account: account.0,
            family,
            jti: Uuid::fresh(now),
            iat: from,
            nbf: from,
            exp: from.saturating_add(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX)),
        }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        AccountId(self.account)
    }

    /// Whether it is neither too early nor too late for it.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let second = now.as_millis().div_euclid(1000);
        let leeway = i64::try_from(LEEWAY.as_secs()).unwrap_or(0);
        second < self.exp && self.nbf <= second.saturating_add(leeway)
    }
}

/// The key that signs.
pub struct SigningKey {
    id: String,
    key: EncodingKey,
}

impl SigningKey {
    /// Signs an access token.
    pub fn sign(&self, claims: &Claims) -> Result<Token, SigningError> {
        signatures::ready();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.key)
            .map(|text| Token::presented(&text))
            .map_err(|_| SigningError::Key)
    }
}

/// Returns the key that signs now. The first call makes one, as does one `every` so often; the one before is retired
/// and verifies what it signed to its end. A key that does not open, because the key of the secrets is another, is
/// retired as well: what it signed still verifies, and nobody can sign with it.
pub async fn signing_key(
    store: &Store,
    seal: &Seal,
    now: Timestamp,
    every: Duration,
) -> Result<SigningKey, SigningError> {
    let kept: Option<Kept> = store.read(newest).await?;
    if let Some(kept) = kept.filter(|kept| now.since(kept.created_at) < every) {
        match open(seal, &kept) {
            Ok(key) => return Ok(key),
            Err(_) => tracing::warn!("the signing key does not open and is retired"),
        }
    }
    rotate(store, seal, now).await
}

/// Makes a new key, which signs from now on.
pub async fn rotate(
    store: &Store,
    seal: &Seal,
    now: Timestamp,
) -> Result<SigningKey, SigningError> {
    let pkcs8 =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| SigningError::Key)?;
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| SigningError::Key)?;
    let id = hex(&rand::random::<[u8; 8]>());
    let sealed = seal.seal(pkcs8.as_ref(), &belongs_to(&id))?;
    let public = pair.public_key().as_ref().to_vec();
    let kept = id.clone();
    store
        .write(Priority::People, move |tx| {
            tx.execute(
                "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL",
                &[now.into()],
            )?;
            tx.execute(
                "INSERT INTO signing_keys (id, secret, public, created_at) VALUES ($1, $2, $3, $4)",
                &[
                    (&kept).into(),
                    sealed.clone().into(),
                    public.clone().into(),
                    now.into(),
                ],
            )?;
            Ok::<_, StoreError>(())
        })
        .await?;
    tracing::info!(key.id = %id, "access tokens are signed with a new key");
    Ok(SigningKey {
        id,
        key: EncodingKey::from_ed_der(pkcs8.as_ref()),
    })
}

/// Removes the keys that were retired before, because all that they signed has ended. Returns how many.
pub fn delete_retired_keys(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM signing_keys WHERE retired_at <= $1",
        &[before.into()],
    )
}

/// The id of the key that a token names, if it can be one of ours; nothing of it is believed yet.
pub fn key_of(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let is_ours = header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(TYPE);
    header.kid.filter(|_| is_ours)
}

/// Returns the public half of a key.
pub fn find_public_key(tx: &mut Tx, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.find(
        "SELECT public FROM signing_keys WHERE id = $1",
        &[id.into()],
    )?
    .map(|row| row.bytes(0))
    .transpose()
}

/// What a token says, if this key signed it and it holds now.
pub fn check(token: &str, public: &[u8], now: Timestamp) -> Option<Claims> {
    signatures::ready();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    // The library asks the machine's clock; ours is asked below.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let key = DecodingKey::from_ed_der(public);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
        .ok()?
        .claims;
    claims.holds_at(now).then_some(claims)
}

struct Kept {
    id: String,
    sealed: Vec<u8>,
    created_at: Timestamp,
}

fn newest(tx: &mut Tx) -> Result<Option<Kept>, StoreError> {
    tx.find(
        "SELECT id, secret, created_at FROM signing_keys WHERE retired_at IS NULL \
         ORDER BY created_at DESC, id LIMIT 1",
        &[],
    )?
    .map(|row| {
        Ok(Kept {
            id: row.text(0)?,
            sealed: row.bytes(1)?,
            created_at: row.timestamp(2)?,
        })
    })
    .transpose()
}

fn open(seal: &Seal, kept: &Kept) -> Result<SigningKey, SealError> {
    let pkcs8 = seal.open_sealed(&kept.sealed, &belongs_to(&kept.id))?;
    Ok(SigningKey {
        id: kept.id.clone(),
        key: EncodingKey::from_ed_der(&pkcs8),
    })
}

fn belongs_to(id: &str) -> String {
    format!("signing key {id}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::ProptestConfig;
    use proptest::proptest;
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    struct Forge {
        key: EncodingKey,
        public: Vec<u8>,
    }

    impl Forge {
        fn new() -> Self {
            signatures::ready();
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
            Self {
                key: EncodingKey::from_ed_der(pkcs8.as_ref()),
                public: pair.public_key().as_ref().to_vec(),
            }
        }

        fn signed(&self, claims: &Value) -> String {
            let header = Header::new(Algorithm::EdDSA);
            jsonwebtoken::encode(&header, claims, &self.key).unwrap()
        }

        fn takes(&self, token: &str) -> bool {
            check(token, &self.public, now()).is_some()
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }

    fn claims() -> Value {
        let claims = Claims::new(
            AccountId(Uuid::from_u128(1)),
            Uuid::from_u128(2),
            now(),
            Duration::from_secs(1800),
        );
        serde_json::to_value(claims).unwrap()
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn packed(part: &Value) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
    }

    /// SE-04: a token holds from its second to its end, and of a clock that was set back a little.
    #[test]
    fn an_access_token_holds_for_its_time_only() {
        let forge = Forge::new();
        let token = forge.signed(&claims());
        let takes = |second: i64| {
            let at = Timestamp::from_millis(second * 1000);
            check(&token, &forge.public, at).is_some()
        };
        assert!(takes(NOW) && takes(NOW + 1799) && takes(NOW - 30));
        assert!(!takes(NOW + 1800) && !takes(NOW - 31) && !takes(NOW + 10_000_000));
    }

    /// SE-04: expired, not yet valid, for others, by others, without an end, with claims of a wrong type: none is taken.
    #[test]
    fn a_token_with_claims_that_are_not_ours_is_none() {
        let forge = Forge::new();
        assert!(forge.takes(&forge.signed(&claims())));
        for (name, value) in [
            ("exp", json!(NOW)),
            ("exp", json!(NOW - 1)),
            ("exp", json!("9999999999")),
            ("exp", json!(null)),
            ("exp", json!(-1)),
            ("exp", json!(1e300)),
            ("nbf", json!(NOW + 31)),
            ("nbf", json!("0")),
            ("aud", json!("another-api")),
            ("aud", json!([])),
            ("iss", json!("https://elsewhere.example")),
            ("sub", json!("admin")),
            ("sub", json!("../../etc/passwd")),
            ("fam", json!(null)),
        ] {
            let token = forge.signed(&with(name, value.clone()));
            assert!(!forge.takes(&token), "{name} = {value}");
        }
        for name in ["exp", "nbf", "aud", "iss", "sub", "fam"] {
            let mut less = claims();
            less.as_object_mut().unwrap().remove(name);
            assert!(!forge.takes(&forge.signed(&less)), "without {name}");
        }
    }

    /// SE-04: `none`, a public key used as a shared secret, another key, and a token that was changed are refused.
    #[test]
    fn a_forged_signature_is_refused_whatever_its_header_says() {
        let forge = Forge::new();
        let body = packed(&claims());
        for alg in [
            "none", "None", "NONE", "nOnE", "", "EdDSA", "HS256", "RS256",
        ] {
            let head = packed(&json!({ "alg": alg, "typ": TYPE, "kid": "x" }));
            for signature in ["", "AAAA", &"A".repeat(86)] {
                let token = format!("{head}.{body}.{signature}");
                assert!(!forge.takes(&token), "{alg} {signature}");
            }
            assert!(
                !forge.takes(&format!("{head}.{body}")),
                "{alg} in two parts"
            );
            assert!(alg == "EdDSA" || key_of(&format!("{head}.{body}.")).is_none());
        }
        let head = packed(&json!({ "alg": "HS256", "typ": TYPE, "kid": "x" }));
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &forge.public);
        let text = format!("{head}.{body}");
        let confused = BASE64_URL_SAFE_NO_PAD.encode(ring::hmac::sign(&secret, text.as_bytes()));
        assert!(!forge.takes(&format!("{text}.{confused}")));
        assert!(!forge.takes(&Forge::new().signed(&claims())), "another key");
        let token = forge.signed(&claims());
        let place = token.rfind('.').unwrap();
        for place in [0, 10, place - 5, place, place + 1, place + 40] {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'x' { b'y' } else { b'x' };
            assert!(
                !forge.takes(&String::from_utf8(changed).unwrap()),
                "{place}"
            );
        }
        assert!(!forge.takes(&format!("{token}.{token}")));
    }

    /// SE-04: an ID token of somebody else's provider, or a header that names keys to fetch, never reaches a key.
    #[test]
    fn only_a_head_of_ours_is_looked_at() {
        let forge = Forge::new();
        let token = |header: &Value| format!("{}.{}.AAAA", packed(header), packed(&claims()));
        let ours = json!({ "alg": "EdDSA", "typ": TYPE, "kid": "k1" });
        assert_eq!(key_of(&token(&ours)).as_deref(), Some("k1"));
        for (name, value) in [
            ("typ", json!("JWT")),
            ("typ", json!(null)),
            ("alg", json!("HS256")),
            ("alg", json!(["EdDSA"])),
            ("kid", json!(null)),
            ("kid", json!(7)),
        ] {
            let mut header = ours.clone();
            header[name] = value.clone();
            assert_eq!(key_of(&token(&header)), None, "{name} = {value}");
        }
        let huge = with("jti", json!("x".repeat(1_000_000)));
        assert_eq!(key_of(&forge.signed(&huge)), None);
        for odd in ["", ".", "..", "...", "a.b.c", "\u{0}", &"a.".repeat(1000)] {
            assert_eq!(key_of(odd), None, "{odd}");
            assert!(!forge.takes(odd));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever somebody sends: nothing panics, and nothing is taken.
        #[test]
        fn no_text_is_a_token(text in "\\PC{0,200}", head in "[A-Za-z0-9_-]{0,60}", body in "[A-Za-z0-9_-]{0,60}") {
            let public = [7; 32];
            for token in [text, format!("{head}.{body}.AAAA")] {
                let _ = key_of(&token);
                assert!(check(&token, &public, now()).is_none());
            }
        }
    }
}
