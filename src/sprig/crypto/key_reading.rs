//! Reading private keys as Go's `crypto/x509` does, with its errors.

use num_bigint_dig::BigUint;
use num_traits::Zero;

use super::asn1::{self, Field, Parsed, Struct, Type};
use super::keys::{PrivateKey, oid};
use super::{Fallible, pem, rsa_check};
use crate::gotemplate::errtext;

/// PKCS #1
static PKCS1: Struct = Struct {
    name: "pkcs1PrivateKey",
    fields: &[
        Field::required(Type::Int),
        Field::required(Type::BigInt),
        Field::required(Type::Int),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
        Field::optional(Type::BigInt),
        Field::optional(Type::BigInt),
        Field::optional(Type::BigInt),
        Field::optional(Type::SequenceOf(&Struct {
            name: "pkcs1AdditionalRSAPrime",
            fields: &[Field::required(Type::BigInt), Field::required(Type::BigInt), Field::required(Type::BigInt)],
        })),
    ],
};

/// PKCS #8
static PKCS8: Struct = Struct {
    name: "pkcs8",
    fields: &[
        Field::required(Type::Int),
        Field::required(Type::Struct(&Struct {
            name: "AlgorithmIdentifier",
            fields: &[Field::required(Type::Identifier), Field::optional(Type::Raw)],
        })),
        Field::required(Type::Bytes),
    ],
};

/// SEC 1
static SEC1: Struct = Struct {
    name: "ecPrivateKey",
    fields: &[
        Field::required(Type::Int),
        Field::required(Type::Bytes),
        Field::tagged(Type::Identifier, 0),
        Field::tagged(Type::Bits, 1),
    ],
};

/// sprig's own form of DSA keys.
static DSA: Struct = Struct {
    name: "DSAKeyFormat",
    fields: &[
        Field::required(Type::Int),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
        Field::required(Type::BigInt),
    ],
};

/// Reads a key in any of the usual PEM forms.
///
/// # Errors
/// There is no key in the text, or none of a known kind.
pub(super) fn from_pem(text: &[u8]) -> Fallible<PrivateKey> {
    let block = pem::decode(text).ok_or("no PEM data in input")?;
    let (label, bytes) = (block.label.as_slice(), block.bytes.as_slice());
    if label == b"PRIVATE KEY" {
        return pkcs8(bytes).map_err(|error| format!("decoding PEM as PKCS#8: {error}"));
    }
    let read = |name: &str, key: Fallible<PrivateKey>| {
        key.map_err(|error| format!("parsing {name} private key from PEM: {error}"))
    };
    match label.strip_suffix(b" PRIVATE KEY") {
        None => Err(format!("no private key data in PEM block of type {}", errtext::text(label))),
        Some(b"RSA") => read("RSA", pkcs1(bytes)),
        Some(b"EC") => read("EC", sec1(None, bytes)),
        Some(b"DSA") => read("DSA", structure(bytes, &DSA).map(|_| PrivateKey::Dsa)),
        Some(_) => Err(format!("invalid private key type {}", errtext::text(label))),
    }
}

/// The fields of a struct and the bytes after it.
fn structure<'a>(bytes: &'a [u8], ty: &'static Struct) -> Fallible<(Vec<Parsed<'a>>, &'a [u8])> {
    match asn1::read(bytes, Type::Struct(ty))? {
        (Parsed::Struct(fields), rest) => Ok((fields, rest)),
        (_, rest) => Ok((Vec::new(), rest)),
    }
}

fn other_format<T>(function: &str) -> Fallible<T> {
    Err(format!("x509: failed to parse private key (use {function} instead for this key format)"))
}

fn pkcs8(bytes: &[u8]) -> Fallible<PrivateKey> {
    let fields = match structure(bytes, &PKCS8) {
        Ok((fields, _)) => fields,
        Err(_) if structure(bytes, &SEC1).is_ok() => return other_format("ParseECPrivateKey"),
        Err(_) if structure(bytes, &PKCS1).is_ok() => return other_format("ParsePKCS1PrivateKey"),
        Err(error) => return Err(error),
    };
    let [_, Parsed::Struct(algorithm), Parsed::Bytes(key)] = fields.as_slice() else { return Err(unread()) };
    let [Parsed::Identifier(algorithm), parameters] = algorithm.as_slice() else { return Err(unread()) };
    let parameters = if let Parsed::Raw(parameters) = parameters { *parameters } else { &[] };
    match *algorithm {
        oid::RSA => {
            pkcs1(key).map_err(|error| format!("x509: failed to parse RSA private key embedded in PKCS#8: {error}"))
        }
        oid::EC => {
            let curve = match asn1::read(parameters, Type::Identifier) {
                Ok((Parsed::Identifier(curve), _)) => Some(curve),
                _ => None,
            };
            sec1(curve, key)
                .map_err(|error| format!("x509: failed to parse EC private key embedded in PKCS#8: {error}"))
        }
        oid::ED25519 => {
            if !parameters.is_empty() {
                return Err("x509: invalid Ed25519 private key parameters".into());
            }
            let seed = octets(key).map_err(|error| format!("x509: invalid Ed25519 private key: {error}"))?;
            let seed =
                seed.try_into().map_err(|_| format!("x509: invalid Ed25519 private key length: {}", seed.len()))?;
            Ok(PrivateKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))))
        }
        oid::X25519 => {
            if !parameters.is_empty() {
                return Err("x509: invalid X25519 private key parameters".into());
            }
            let key = octets(key).map_err(|error| format!("x509: invalid X25519 private key: {error}"))?;
            if key.len() == 32 { Ok(PrivateKey::X25519) } else { Err("crypto/ecdh: invalid private key size".into()) }
        }
        other => Err(format!(
            "x509: PKCS#8 wrapping contained private key with unknown algorithm: {}",
            asn1::identifier_text(other)
        )),
    }
}

