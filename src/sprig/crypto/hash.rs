//! Checksums and password hashes.

use sha2::Digest;

use crate::gotemplate::{Scope, Value};
use crate::sprig::args::{Args, Outcome, string};
use crate::sprig::encoding::hex;
use crate::sprig::host::with_rng;

/// A digest in lower case hexadecimal.
pub(super) fn hex_digest<D: Digest>(data: &[u8]) -> String {
    hex(&D::digest(data))
}

/// The Adler-32 checksum of RFC 1950.
pub(super) fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // So many bytes can be summed up before the sums overflow.
    const CHUNK: usize = 5552;
    let (mut a, mut b) = (1u32, 0u32);
    for chunk in data.chunks(CHUNK) {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

/// A bcrypt hash at Go's default cost; what goes wrong is the result, as in sprig.
pub(super) fn bcrypt(scope: &mut dyn Scope, password: &[u8]) -> String {
    const COST: u32 = 10;
    const LONGEST: usize = 72;
    if password.len() > LONGEST {
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".into();
    }
    let mut salt = [0; 16];
    let hashed = with_rng(scope, |rng| rng.fill(&mut salt))
        .and_then(|()| ::bcrypt::hash_with_salt(password, COST, salt).map_err(|error| error.to_string()));
    match hashed {
        Ok(parts) => parts.format_for_version(::bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

/// A line of a password file.
pub(super) fn htpasswd(scope: &mut dyn Scope, args: &[Value]) -> Outcome {
    let user = args.bytes(0);
    if user.contains(&b':') {
        return string([b"invalid username: ", user].concat());
    }
    let hash = bcrypt(scope, args.bytes(1));
    string([user, b":", hash.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_checksums() {
        // From the example of RFC 1950's usual test vector.
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler32(&[255; 100_000]), {
            let (mut a, mut b) = (1u64, 0u64);
            for _ in 0..100_000 {
                a = (a + 255) % 65_521;
                b = (b + a) % 65_521;
            }
            (b << 16 | a) as u32
        });
    }
}
