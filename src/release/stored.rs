//! The Secret around a record: its name, labels and check sum.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Error, Json, Release, codec, parts};

/// The Secret's type.
pub const TYPE: &str = "helm.sh/release.v1";
/// The annotation with the SHA-256 of the encoded record, in hex. Helm writes none, and drops ours when it writes.
pub const CHECK_SUM: &str = "vulas-native/record-sha256";
/// What the API server takes (Kubernetes, `MaxSecretSize`).
pub const MOST: usize = 1 << 20;
/// Labels that are Helm's own.
pub const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// The Secret's name.
pub fn key(name: &str, version: i64) -> String {
    format!("sh.helm.release.v1.{name}.v{version}")
}

/// The label selector of all revisions of a release.
pub fn selector(name: &str) -> String {
    format!("name={name},owner=helm")
}

/// The label selector of all releases.
pub const ALL: &str = "owner=helm";

/// Whether the record is new or written over an older state of the same revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// The first time.
    Create,
    /// Once more.
    Update,
}

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The Secret of the record.
    pub main: Json,
    /// What did not fit it; see [`parts`].
    pub pieces: Vec<String>,
}

/// The Secret of a record, and what does not fit it.
///
/// # Errors
/// [`Error::TooLarge`] when manifest, hooks and values alone do not fit.
pub fn to_secret(release: &Release, writing: Writing, now: Timestamp) -> Result<Stored, Error> {
    let key = key(&release.name, release.version);
    let unreadable = |cause: String| Error::Unreadable { key: key.clone(), cause };
    let mut data = codec::encode(release).map_err(unreadable)?;
    let mut pieces = Vec::new();
    if data.len() > MOST {
        let (small, moved) = parts::split(release).map_err(unreadable)?;
        data = codec::encode(&small).map_err(unreadable)?;
        pieces = moved;
    }
    if data.len() > MOST {
        return Err(Error::TooLarge { key, size: data.len(), limit: MOST });
    }
    let mut labels: BTreeMap<String, String> = release.labels.clone();
    let stamp = match writing {
        Writing::Create => "createdAt",
        Writing::Update => "modifiedAt",
    };
    labels.insert(stamp.into(), now.as_second().to_string());
    labels.insert("name".into(), release.name.clone());
    labels.insert("owner".into(), "helm".into());
    labels.insert("status".into(), release.info.status.to_string());
    labels.insert("version".into(), release.version.to_string());
    let mut main = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": key, "namespace": release.namespace, "labels": labels, "annotations": {CHECK_SUM: check_sum(data.as_bytes())},
        },
        "type": TYPE,
        "data": {"release": STANDARD.encode(&data)},
    });
    if !pieces.is_empty() {
        main["metadata"]["annotations"][parts::COUNT] = pieces.len().to_string().into();
    }
    Ok(Stored { main, pieces })
}

/// How many parts belong to a record's Secret.
pub fn part_count(secret: &Json) -> usize {
    secret["metadata"]["annotations"][parts::COUNT].as_str().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Reads a record out of its Secret and checks its sum, if there is one.
///
/// # Errors
/// [`Error::Unreadable`] and [`Error::Damaged`].
pub fn from_secret(secret: &Json) -> Result<Release, Error> {
    let key = secret["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let unreadable = |cause: String| Error::Unreadable { key: key.clone(), cause };
    let field =
        secret["data"]["release"].as_str().ok_or_else(|| unreadable("the Secret has no field `release`".into()))?;
    let data = STANDARD.decode(field).map_err(|error| unreadable(error.to_string()))?;
    if let Some(written) = secret["metadata"]["annotations"][CHECK_SUM].as_str() {
        let found = check_sum(&data);
        if found != written {
            return Err(Error::Damaged { key, found, written: written.into() });
        }
    }
    let mut release = codec::decode(&data).map_err(unreadable)?;
    release.ours = secret["metadata"]["annotations"][CHECK_SUM].is_string();
    let labels = secret["metadata"]["labels"].as_object().into_iter().flatten();
    release.all_labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    release.labels = release.all_labels.clone();
    release.labels.retain(|key, _| !SYSTEM_LABELS.contains(&key.as_str()));
    if release.namespace.is_empty() {
        secret["metadata"]["namespace"].as_str().unwrap_or_default().clone_into(&mut release.namespace);
    }
    Ok(release)
}

fn check_sum(data: &[u8]) -> String {
    format!("{:x}", Sha256::digest(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Status;

    fn release() -> Release {
        let mut release = Release { name: "a".into(), namespace: "ns".into(), version: 3, ..Default::default() };
        release.info.status = Status::Deployed;
        release.labels.insert("team".into(), "x".into());
        release
    }

    fn secret() -> Json {
        to_secret(&release(), Writing::Create, Timestamp::from_second(1_700_000_000).unwrap()).unwrap().main
    }

    #[test]
    fn name_type_and_labels_are_helms() {
        let secret = secret();
        assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.a.v3");
        assert_eq!(secret["type"], "helm.sh/release.v1");
        let labels = json!({"createdAt": "1700000000", "name": "a", "owner": "helm", "status": "deployed", "team": "x", "version": "3"});
        assert_eq!(secret["metadata"]["labels"], labels);
        let read = from_secret(&secret).unwrap();
        assert_eq!(serde_json::to_value(&read.all_labels).unwrap(), labels);
        assert_eq!(Release { ours: false, all_labels: BTreeMap::new(), ..read }, release());
    }

    #[test]
    fn a_changed_record_is_not_believed() {
        let mut secret = secret();
        let other = codec::encode(&Release { name: "a".into(), version: 3, ..Default::default() }).unwrap();
        secret["data"]["release"] = STANDARD.encode(other).into();
        assert!(matches!(from_secret(&secret), Err(Error::Damaged { .. })));
        // Helm writes no sum.
        secret["metadata"]["annotations"] = json!({});
        assert!(from_secret(&secret).is_ok());
    }

    /// Digits of a linear congruence, which do not compress.
    fn noise() -> String {
        let mut state = 1_u64;
        let digit = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + (state >> 40) as u8 % 64)
        };
        std::iter::repeat_with(digit).take(1_200_000).collect()
    }

    #[test]
    fn a_manifest_that_does_not_fit_is_refused() {
        let large = Release { manifest: noise(), ..release() };
        let error = to_secret(&large, Writing::Create, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: MOST, .. }), "{error}");
    }

    #[test]
    fn large_templates_move_out() {
        let chart = json!({"metadata": {"name": "c"}, "templates": [{"name": "a", "data": noise()}], "files": []});
        let large = Release { chart, ..release() };
        let stored = to_secret(&large, Writing::Create, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((stored.pieces.len(), part_count(&stored.main)), (2, 2));
        let mut read = from_secret(&stored.main).unwrap();
        assert_eq!(read.chart["templates"], json!([]));
        parts::join(&mut read, &stored.pieces).unwrap();
        assert_eq!(read.chart, large.chart);
    }
}
