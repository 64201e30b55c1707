//! Certificates with their keys, as templates get them.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

use super::keys::{PrivateKey, new_rsa};
use super::x509::{Issuer, Request, create};
use super::{Fallible, key_reading, pem};
use crate::gotemplate::{FuncError, Object, Scope, Value};
use crate::sprig::args::{Args, Outcome, fail, slice_items};
use crate::sprig::encoding::base64_decode;
use crate::sprig::host::{clock, with_rng};
use crate::sprig::print::sprint;
use crate::sprig::time::Time;

/// The struct with the fields `Cert` and `Key`, both PEM.
#[derive(Clone)]
struct Certificate {
    cert: String,
    key: String,
}

impl std::fmt::Debug for Certificate {
    /// Keys do not belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("cert", &self.cert).finish_non_exhaustive()
    }
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        "sprig.certificate"
    }

    fn kind_name(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        match name {
            "Cert" => Some(Ok(self.cert.as_str().into())),
            "Key" => Some(Ok(self.key.as_str().into())),
            _ => None,
        }
    }

    fn display(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn printed_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![("Cert", self.cert.as_str().into()), ("Key", self.key.as_str().into())])
    }

    fn to_plain(&self) -> Value {
        Value::map([("Cert", Value::str(self.cert.as_str())), ("Key", Value::str(self.key.as_str()))])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn outcome(result: Fallible<Certificate>) -> Outcome {
    match result {
        Ok(certificate) => Ok(Value::Object(Rc::new(certificate))),
        Err(error) => fail(error),
    }
}

/// The key at a position of the arguments, or a new RSA key.
fn given_or_new_key(scope: &mut dyn Scope, args: &[Value], position: Option<usize>) -> Fallible<PrivateKey> {
    match position {
        Some(position) => {
            key_reading::from_pem(args.bytes(position)).map_err(|error| format!("parsing private key: {error}"))
        }
        None => new_rsa(scope, 2048).map_err(|error| format!("error generating rsa key: {error}")),
    }
}

/// `genCA*`: an authority, which signs itself. Arguments: name, days.
pub(super) fn authority(scope: &mut dyn Scope, args: &[Value], key: Option<usize>) -> Outcome {
    outcome(given_or_new_key(scope, args, key).and_then(|key| {
        let request = request(scope, args, &[], &[], args.int(1), true)?;
        issue(&request, &key, None)
    }))
}

/// `genSelfSignedCert*`. Arguments: name, addresses, DNS names, days.
pub(super) fn self_signed(scope: &mut dyn Scope, args: &[Value], key: Option<usize>) -> Outcome {
    outcome(given_or_new_key(scope, args, key).and_then(|key| {
        let request = named_request(scope, args)?;
        issue(&request, &key, None)
    }))
}

/// `genSignedCert*`. Arguments: name, addresses, DNS names, days, authority.
pub(super) fn signed(scope: &mut dyn Scope, args: &[Value], key: Option<usize>) -> Outcome {
    outcome(given_or_new_key(scope, args, key).and_then(|key| {
        let authority = match args.any(4) {
            Value::Object(object) => object.as_any().downcast_ref::<Certificate>().cloned(),
            _ => None,
        };
        let authority = authority.ok_or("unable to decode certificate")?;
        let block = pem::decode(authority.cert.as_bytes()).ok_or("unable to decode certificate")?;
        let issuer = Issuer::parse(&block.bytes)
            .map_err(|error| format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))?;
        let issuer_key = key_reading::from_pem(authority.key.as_bytes())
            .map_err(|error| format!("error parsing private key: {error}"))?;
        let request = named_request(scope, args)?;
        issue(&request, &key, Some((&issuer, &issuer_key)))
    }))
}

/// `buildCustomCert`: a certificate and a key that exist, both in base64 of PEM.
pub(super) fn build_custom(args: &[Value]) -> Outcome {
    let build = || {
        let cert = base64_decode(args.bytes(0)).map_err(|_| "unable to decode base64 certificate")?;
        let key = base64_decode(args.bytes(1)).map_err(|_| "unable to decode base64 private key")?;
        let block = pem::decode(&cert).ok_or("unable to decode certificate")?;
        Issuer::parse(&block.bytes)
            .map_err(|error| format!("error parsing certificate: decodedCert.Bytes: {error}"))?;
        key_reading::from_pem(&key).map_err(|error| format!("error parsing private key: {error}"))?;
        // Both are PEM, which is ASCII where it matters.
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Certificate { cert: text(cert), key: text(key) })
    };
    outcome(build())
}

fn named_request(scope: &mut dyn Scope, args: &[Value]) -> Fallible<Request> {
    let list = |index: usize| slice_items(args.any(index)).map(std::borrow::Cow::into_owned).unwrap_or_default();
    request(scope, args, &list(1), &list(2), args.int(3), false)
}

fn request(
    scope: &mut dyn Scope,
    args: &[Value],
    addresses: &[Value],
    dns_names: &[Value],
    days: i64,
    is_authority: bool,
) -> Fallible<Request> {
    const NANOSECONDS_PER_DAY: i64 = 86_400_000_000_000;
    let addresses = addresses.iter().map(address).collect::<Result<_, _>>()?;
    let dns_names = dns_names.iter().map(dns_name).collect::<Result<_, _>>()?;
    let mut serial = [0; 16];
    with_rng(scope, |rng| rng.fill(&mut serial))?;
    let not_before = Time::now(clock(scope));
    let not_after = not_before.add(days.wrapping_mul(NANOSECONDS_PER_DAY));
    let common_name = args.text(0).into_owned();
    Ok(Request { common_name, addresses, dns_names, serial, not_before, not_after, is_authority })
}

fn address(value: &Value) -> Fallible<IpAddr> {
    let Value::Str(text) = value else {
        return Err(format!("error parsing ip: {} is not a string", sprint(value).to_str()));
    };
    let text = text.to_str();
    let address: IpAddr = text.parse().map_err(|_| format!("error parsing ip: {text}"))?;
    // An IPv4 address written as IPv6 is stored as IPv4, as Go does.
    Ok(address.to_canonical())
}

fn dns_name(value: &Value) -> Fallible<String> {
    match value {
        Value::Str(name) => Ok(name.to_str().into_owned()),
        other => Err(format!("error processing alternate dns name: {} is not a string", sprint(other).to_str())),
    }
}

fn issue(request: &Request, key: &PrivateKey, issuer: Option<(&Issuer, &PrivateKey)>) -> Fallible<Certificate> {
    let der = create(request, key, issuer).map_err(|error| format!("error creating certificate: {error}"))?;
    Ok(Certificate { cert: pem::encode("CERTIFICATE", &der), key: key.to_pem()? })
}
