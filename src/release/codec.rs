//! The envelope of a record: JSON, gzip, base64.

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Serialize, de::DeserializeOwned};

use super::Release;

/// A record that unpacks to more than this is an attack or an accident, not a release.
const MOST: u64 = 256 << 20;

/// Packs a record as Helm does; the result is ASCII.
///
/// # Errors
/// When it has no form in JSON.
pub fn encode(release: &Release) -> Result<String, String> {
    pack(release)
}

/// Unpacks a record. Records from before Helm compressed them are read as well.
///
/// # Errors
/// What is wrong with it, without a word of its content.
pub fn decode(text: &[u8]) -> Result<Release, String> {
    unpack(text)
}

pub(super) fn pack(value: &impl Serialize) -> Result<String, String> {
    let json = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    let mut gzip = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::best());
    gzip.write_all(&json).map_err(|error| error.to_string())?;
    let packed = gzip.finish().map_err(|error| error.to_string())?;
    Ok(STANDARD.encode(packed))
}

pub(super) fn unpack<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let packed = STANDARD.decode(text.trim_ascii_end()).map_err(|error| format!("it is not base64: {error}"))?;
    let json = if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut json = Vec::new();
        let mut reader = GzDecoder::new(packed.as_slice()).take(MOST + 1);
        reader.read_to_end(&mut json).map_err(|error| format!("it is not gzip: {error}"))?;
        if json.len() as u64 > MOST {
            return Err(format!("it unpacks to more than {} MiB", MOST >> 20));
        }
        json
    } else {
        packed
    };
    // The record holds the values, and they hold passwords: the message names the place, never the content.
    serde_json::from_slice(&json)
        .map_err(|error| format!("its JSON is wrong at line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let release = Release { name: "a".into(), version: 3, manifest: "x".repeat(10_000), ..Default::default() };
        let text = encode(&release).unwrap();
        assert!(text.len() < 1000);
        assert_eq!(decode(text.as_bytes()).unwrap(), release);
    }

    #[test]
    fn uncompressed_records_are_read() {
        let text = STANDARD.encode(r#"{"name":"old","version":1}"#);
        assert_eq!(decode(text.as_bytes()).unwrap().name, "old");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_content() {
        assert!(decode(b"***").unwrap_err().starts_with("it is not base64"));
        let secret = STANDARD.encode(r#"{"name": s3cret}"#);
        assert_eq!(decode(secret.as_bytes()).unwrap_err(), "its JSON is wrong at line 1, column 10");
    }
}
