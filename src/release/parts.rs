//! Records that do not fit a Secret: the chart's templates and files move to Secrets of their own.
//!
//! The main Secret stays a whole valid record, which Helm lists, rolls back and uninstalls: none of that needs the templates. The
//! parts do not carry Helm's labels, so that it does not take them for records; they are owned by the main Secret, so that they
//! go when anybody deletes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Error, Json, Release, codec, stored};

/// The annotation of a main Secret that tells how many parts there are.
pub const COUNT: &str = "vulas-native/record-parts";
/// The type of a part's Secret.
pub const TYPE: &str = "vulas-native/record-part";
/// Bytes of one part; less than a Secret holds.
const SIZE: usize = 1_000_000;

/// What moves out of the chart.
const MOVED: [&str; 2] = ["templates", "files"];

/// The record without what moves, and the moved content in pieces.
///
/// # Errors
/// When it cannot be packed.
pub fn split(release: &Release) -> Result<(Release, Vec<String>), String> {
    let mut small = release.clone();
    let mut moved = serde_json::Map::new();
    for field in MOVED {
        if let Some(list) = small.chart.get_mut(field) {
            moved.insert(field.into(), std::mem::replace(list, json!([])));
        }
    }
    let packed = codec::pack(&Json::from(moved))?;
    let pieces = packed.as_bytes().chunks(SIZE).map(|piece| String::from_utf8_lossy(piece).into_owned());
    Ok((small, pieces.collect()))
}

/// Puts back what moved.
///
/// # Errors
/// What is wrong with the pieces.
pub fn join(release: &mut Release, pieces: &[String]) -> Result<(), String> {
    let moved: Json = codec::unpack(pieces.concat().as_bytes())?;
    for field in MOVED {
        if moved[field].is_array() {
            release.chart[field] = moved[field].clone();
        }
    }
    Ok(())
}

/// The name of a part, counted from 1.
pub fn key(release: &Release, number: usize) -> String {
    format!("{}.part{number}", stored::key(&release.name, release.version))
}

/// The Secret of a part, owned by the main one.
pub fn to_secret(release: &Release, number: usize, piece: &str, main_uid: &str) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": key(release, number),
            "namespace": release.namespace,
            "labels": {"app.kubernetes.io/managed-by": "vulas-native"},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Secret", "name": stored::key(&release.name, release.version), "uid": main_uid},
            ],
        },
        "type": TYPE,
        "data": {"part": STANDARD.encode(piece)},
    })
}

/// The piece in a part's Secret.
///
/// # Errors
/// [`Error::Unreadable`].
pub fn from_secret(secret: &Json) -> Result<String, Error> {
    let key = secret["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let field = secret["data"]["part"].as_str().unwrap_or_default();
    let bytes =
        STANDARD.decode(field).map_err(|error| Error::Unreadable { key: key.clone(), cause: error.to_string() })?;
    String::from_utf8(bytes).map_err(|error| Error::Unreadable { key, cause: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_split_is_joined() {
        let chart = json!({"metadata": {"name": "c"}, "templates": [{"name": "a", "data": "eA=="}], "files": [], "values": {"v": 1}});
        let release = Release { name: "a".into(), version: 2, chart, ..Release::default() };
        let (mut small, pieces) = split(&release).unwrap();
        assert_eq!((&small.chart["templates"], &small.chart["values"]), (&json!([]), &json!({"v": 1})));
        join(&mut small, &pieces).unwrap();
        assert_eq!(small, release);
        assert_eq!(key(&release, 1), "sh.helm.release.v1.a.v2.part1");
        assert_eq!(from_secret(&to_secret(&release, 1, &pieces[0], "u")).unwrap(), pieces[0]);
    }
}
