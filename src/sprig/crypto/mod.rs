//! Hashes, passwords, keys, certificates, encryption.

mod aes;
mod asn1;
mod certificate;
mod der;
mod dsa;
mod hash;
mod key_reading;
mod keys;
mod master_password;
mod pem;
mod primes;
mod rng;
mod rsa_check;
mod x509;

use super::args::{Args, Chapter, func, string};
use crate::gotemplate::Type::{Int, ListOfAny, Named, Str};
use crate::gotemplate::{FuncError, Scope};

const CERTIFICATE: crate::gotemplate::Type = Named("sprig.certificate");

pub(super) static FUNCTIONS: Chapter = &[
    ("adler32sum", func!([Str], |_, a| string(hash::adler32(a.bytes(0)).to_string()))),
    (
        "bcrypt",
        func!([Str], |scope, a| {
            slow(scope)?;
            string(hash::bcrypt(scope, a.bytes(0)))
        }),
    ),
    (
        "buildCustomCert",
        func!([Str, Str], |scope, a| {
            slow(scope)?;
            certificate::build_custom(a)
        }),
    ),
    ("decryptAES", func!([Str, Str], |_, a| aes::decrypt(a.bytes(0), a.bytes(1)))),
    (
        "derivePassword",
        func!([Named("uint32"), Str, Str, Str, Str], |scope, a| {
            slow(scope)?;
            master_password::derive(a)
        }),
    ),
    ("encryptAES", func!([Str, Str], |scope, a| aes::encrypt(scope, a.bytes(0), a.bytes(1)))),
    (
        "genCA",
        func!([Str, Int], |scope, a| {
            slow(scope)?;
            certificate::authority(scope, a, None)
        }),
    ),
    (
        "genCAWithKey",
        func!([Str, Int, Str], |scope, a| {
            slow(scope)?;
            certificate::authority(scope, a, Some(2))
        }),
    ),
    (
        "genPrivateKey",
        func!([Str], |scope, a| {
            slow(scope)?;
            keys::generate(scope, &a.text(0))
        }),
    ),
    (
        "genSelfSignedCert",
        func!([Str, ListOfAny, ListOfAny, Int], |scope, a| {
            slow(scope)?;
            certificate::self_signed(scope, a, None)
        }),
    ),
    (
        "genSelfSignedCertWithKey",
        func!([Str, ListOfAny, ListOfAny, Int, Str], |scope, a| {
            slow(scope)?;
            certificate::self_signed(scope, a, Some(4))
        }),
    ),
    (
        "genSignedCert",
        func!([Str, ListOfAny, ListOfAny, Int, CERTIFICATE], |scope, a| {
            slow(scope)?;
            certificate::signed(scope, a, None)
        }),
    ),
    (
        "genSignedCertWithKey",
        func!([Str, ListOfAny, ListOfAny, Int, CERTIFICATE, Str], |scope, a| {
            slow(scope)?;
            certificate::signed(scope, a, Some(5))
        }),
    ),
    (
        "htpasswd",
        func!([Str, Str], |scope, a| {
            slow(scope)?;
            hash::htpasswd(scope, a)
        }),
    ),
    ("sha1sum", func!([Str], |_, a| string(hash::hex_digest::<sha1::Sha1>(a.bytes(0))))),
    ("sha256sum", func!([Str], |_, a| string(hash::hex_digest::<sha2::Sha256>(a.bytes(0))))),
    ("sha512sum", func!([Str], |_, a| string(hash::hex_digest::<sha2::Sha512>(a.bytes(0))))),
];

/// Accounts for a call that takes as long as very many others, however short its arguments are: the clock is looked at.
fn slow(scope: &mut dyn Scope) -> Result<(), FuncError> {
    const STEPS: usize = 2 << 20;
    scope.work(STEPS)
}

/// A failure, described as Go does.
type Fallible<T> = Result<T, String>;