fn octets(bytes: &[u8]) -> Fallible<&[u8]> {
    match asn1::read(bytes, Type::Bytes)? {
        (Parsed::Bytes(content), _) => Ok(content),
        _ => Err(unread()),
    }
}

/// For what can't be: fields have the types that they were read with.
fn unread() -> String {
    "asn1: structure error".to_owned()
}

/// The curve that the container names goes before the one in the key.
fn sec1(curve: Option<&[u8]>, bytes: &[u8]) -> Fallible<PrivateKey> {
    let fields = match structure(bytes, &SEC1) {
        Ok((fields, _)) => fields,
        Err(_) if structure(bytes, &PKCS8).is_ok() => return other_format("ParsePKCS8PrivateKey"),
        Err(_) if structure(bytes, &PKCS1).is_ok() => return other_format("ParsePKCS1PrivateKey"),
        Err(error) => return Err(format!("x509: failed to parse EC private key: {error}")),
    };
    let [Parsed::Int(version), Parsed::Bytes(secret), own_curve, _] = fields.as_slice() else { return Err(unread()) };
    if *version != 1 {
        return Err(format!("x509: unknown EC private key version {version}"));
    }
    let own_curve = if let Parsed::Identifier(curve) = own_curve { *curve } else { &[] };
    match curve.unwrap_or(own_curve) {
        oid::P256 => p256::SecretKey::from_slice(&scalar::<32>(secret, P256_ORDER)?)
            .map(PrivateKey::P256)
            .map_err(|error| error.to_string()),
        oid::P384 => p384::SecretKey::from_slice(&scalar::<48>(secret, P384_ORDER)?)
            .map(PrivateKey::P384)
            .map_err(|error| error.to_string()),
        oid::P224 | oid::P521 => Err("the elliptic curves P-224 and P-521 are not supported".into()),
        _ => Err("x509: unknown elliptic curve".into()),
    }
}

const P256_ORDER: &[u8] = b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P384_ORDER: &[u8] =
    b"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";

/// A secret number in its full length; zeros before it may be missing or too many.
fn scalar<const SIZE: usize>(secret: &[u8], order: &[u8]) -> Fallible<[u8; SIZE]> {
    let surplus = secret.len().saturating_sub(SIZE);
    if secret[..surplus].iter().any(|byte| *byte != 0) {
        return Err("x509: invalid private key length".into());
    }
    let secret = &secret[surplus..];
    let mut full = [0; SIZE];
    full[SIZE - secret.len()..].copy_from_slice(secret);
    let (number, order) = (BigUint::from_bytes_be(&full), BigUint::parse_bytes(order, 16).unwrap_or_default());
    // The public point of these is the point at infinity.
    if number.is_zero() || number == order {
        return Err("ecdsa: invalid public key encoding".into());
    }
    if number > order { Err("input overflows the modulus".into()) } else { Ok(full) }
}

/// A positive number; `None` for others.
fn positive(parsed: &Parsed<'_>) -> Option<BigUint> {
    let Parsed::BigInt(content) = parsed else { return None };
    let number = BigUint::from_bytes_be(content);
    (content.first().is_some_and(|byte| byte & 0x80 == 0) && !number.is_zero()).then_some(number)
}

/// The longest key that is computed with, one of 16384 bits: two numbers of that length and five of half of it.
const MAX_RSA_BYTES: usize = 16384 / 8 * 5;

fn pkcs1(bytes: &[u8]) -> Fallible<PrivateKey> {
    let fields = match structure(bytes, &PKCS1) {
        Ok((_, rest)) if !rest.is_empty() => return Err("asn1: syntax error: trailing data".into()),
        Ok((fields, _)) => fields,
        Err(_) if structure(bytes, &SEC1).is_ok() => return other_format("ParseECPrivateKey"),
        Err(_) if structure(bytes, &PKCS8).is_ok() => return other_format("ParsePKCS8PrivateKey"),
        Err(error) => return Err(error),
    };
    let [Parsed::Int(version), modulus, Parsed::Int(exponent), secret, p, q, dp, dq, inverse, others] =
        fields.as_slice()
    else {
        return Err(unread());
    };
    if *version > 1 {
        return Err("x509: unsupported private key version".into());
    }
    if bytes.len() > MAX_RSA_BYTES {
        return Err("RSA keys of more than 16384 bits are not supported".into());
    }
    let not_positive = || "x509: private key contains zero or negative value".to_owned();
    let needed = |parsed: &Parsed<'_>| positive(parsed).ok_or_else(not_positive);
    let optional = |parsed: &Parsed<'_>| match parsed {
        Parsed::Absent => Ok(None),
        given => needed(given).map(Some),
    };
    let mut primes = vec![needed(p)?, needed(q)?];
    let (modulus, secret) = (needed(modulus)?, needed(secret)?);
    let precomputed = [optional(dp)?, optional(dq)?, optional(inverse)?];
    if let Parsed::List(others) = others {
        for other in others {
            let Parsed::Struct(other) = other else { return Err(unread()) };
            let prime = other.first().and_then(positive);
            primes.push(prime.ok_or("x509: private key contains zero or negative prime")?);
        }
    }
    rsa_check::check(&modulus, *exponent, &secret, &primes, &precomputed)?;
    let public = BigUint::from(exponent.unsigned_abs());
    match rsa::RsaPrivateKey::from_components(modulus, public, secret, primes) {
        Ok(key) => Ok(PrivateKey::Rsa(Box::new(key))),
        Err(error) => Err(error.to_string()),
    }
}
