//! X.509 certificates (RFC 5280) of the form that Go's `x509.CreateCertificate` gives to sprig's templates.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::Fallible;
use super::der::{self, Reader};
use super::keys::PrivateKey;
use crate::sprig::time::{Time, Zone};

/// The encoded object identifiers of names, extensions and purposes.
mod oid {
    pub(super) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1D, 14];
    pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1D, 15];
    pub(super) const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1D, 17];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 19];
    pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1D, 35];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 37];
    pub(super) const SERVER_AUTH: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 1];
    pub(super) const CLIENT_AUTH: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 2];
}

/// What is to be certified.
pub(super) struct Request {
    pub common_name: String,
    pub addresses: Vec<IpAddr>,
    pub dns_names: Vec<String>,
    pub serial: [u8; 16],
    pub not_before: Time,
    pub not_after: Time,
    pub is_authority: bool,
}

/// What a certificate says of its own name and key: what another one that it signs refers to.
pub(super) struct Issuer {
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
    public_info: Vec<u8>,
}

/// A certificate signed by an issuer's key, or by its own for a self-signed one.
///
/// # Errors
/// A key that cannot sign, does not belong to the issuer, or a name that cannot be encoded.
pub(super) fn create(request: &Request, key: &PrivateKey, issuer: Option<(&Issuer, &PrivateKey)>) -> Fallible<Vec<u8>> {
    let signer = issuer.map_or(key, |(_, signer)| signer);
    let algorithm = signer.signature_algorithm()?;
    let public = key.public_info()?;
    if let Some((issuer, signer)) = issuer
        && issuer.public_info != signer.public_info()?
    {
        return Err("x509: provided PrivateKey doesn't match parent's PublicKey".into());
    }
    let subject = name(&request.common_name);
    let issuer_name = issuer.map_or(&subject, |(issuer, _)| &issuer.subject);
    // An issuer of the same name is taken for the certificate itself.
    let authority_key_id = issuer.and_then(|(issuer, _)| issuer.key_id.as_deref()).filter(|_| *issuer_name != subject);
    let extensions = extensions(request, &key.public_bytes()?, authority_key_id, subject == der::sequence(&[]))?;
    let to_be_signed = der::sequence(&[
        &der::element(0xA0, &der::integer(&[2])),
        &der::integer(&request.serial),
        &algorithm,
        issuer_name,
        &der::sequence(&[&time(&request.not_before), &time(&request.not_after)]),
        &subject,
        &public,
        &der::element(0xA3, &extensions),
    ]);
    let signature = signer.sign(&to_be_signed)?;
    Ok(der::sequence(&[&to_be_signed, &algorithm, &der::bit_string(&signature)]))
}

/// A name of one part, or the empty name.
fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return der::sequence(&[]);
    }
    let is_printable = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+,-./ :=?".contains(&byte);
    let tag = if common_name.bytes().all(is_printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
    let attribute = der::sequence(&[&der::identifier(oid::COMMON_NAME), &der::element(tag, common_name.as_bytes())]);
    der::sequence(&[&der::element(der::SET, &attribute)])
}

fn time(time: &Time) -> Vec<u8> {
    let utc = time.with_zone(Zone::Utc);
    let (tag, layout): (_, &[u8]) = match utc.civil().year {
        1950..2050 => (der::UTC_TIME, b"060102150405Z"),
        _ => (der::GENERALIZED_TIME, b"20060102150405Z"),
    };
    der::element(tag, &utc.format(layout))
}

fn extension(identifier: &[u8], critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { der::element(der::BOOLEAN, &[0xFF]) } else { Vec::new() };
    der::sequence(&[&der::identifier(identifier), &critical, &der::element(der::OCTET_STRING, content)])
}

