//! Private keys: generating, reading, writing, signing.

use p256::elliptic_curve::sec1::ToEncodedPoint;
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use super::der;
use super::dsa::DsaKey;
use super::{Fallible, pem, primes, rng};
use crate::gotemplate::Scope;
use crate::sprig::args::{Outcome, string};
use crate::sprig::host::with_rng;

/// A private key that can sign certificates, or one that can be read but signs nothing.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Dsa,
    X25519,
}

/// The encoded object identifiers of algorithms and curves.
pub(super) mod oid {
    pub(in super::super) const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    pub(in super::super) const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];
    pub(in super::super) const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
    pub(in super::super) const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    pub(in super::super) const P224: &[u8] = &[0x2B, 0x81, 0x04, 0, 33];
    pub(in super::super) const P384: &[u8] = &[0x2B, 0x81, 0x04, 0, 34];
    pub(in super::super) const P521: &[u8] = &[0x2B, 0x81, 0x04, 0, 35];
    pub(in super::super) const ECDSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
    pub(in super::super) const ECDSA_SHA384: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3];
    pub(in super::super) const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
    pub(in super::super) const X25519: &[u8] = &[0x2B, 0x65, 0x6E];
}

const NO_SIGNER: &str = "x509: certificate private key does not implement crypto.Signer";
/// Go signs with no smaller keys: 1024 bits.
const MIN_RSA_BYTES: usize = 128;
const RSA_LABEL: &str = "RSA PRIVATE KEY";
const EC_LABEL: &str = "EC PRIVATE KEY";

/// A new RSA key.
pub(super) fn new_rsa(scope: &mut dyn Scope, bits: usize) -> Fallible<PrivateKey> {
    let (p, q) = with_rng(scope, |rng| primes::pair(rng, bits))?;
    match rsa::RsaPrivateKey::from_p_q(p, q, primes::EXPONENT.into()) {
        Ok(key) => Ok(PrivateKey::Rsa(Box::new(key))),
        Err(error) => Err(error.to_string()),
    }
}

/// `genPrivateKey`: a new key of a type in PEM. What goes wrong is the result, as in sprig.
pub(super) fn generate(scope: &mut dyn Scope, kind: &str) -> Outcome {
    let generated = match kind {
        "" | "rsa" => new_rsa(scope, 4096).and_then(|key| key.to_pem()),
        "dsa" => rng::generate(scope, |source| Ok(pem::encode("DSA PRIVATE KEY", &DsaKey::generate(source).to_der()))),
        "ecdsa" => rng::generate(scope, |source| PrivateKey::P256(p256::SecretKey::random(source)).to_pem()),
        "ed25519" => rng::generate(scope, |source| {
            PrivateKey::Ed25519(Box::new(ed25519_dalek::SigningKey::generate(source))).to_pem()
        }),
        other => return string(format!("Unknown type {other}")),
    };
    string(generated.unwrap_or_else(|error| format!("failed to generate private key: {error}")))
}

impl PrivateKey {
    /// The key in PEM: PKCS #1, SEC 1 or PKCS #8, by its kind.
    ///
    /// # Errors
    /// The key cannot be encoded.
    pub(super) fn to_pem(&self) -> Fallible<String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        Ok(match self {
            Self::Rsa(key) => pem::encode(RSA_LABEL, key.to_pkcs1_der().map_err(|error| failed(&error))?.as_bytes()),
            Self::P256(key) => pem::encode(EC_LABEL, &sec1(&key.to_bytes(), oid::P256, &self.public_bytes()?)),
            Self::P384(key) => pem::encode(EC_LABEL, &sec1(&key.to_bytes(), oid::P384, &self.public_bytes()?)),
            Self::Ed25519(key) => {
                let seed = der::element(der::OCTET_STRING, &der::element(der::OCTET_STRING, key.as_bytes()));
                let algorithm = der::sequence(&[&der::identifier(oid::ED25519)]);
                pem::encode("PRIVATE KEY", &der::sequence(&[&der::integer(&[0]), &algorithm, &seed]))
            }
            // No certificate is made with these, whose key would be shown.
            Self::Dsa | Self::X25519 => return Err(NO_SIGNER.into()),
        })
    }

    /// The public key as it stands in a certificate's bit string.
    pub(super) fn public_bytes(&self) -> Fallible<Vec<u8>> {
        Ok(match self {
            Self::Rsa(key) => {
                let document = key.to_public_key().to_pkcs1_der().map_err(|error| error.to_string())?;
                document.as_bytes().to_vec()
            }
            Self::P256(key) => key.public_key().to_encoded_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.public_key().to_encoded_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
            Self::Dsa => return Err("x509: unsupported public key type: *dsa.PublicKey".into()),
            Self::X25519 => return Err("x509: unsupported public key type: *ecdh.PublicKey".into()),
        })
    }

    /// The public key with its algorithm (`SubjectPublicKeyInfo`).
    pub(super) fn public_info(&self) -> Fallible<Vec<u8>> {
        let algorithm = match self {
            Self::Rsa(_) => der::sequence(&[&der::identifier(oid::RSA), &der::element(der::NULL, &[])]),
            Self::P256(_) => der::sequence(&[&der::identifier(oid::EC), &der::identifier(oid::P256)]),
            Self::P384(_) => der::sequence(&[&der::identifier(oid::EC), &der::identifier(oid::P384)]),
            Self::Ed25519(_) | Self::Dsa | Self::X25519 => der::sequence(&[&der::identifier(oid::ED25519)]),
        };
        Ok(der::sequence(&[&algorithm, &der::bit_string(&self.public_bytes()?)]))
    }

    /// The algorithm that the key signs with.
    pub(super) fn signature_algorithm(&self) -> Fallible<Vec<u8>> {
        Ok(match self {
            Self::Rsa(_) => der::sequence(&[&der::identifier(oid::SHA256_WITH_RSA), &der::element(der::NULL, &[])]),
            Self::P256(_) => der::sequence(&[&der::identifier(oid::ECDSA_SHA256)]),
            Self::P384(_) => der::sequence(&[&der::identifier(oid::ECDSA_SHA384)]),
            Self::Ed25519(_) => der::sequence(&[&der::identifier(oid::ED25519)]),
            Self::Dsa | Self::X25519 => return Err(NO_SIGNER.into()),
        })
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> Fallible<Vec<u8>> {
        let failed = |error: rsa::signature::Error| error.to_string();
        Ok(match self {
            Self::Rsa(key) => {
                if key.size() < MIN_RSA_BYTES {
                    let bits = key.n().bits();
                    return Err(format!(
                        "crypto/rsa: {bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
                    ));
                }
                SigningKey::<Sha256>::new(key.as_ref().clone()).try_sign(message).map_err(failed)?.to_vec()
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::SigningKey::from(key).try_sign(message).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    p384::ecdsa::SigningKey::from(key).try_sign(message).map_err(failed)?;
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::Dsa | Self::X25519 => return Err(NO_SIGNER.into()),
        })
    }
}

/// An elliptic curve key with its curve and public point (RFC 5915).
fn sec1(secret: &[u8], curve: &[u8], public: &[u8]) -> Vec<u8> {
    der::sequence(&[
        &der::integer(&[1]),
        &der::element(der::OCTET_STRING, secret),
        &der::element(0xA0, &der::identifier(curve)),
        &der::element(0xA1, &der::bit_string(public)),
    ])
}
