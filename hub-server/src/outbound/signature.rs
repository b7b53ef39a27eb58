//! Signatures of webhooks as the Standard Webhooks specification writes them. Pure.
//!
//! What is signed is `id.timestamp.body` with HMAC-SHA256; the secret is shown as `whsec_` and base64. Receivers verify
//! it with any library of that specification, and refuse an old timestamp, so that nothing recorded plays again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use uuid::Uuid;

/// How a shown secret begins.
const PREFIX: &str = "whsec_";

/// What signs a webhook's requests. It does not print.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Secret {
    /// A fresh one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The bytes that are sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes bytes that were sealed.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it is shown, once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// Signs one request: `v1,` and the signature in base64.
    pub fn sign(&self, event: Uuid, timestamp_s: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{event}.{timestamp_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: hmac.new(bytes(range(32)), b"<id>.1767225600.{}", sha256).
    #[test]
    fn a_signature_is_what_another_language_computes() {
        let bytes: Vec<u8> = (0..32).collect();
        let secret = Secret::of_bytes(&bytes).unwrap();
        let signed = secret.sign(Uuid::from_u128(7), 1_767_225_600, "{}");
        assert_eq!(signed, "v1,w0k9Y/lXvJRu+tgA9mVvjkahTYaCnFbKmWoJbUfCgA8=");
        assert_eq!(
            secret.reveal(),
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        );
        assert_ne!(signed, secret.sign(Uuid::from_u128(7), 1_767_225_601, "{}"));
        assert_ne!(
            signed,
            secret.sign(Uuid::from_u128(7), 1_767_225_600, "{ }")
        );
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