fn extensions(request: &Request, public: &[u8], authority: Option<&[u8]>, nameless: bool) -> Fallible<Vec<u8>> {
    // Digital signature and key encipherment, and for an authority also signing of certificates.
    let usage: [u8; 2] = if request.is_authority { [2, 0b1010_0100] } else { [5, 0b1010_0000] };
    let purposes = der::sequence(&[&der::identifier(oid::SERVER_AUTH), &der::identifier(oid::CLIENT_AUTH)]);
    let constraints =
        if request.is_authority { der::sequence(&[&der::element(der::BOOLEAN, &[0xFF])]) } else { der::sequence(&[]) };
    let mut all = extension(oid::KEY_USAGE, true, &der::element(der::BIT_STRING, &usage));
    all.extend(extension(oid::EXTENDED_KEY_USAGE, false, &purposes));
    all.extend(extension(oid::BASIC_CONSTRAINTS, true, &constraints));
    if request.is_authority {
        // RFC 7093, method 1: the leftmost 160 bits of the hash.
        let hash = Sha256::digest(public);
        all.extend(extension(oid::SUBJECT_KEY_ID, false, &der::element(der::OCTET_STRING, &hash[..20])));
    }
    if let Some(authority) = authority {
        all.extend(extension(oid::AUTHORITY_KEY_ID, false, &der::sequence(&[&der::element(0x80, authority)])));
    }
    let mut names = Vec::new();
    for dns in &request.dns_names {
        if !dns.is_ascii() {
            return Err(format!("x509: {dns:?} cannot be encoded as an IA5String"));
        }
        names.extend(der::element(0x82, dns.as_bytes()));
    }
    for address in &request.addresses {
        names.extend(match address {
            IpAddr::V4(address) => der::element(0x87, &address.octets()),
            IpAddr::V6(address) => der::element(0x87, &address.octets()),
        });
    }
    if !names.is_empty() {
        all.extend(extension(oid::ALTERNATIVE_NAME, nameless, &der::element(der::SEQUENCE, &names)));
    }
    Ok(der::element(der::SEQUENCE, &all))
}

impl Issuer {
    /// Reads a certificate.
    ///
    /// # Errors
    /// Go's text naming the part that is missing.
    pub(super) fn parse(certificate: &[u8]) -> Fallible<Self> {
        let malformed = |part: &str| format!("x509: malformed {part}");
        let mut outer = Reader(certificate);
        let whole = outer.expect(der::SEQUENCE).ok_or_else(|| malformed("certificate"))?;
        let mut whole = Reader(whole.content);
        let fields = whole.expect(der::SEQUENCE).ok_or_else(|| malformed("tbs certificate"))?;
        let mut fields = Reader(fields.content);
        let _version = fields.optional(0xA0);
        fields.expect(der::INTEGER).ok_or_else(|| malformed("serial number"))?;
        let inner = fields.expect(der::SEQUENCE).ok_or_else(|| malformed("signature algorithm identifier"))?;
        let algorithm = whole.expect(der::SEQUENCE).ok_or_else(|| malformed("algorithm identifier"))?;
        if inner.content != algorithm.content {
            return Err("x509: inner and outer signature algorithm identifiers don't match".into());
        }
        fields.expect(der::SEQUENCE).ok_or_else(|| malformed("issuer"))?;
        fields.expect(der::SEQUENCE).ok_or_else(|| malformed("validity"))?;
        let subject = fields.expect(der::SEQUENCE).ok_or_else(|| malformed("issuer"))?.whole.to_vec();
        let public_info = fields.expect(der::SEQUENCE).ok_or_else(|| malformed("spki"))?.whole.to_vec();
        let _issuer_id = fields.optional(0x81);
        let _subject_id = fields.optional(0x82);
        let key_id = fields.optional(0xA3).and_then(|extensions| subject_key_id(extensions.content));
        whole.expect(der::BIT_STRING).ok_or_else(|| malformed("signature"))?;
        if !outer.0.is_empty() {
            return Err("x509: trailing data".into());
        }
        Ok(Self { subject, key_id, public_info })
    }
}

fn subject_key_id(extensions: &[u8]) -> Option<Vec<u8>> {
    let mut list = Reader(Reader(extensions).expect(der::SEQUENCE)?.content);
    while let Some(extension) = list.expect(der::SEQUENCE) {
        let mut fields = Reader(extension.content);
        let identifier = fields.expect(der::OBJECT_IDENTIFIER)?;
        let _critical = fields.optional(der::BOOLEAN);
        let content = fields.expect(der::OCTET_STRING)?;
        if identifier.content == oid::SUBJECT_KEY_ID {
            return Some(Reader(content.content).expect(der::OCTET_STRING)?.content.to_vec());
        }
    }
    None
}
