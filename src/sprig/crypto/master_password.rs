//! Passwords derived from a master password, a user and a site: the Master Password algorithm.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::gotemplate::Value;
use crate::sprig::args::{Args, Outcome, string};

/// Names the algorithm in everything that is hashed.
const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// The forms of passwords by type: each letter stands for a set of characters.
fn templates(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

/// The characters that a letter of a template stands for.
fn characters(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn length(s: &[u8]) -> [u8; 4] {
    (s.len() as u32).to_be_bytes()
}

/// The password for a counter, a type, a master password, a user and a site. What goes wrong is the result, as in sprig.
pub(super) fn derive(args: &[Value]) -> Outcome {
    let counter = args.int(0) as u32;
    let (password, user, site) = (args.bytes(2), args.bytes(3), args.bytes(4));
    let Some(templates) = templates(&args.text(1)) else {
        return string([b"cannot find password template ", args.bytes(1)].concat());
    };
    let salt = [SCOPE, &length(user), user].concat();
    let mut key = [0; 64];
    let derived = scrypt::Params::new(15, 8, 2, key.len())
        .map_err(|error| error.to_string())
        .and_then(|params| scrypt::scrypt(password, &salt, &params, &mut key).map_err(|error| error.to_string()))
        .and_then(|()| Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string()));
    let mut mac = match derived {
        Ok(mac) => mac,
        Err(error) => return string(format!("failed to derive password: {error}")),
    };
    mac.update(&[SCOPE, &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let characters = template.bytes().zip(&seed[1..]).map(|(letter, &random)| {
        let set = characters(letter);
        set[usize::from(random) % set.len()]
    });
    string(characters.collect::<Vec<u8>>())
}
