//! Beta logs in with the passwords that lie on the volume, or is not begun.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use vulas_native::cluster::Json;

use super::{Sandbox, Stage};

/// The Secret that an uninstall of beta has left, with these values changed.
fn left(stage: &Stage, changed: &[(&str, &str)]) -> Json {
    let alpha = stage.get(&stage.namespaced("v1", "Secret", "alpha-database")).unwrap();
    let mut data = alpha["data"].clone();
    for (key, value) in changed {
        data[key] = STANDARD.encode(value).into();
    }
    let notes = serde_json::json!({
        "helm.sh/resource-policy": "keep",
        "meta.helm.sh/release-name": "beta",
        "meta.helm.sh/release-namespace": stage.core,
    });
    serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
        "metadata": {"name": "beta-database", "namespace": stage.core, "annotations": notes,
            "labels": {"app.kubernetes.io/managed-by": "Helm"}},
    })
}

#[test]
fn a_secret_with_other_credentials_that_is_left_is_refused() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.runtime.block_on(stage.cluster.create(&left(stage, &[]), "test", false)).unwrap();
    for (key, variable) in
        [("password", "DB_PASSWORD"), ("replication-password", "REPLICATION_PASSWORD"), ("database", "DB_NAME")]
    {
        stage.runtime.block_on(stage.cluster.replace(&left(stage, &[(key, "s3cret")]), "test")).unwrap();
        let first = format!("secret/beta-database is there already, with another {variable} than pod/");
        sandbox.refuses(&[], &[&first, "kubectl -n vulas-core delete secret beta-database"]);
        assert!(!stage.upgrade(&[]).stderr.contains("s3cret"));
    }
    // One that holds what alpha's does is as good as a new one.
    stage.runtime.block_on(stage.cluster.replace(&left(stage, &[]), "test")).unwrap();
    stage.upgrade(&[]).ended(0);
    stage.retreat(&[]).ended(0);
}

#[test]
fn credentials_that_would_be_made_up_are_refused() {
    let sandbox = Sandbox::small();
    sandbox.refuses(&["--credentials-value="], &["beta would come with another", "--credentials-value PATH"]);
}
