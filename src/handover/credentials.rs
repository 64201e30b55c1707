//! Where a server's password comes from. Passwords are compared here and go nowhere else.

use base64::Engine as _;

use super::{
    Layout, Problem,
    containers::{self, items, text},
    fit,
};
use crate::cluster::{Cluster, Json, ObjectRef};

/// Variables of the usual images that hold a password, or name its file with `_FILE` after it.
const PASSWORDS: [&str; 7] = [
    "POSTGRES_PASSWORD",
    "POSTGRESQL_PASSWORD",
    "POSTGRES_POSTGRES_PASSWORD",
    "POSTGRESQL_POSTGRES_PASSWORD",
    "POSTGRESQL_ADMIN_PASSWORD",
    "PATRONI_SUPERUSER_PASSWORD",
    "PGPASSWORD",
];

fn variable<'a>(container: &'a Json, name: &str) -> Option<&'a Json> {
    items(container, "/env").iter().find(|e| text(e, "/name") == Some(name))
}

/// Secret and key of the file that a variable names.
fn file_of(pod_spec: &Json, container: &Json, name: &str) -> Option<(String, String)> {
    let path = text(variable(container, &format!("{name}_FILE"))?, "/value")?;
    let mount = containers::mount_of(container, path)?;
    let volume = containers::volume_named(pod_spec, text(mount, "/name")?)?;
    let file = match text(mount, "/subPath") {
        Some(file) => file,
        None => path.strip_prefix(text(mount, "/mountPath")?.trim_end_matches('/'))?.trim_start_matches('/'),
    };
    let sources = items(volume, "/projected/sources").iter().filter_map(|source| source.get("secret"));
    let secrets = volume.get("secret").into_iter().chain(sources);
    let key_in = |secret: &Json| {
        let renamed = items(secret, "/items").iter().find(|item| text(item, "/path") == Some(file));
        renamed.and_then(|item| text(item, "/key")).unwrap_or(file).to_owned()
    };
    secrets.into_iter().find_map(|s| Some((text(s, "/secretName").or_else(|| text(s, "/name"))?.to_owned(), key_in(s))))
}

/// The Secret that a container takes its superuser's password from.
pub(super) fn secret_of(pod_spec: &Json, container: &Json) -> Option<String> {
    let by_key = |name: &&str| text(variable(container, name)?, "/valueFrom/secretKeyRef/name").map(str::to_owned);
    let by_file = |name: &&str| file_of(pod_spec, container, name).map(|(secret, _)| secret);
    let from = || items(container, "/envFrom").iter().find_map(|e| text(e, "/secretRef/name").map(str::to_owned));
    let any = || {
        let env = items(container, "/env");
        env.iter().find_map(|e| text(e, "/valueFrom/secretKeyRef/name").map(str::to_owned))
    };
    PASSWORDS.iter().find_map(by_key).or_else(|| PASSWORDS.iter().find_map(by_file)).or_else(from).or_else(any)
}

/// Where Secrets are looked up: among what a chart makes, else in the cluster.
struct Secrets<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    made: &'a [Json],
}

impl Secrets<'_> {
    async fn value(&self, name: &str, key: &str) -> Option<String> {
        let of = |secret: &Json| {
            if let Some(plain) = secret.get("stringData").and_then(|data| data.get(key)?.as_str()) {
                return Some(plain.to_owned());
            }
            let data = secret.get("data")?.get(key)?.as_str()?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
            String::from_utf8(bytes).ok()
        };
        if let Some(made) = self.made.iter().find(|o| o["kind"] == "Secret" && text(o, "/metadata/name") == Some(name))
        {
            return of(made);
        }
        let live = self.cluster.get(&ObjectRef::new("v1", "Secret", self.namespace, name)).await.ok().flatten()?;
        of(&live)
    }

    /// What a variable of a container, or the file that it names, holds.
    async fn password(&self, pod_spec: &Json, container: &Json, name: &str) -> Option<String> {
        if let Some((secret, key)) = file_of(pod_spec, container, name) {
            return self.value(&secret, &key).await.map(|text| text.trim_end_matches('\n').to_owned());
        }
        if let Some(entry) = variable(container, name) {
            if let Some(reference) = entry.pointer("/valueFrom/secretKeyRef") {
                return self.value(text(reference, "/name")?, text(reference, "/key")?).await;
            }
            return text(entry, "/value").filter(|value| !value.contains("$(")).map(str::to_owned);
        }
        for from in items(container, "/envFrom") {
            let Some(secret) = text(from, "/secretRef/name") else { continue };
            let prefix = text(from, "/prefix").unwrap_or_default();
            let Some(key) = name.strip_prefix(prefix) else { continue };
            if let Some(value) = self.value(secret, key).await {
                return Some(value);
            }
        }
        None
    }
}

/// Beta's server must come with the passwords that the roles on the volume have: those of alpha. What can't be told is let
/// pass; then beta does not become ready, and is taken back.
pub(super) async fn check(
    cluster: &Cluster,
    namespace: &str,
    planned: &[Json],
    layout: &Layout,
    beta: &str,
) -> Option<Problem> {
    let pod = ObjectRef::new("v1", "Pod", namespace, &layout.replica.pod);
    let live = cluster.get(&pod).await.ok().flatten()?;
    let alpha_spec = live.get("spec")?;
    let alpha = containers::postgres(alpha_spec, None, Some(&layout.replica.container)).ok()??.container;
    let (spec, container) = fit::server_on(planned, &layout.volume.claim, &layout.replica.container)?;
    let old = Secrets { cluster, namespace, made: &[] };
    let new = Secrets { cluster, namespace, made: planned };
    for name in PASSWORDS {
        let (before, after) = (old.password(alpha_spec, alpha, name).await, new.password(spec, container, name).await);
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            return Some(Problem::new(
                format!(
                    "{beta} would come with another {name} than pod/{} has: the roles and their passwords lie on the volume",
                    layout.replica.pod
                ),
                "name the value by which the chart takes the Secret of the current release: --credentials-value PATH; or set its passwords",
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_secret_of_the_password_is_found() {
        let spec = json!({"volumes": [{"name": "pw", "secret": {"secretName": "by-file", "items": [{"key": "k", "path": "p"}]}}]});
        let by_key = json!({"env": [{"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "by-key", "key": "k"}}}]});
        assert_eq!(secret_of(&spec, &by_key).as_deref(), Some("by-key"));
        let by_file = json!({"env": [{"name": "POSTGRES_PASSWORD_FILE", "value": "/pw/p"}], "volumeMounts": [{"name": "pw", "mountPath": "/pw"}]});
        assert_eq!(secret_of(&spec, &by_file).as_deref(), Some("by-file"));
        assert_eq!(file_of(&spec, &by_file, "POSTGRES_PASSWORD"), Some(("by-file".into(), "k".into())));
        let by_all = json!({"envFrom": [{"configMapRef": {"name": "no"}}, {"secretRef": {"name": "by-all"}}]});
        assert_eq!(secret_of(&spec, &by_all).as_deref(), Some("by-all"));
        assert_eq!(secret_of(&spec, &json!({"env": []})), None);
    }
}
