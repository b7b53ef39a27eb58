//! How signed tokens are signed and verified: `jsonwebtoken` with ring as its cryptography.
//!
//! The hub signs with Ed25519 only. RSA and ECDSA are verified for the tokens of other issuers. Keys of HMAC are not
//! taken at all, so that no public key can ever be used as a shared secret.

use std::sync::Once;

use jsonwebtoken::Algorithm;
use jsonwebtoken::AlgorithmFamily;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::DecodingKeyKind;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::crypto::KeyUtils;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature;
use ring::signature::ECDSA_P256_SHA256_FIXED;
use ring::signature::ECDSA_P384_SHA384_FIXED;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use ring::signature::RSA_PKCS1_2048_8192_SHA384;
use ring::signature::RSA_PKCS1_2048_8192_SHA512;
use ring::signature::RSA_PSS_2048_8192_SHA256;
use ring::signature::RSA_PSS_2048_8192_SHA384;
use ring::signature::RSA_PSS_2048_8192_SHA512;
use ring::signature::RsaParameters;
use ring::signature::RsaPublicKeyComponents;
use ring::signature::UnparsedPublicKey;
use ring::signature::VerificationAlgorithm;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};
static INSTALLED: Once = Once::new();

/// Makes ring the cryptography of `jsonwebtoken`. Called before each use of it; the first call does it.
pub fn ready() {
    INSTALLED.call_once(|| {
        // Fails only if somebody else's is installed, and nobody else installs one.
        let _ = PROVIDER.install_default();
    });
}

struct Signs(Ed25519KeyPair);

impl signature::Signer<Vec<u8>> for Signs {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Signs {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn signer(
    algorithm: &Algorithm,
    key: &EncodingKey,
) -> jsonwebtoken::errors::Result<Box<dyn JwtSigner>> {
    if *algorithm != Algorithm::EdDSA || key.family() != AlgorithmFamily::Ed {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let pair =
        Ed25519KeyPair::from_pkcs8(key.as_bytes()).map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(Signs(pair)))
}

enum Method {
    Plain(&'static dyn VerificationAlgorithm),
    Rsa(&'static RsaParameters),
}

struct Verifies {
    algorithm: Algorithm,
    method: Method,
    key: DecodingKey,
}

impl signature::Verifier<Vec<u8>> for Verifies {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let holds = match (&self.method, self.key.kind()) {
            (Method::Plain(method), DecodingKeyKind::SecretOrDer(bytes)) => {
                UnparsedPublicKey::new(*method, bytes).verify(message, signed)
            }
            (Method::Rsa(method), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(method, message, signed)
            }
            (Method::Plain(_), DecodingKeyKind::RsaModulusExponent { .. })
            | (Method::Rsa(_), DecodingKeyKind::SecretOrDer(_)) => Err(ring::error::Unspecified),
        };
        holds.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifies {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

fn verifier(
    algorithm: &Algorithm,
    key: &DecodingKey,
) -> jsonwebtoken::errors::Result<Box<dyn JwtVerifier>> {
    let (family, method) = match algorithm {
        Algorithm::EdDSA => (AlgorithmFamily::Ed, Method::Plain(&ED25519)),
        Algorithm::ES256 => (AlgorithmFamily::Ec, Method::Plain(&ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => (AlgorithmFamily::Ec, Method::Plain(&ECDSA_P384_SHA384_FIXED)),
        Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => rsa(&RSA_PSS_2048_8192_SHA512),
        // And those of later versions of the library.
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 | _ => {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
    };
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(Verifies {
        algorithm: *algorithm,
        method,
        key: key.clone(),
    }))
}

fn rsa(parameters: &'static RsaParameters) -> (AlgorithmFamily, Method) {
    (AlgorithmFamily::Rsa, Method::Rsa(parameters))
}
