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

/// A variable that a container takes from a Secret.
struct Taken<'a> {
    variable: &'a str,
    secret: &'a str,
    key: &'a str,
}

/// The variables by which the containers of a server's pod are told roles, passwords and databases, one of a name.
fn taken(pod_spec: &Json) -> Vec<Taken<'_>> {
    let containers = items(pod_spec, "/initContainers").iter().chain(items(pod_spec, "/containers"));
    let taken = |entry| {
        let variable = text(entry, "/name")?;
        let reference = "/valueFrom/secretKeyRef";
        let (secret, key) = (text(entry, &format!("{reference}/name"))?, text(entry, &format!("{reference}/key"))?);
        let words = format!("{variable} {key}").to_lowercase();
        ["password", "user", "database"].iter().any(|word| words.contains(word)).then_some(Taken {
            variable,
            secret,
            key,
        })
    };
    let mut found: Vec<Taken<'_>> = Vec::new();
    for one in containers.flat_map(|container| items(container, "/env")).filter_map(taken) {
        if !found.iter().any(|known| known.variable == one.variable) {
            found.push(one);
        }
    }
    found
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
    let live = async |pod: &str| {
        let pod = cluster.get(&ObjectRef::new("v1", "Pod", namespace, pod)).await.ok().flatten();
        pod.and_then(|mut pod| pod.get_mut("spec").map(Json::take))
    };
    let alpha_spec = live(&layout.replica.pod).await?;
    let alpha = containers::postgres(&alpha_spec, None, Some(&layout.replica.container)).ok()??.container;
    let (spec, container) = fit::server_on(planned, &layout.volume.claim, &layout.replica.container)?;
    let old = Secrets { cluster, namespace, made: &[] };
    let new = Secrets { cluster, namespace, made: planned };
    for name in PASSWORDS {
        let (before, after) = (old.password(&alpha_spec, alpha, name).await, new.password(spec, container, name).await);
        if let (Some(before), Some(after)) = (before, after)
            && before != after
        {
            let secret = text(variable(container, name)?, "/valueFrom/secretKeyRef/name");
            return Some(problem(cluster, namespace, (beta, name, secret), &layout.replica.pod).await);
        }
    }
    // Only the master's pod is told all of them.
    let master_spec = live(&layout.master.pod).await.unwrap_or_default();
    let before: Vec<Taken<'_>> = taken(&master_spec).into_iter().chain(taken(&alpha_spec)).collect();
    for after in taken(spec) {
        let Some(before) = before.iter().find(|before| before.variable == after.variable) else { continue };
        let (was, is) = (old.value(before.secret, before.key).await, new.value(after.secret, after.key).await);
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            let what = (beta, after.variable, Some(after.secret));
            return Some(problem(cluster, namespace, what, &layout.master.pod).await);
        }
    }
    None
}

/// Why beta could not log in on the volume, and what to do: that depends on where its credentials come from.
async fn problem(
    cluster: &Cluster,
    namespace: &str,
    (beta, variable, secret): (&str, &str, Option<&str>),
    pod: &str,
) -> Problem {
    let roles = "the roles and their passwords lie on the volume";
    if let Some(secret) = secret
        && let Ok(Some(_)) = cluster.get(&ObjectRef::new("v1", "Secret", namespace, secret)).await
    {
        return Problem::new(
            format!(
                "secret/{secret} is there already, with another {variable} than pod/{pod} has: {beta} would take it, and could not log in, since {roles}"
            ),
            format!(
                "if it is left from an earlier release, delete it: kubectl -n {namespace} delete secret {secret}; else name that of the current release in the values"
            ),
        );
    }
    Problem::new(
        format!("{beta} would come with another {variable} than pod/{pod} has: {roles}"),
        "name the value by which the chart takes the Secret of the current release: --credentials-value PATH; or set its passwords",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_pod_takes_from_secrets_is_found() {
        let from =
            |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}});
        let spec = json!({
            "initContainers": [{"env": [from("REPLICATION_PASSWORD", "a"), from("DB_NAME", "database"), from("TOKEN", "b")]}],
            "containers": [{"env": [from("REPLICATION_PASSWORD", "c"), {"name": "PGUSER", "value": "x"}]}],
        });
        let found: Vec<_> = taken(&spec).into_iter().map(|one| (one.variable, one.secret, one.key)).collect();
        assert_eq!(found, [("REPLICATION_PASSWORD", "s", "a"), ("DB_NAME", "s", "database")]);
    }

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
