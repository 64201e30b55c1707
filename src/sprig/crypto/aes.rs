//! AES-256 in CBC mode; the key is the password, cut or padded with zeros.

use ::aes::Aes256;
use ::aes::cipher::block_padding::Pkcs7;
use ::aes::cipher::generic_array::GenericArray;
use ::aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::gotemplate::Scope;
use crate::sprig::args::{Outcome, fail, string};
use crate::sprig::encoding::base64_decode;
use crate::sprig::host::with_rng;

const BLOCK: usize = 16;

fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

/// The initialisation vector and the encrypted text in base64; nothing for an empty text.
pub(super) fn encrypt(scope: &mut dyn Scope, password: &[u8], text: &[u8]) -> Outcome {
    if text.is_empty() {
        return string("");
    }
    let mut iv = [0; BLOCK];
    if let Err(error) = with_rng(scope, |rng| rng.fill(&mut iv)) {
        return fail(error);
    }
    let encryptor = cbc::Encryptor::<Aes256>::new(&key(password).into(), &iv.into());
    let encrypted = encryptor.encrypt_padded_vec_mut::<Pkcs7>(text);
    string(STANDARD.encode([iv.as_slice(), &encrypted].concat()))
}

/// The text that was encrypted. Padding is trusted, as in the original: its last byte says how much of it there is.
pub(super) fn decrypt(password: &[u8], encoded: &[u8]) -> Outcome {
    if encoded.is_empty() {
        return string("");
    }
    let data = base64_decode(encoded).or_else(fail)?;
    let Some((iv, encrypted)) = data.split_at_checked(BLOCK) else {
        return fail(format!(
            "runtime error: slice bounds out of range [:{BLOCK}] with capacity {}",
            go_capacity(encoded)
        ));
    };
    if encrypted.len() % BLOCK != 0 {
        return fail("crypto/cipher: input not full blocks");
    }
    let mut decryptor = cbc::Decryptor::<Aes256>::new(&key(password).into(), GenericArray::from_slice(iv));
    let mut text = encrypted.to_vec();
    for block in text.chunks_exact_mut(BLOCK) {
        decryptor.decrypt_block_mut(GenericArray::from_mut_slice(block));
    }
    let Some(&padding) = text.last() else { return fail("runtime error: index out of range [-1]") };
    match text.len().checked_sub(padding.into()) {
        Some(length) => string(&text[..length]),
        None => fail(format!("runtime error: slice bounds out of range [:{}]", text.len() as i64 - i64::from(padding))),
    }
}

/// The capacity of the buffer that Go decodes base64 into.
fn go_capacity(encoded: &[u8]) -> usize {
    encoded.len() / 4 * 3
}
