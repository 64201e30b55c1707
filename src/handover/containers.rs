//! Which container of a pod runs PostgreSQL, told by signs; and what it mounts.

use crate::cluster::Json;

/// A sign that a container runs PostgreSQL. The later, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    /// A volume where the usual images have their data.
    Volume,
    /// The variables of the usual images.
    Variables,
    /// Port 5432.
    Port,
    /// The name of the image, or of the container.
    Image,
    /// The pod says that it is PostgreSQL.
    Label,
    /// The user says so.
    Given,
}

/// Words in names of images and containers that work with PostgreSQL and are none.
const HELPERS: [&str; 24] = [
    "exporter",
    "metrics",
    "pgbouncer",
    "bouncer",
    "pgpool",
    "pgpool2",
    "backup",
    "backups",
    "pgbackrest",
    "barman",
    "walg",
    "operator",
    "postgrest",
    "pgadmin",
    "pgadmin4",
    "adminer",
    "proxy",
    "haproxy",
    "envoy",
    "client",
    "cron",
    "migrate",
    "migrations",
    "init",
];

/// Where the usual images keep their data.
const DATA_FOLDERS: [&str; 6] = [
    "/var/lib/postgresql",
    "/bitnami/postgresql",
    "/var/lib/pgsql",
    "/home/postgres/pgdata",
    "/pgdata",
    "/var/lib/edb",
];

/// The container that looks most like PostgreSQL, and by what sign.
pub(super) struct Looks<'a> {
    /// The container.
    pub container: &'a Json,
    /// Its strongest sign.
    pub sign: Sign,
}

pub(super) fn text<'a>(object: &'a Json, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Json::as_str)
}

pub(super) fn items<'a>(object: &'a Json, pointer: &str) -> &'a [Json] {
    object.pointer(pointer).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Names of a pod's containers.
pub(super) fn names(pod_spec: &Json) -> Vec<&str> {
    items(pod_spec, "/containers").iter().filter_map(|c| text(c, "/name")).collect()
}

/// `registry:5000/team/postgres:16@sha256:...` → `postgres`.
pub(super) fn image_base(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default()
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(['-', '_', '.', ' ']).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}

/// Whether a name is one of PostgreSQL, whatever version is part of it: `postgresql-16`, `postgis`, `timescaledb-ha`.
fn names_postgres(name: &str) -> bool {
    words(name).any(|word| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(word, "postgres" | "postgresql" | "postgis" | "timescaledb" | "spilo" | "pgvector" | "pgsql" | "citus")
    })
}

fn is_helper(container: &Json) -> bool {
    let image = image_base(text(container, "/image").unwrap_or_default());
    let helps = |name: &str| words(name).any(|word| HELPERS.contains(&word.as_str()));
    helps(image) || helps(text(container, "/name").unwrap_or_default())
}

/// Whether the labels of a pod say that it is PostgreSQL.
fn labelled(labels: Option<&Json>) -> bool {
    let keys = ["app.kubernetes.io/name", "app.kubernetes.io/component", "component", "app", "k8s-app"];
    labels.is_some_and(|labels| {
        keys.iter().any(|key| labels.get(*key).and_then(Json::as_str).is_some_and(names_postgres))
    })
}

fn own_sign(container: &Json) -> Option<Sign> {
    let image = image_base(text(container, "/image").unwrap_or_default());
    if names_postgres(image) || names_postgres(text(container, "/name").unwrap_or_default()) {
        return Some(Sign::Image);
    }
    if items(container, "/ports").iter().any(|port| port.get("containerPort").and_then(Json::as_u64) == Some(5432)) {
        return Some(Sign::Port);
    }
    let of_server = |name: &str| {
        matches!(name, "PGDATA" | "POSTGRESQL_VOLUME_DIR" | "POSTGRESQL_DATA_DIR")
            || ["POSTGRES_INITDB", "POSTGRESQL_INITDB", "POSTGRES_HOST_AUTH"].iter().any(|stem| name.starts_with(stem))
    };
    // The variables that clients have as well are weaker, but then a client has no volume for data.
    let of_both = |name: &str| ["POSTGRES_", "POSTGRESQL_"].iter().any(|stem| name.starts_with(stem));
    let has =
        |which: &dyn Fn(&str) -> bool| items(container, "/env").iter().any(|e| text(e, "/name").is_some_and(which));
    let data = items(container, "/volumeMounts").iter().any(|mount| {
        let at = text(mount, "/mountPath").unwrap_or_default();
        DATA_FOLDERS
            .iter()
            .any(|folder| at.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    });
    if has(&of_server) || (has(&of_both) && !items(container, "/volumeMounts").is_empty()) {
        return Some(Sign::Variables);
    }
    data.then_some(Sign::Volume)
}

/// The container of a pod that runs PostgreSQL: the one that is given, else the one with the strongest sign. `Ok(None)`
/// when none has any.
///
/// # Errors
/// The names of several that look the same.
pub(super) fn postgres<'a>(
    pod_spec: &'a Json,
    labels: Option<&Json>,
    given: Option<&str>,
) -> Result<Option<Looks<'a>>, Vec<String>> {
    let containers = items(pod_spec, "/containers");
    if let Some(name) = given {
        let found = containers.iter().find(|c| text(c, "/name") == Some(name));
        return Ok(found.map(|container| Looks { container, sign: Sign::Given }));
    }
    let able: Vec<&Json> = containers.iter().filter(|container| !is_helper(container)).collect();
    let labelled = labelled(labels);
    let sign = |container: &Json| match own_sign(container) {
        // A label says something of the pod, and of a container only where it is alone or has a sign of its own.
        Some(_) if labelled => Some((Sign::Label, own_sign(container))),
        None if labelled && able.len() == 1 => Some((Sign::Label, None)),
        Some(sign) => Some((sign, Some(sign))),
        None => None,
    };
    let signed: Vec<_> = able.iter().filter_map(|container| Some((sign(container)?, *container))).collect();
    let Some(strongest) = signed.iter().map(|(sign, _)| *sign).max() else { return Ok(None) };
    let strong: Vec<&Json> = signed.iter().filter(|(sign, _)| *sign == strongest).map(|(_, c)| *c).collect();
    match strong.as_slice() {
        [container] => Ok(Some(Looks { container: *container, sign: strongest.0 })),
        several => Err(several.iter().filter_map(|c| text(c, "/name")).map(str::to_owned).collect()),
    }
}

/// The same where the container is known by another pod's: its name decides between several.
pub(super) fn postgres_like<'a>(pod_spec: &'a Json, labels: Option<&Json>, known: &str) -> Option<&'a Json> {
    let by_name = || postgres(pod_spec, None, Some(known)).ok().flatten().map(|looks| looks.container);
    postgres(pod_spec, labels, None).ok().flatten().map(|looks| looks.container).or_else(by_name)
}

/// The mount of a container under which a path lies.
pub(super) fn mount_of<'a>(container: &'a Json, path: &str) -> Option<&'a Json> {
    let under = |mount: &&Json| {
        let at = text(mount, "/mountPath").unwrap_or_default().trim_end_matches('/');
        path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let length = |mount: &&Json| text(mount, "/mountPath").map_or(0, |at| at.trim_end_matches('/').len());
    items(container, "/volumeMounts").iter().filter(under).max_by_key(length)
}

/// A volume of a pod by its name.
pub(super) fn volume_named<'a>(pod_spec: &'a Json, name: &str) -> Option<&'a Json> {
    items(pod_spec, "/volumes").iter().find(|v| text(v, "/name") == Some(name))
}

/// The folder of its volume that a mount shows: `subPath`, or `subPathExpr` with the variables of the container in it.
///
/// # Errors
/// The variable whose value is not known.
pub(super) fn sub_path(mount: &Json, container: &Json, pod: &Json) -> Result<Option<String>, String> {
    if let Some(path) = text(mount, "/subPath").filter(|path| !path.is_empty()) {
        return Ok(Some(path.to_owned()));
    }
    let Some(expression) = text(mount, "/subPathExpr").filter(|path| !path.is_empty()) else { return Ok(None) };
    let mut path = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once("$(") {
        let (name, after) = after.split_once(')').ok_or_else(|| expression.to_owned())?;
        path.push_str(before);
        path.push_str(variable(container, pod, name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    path.push_str(rest);
    Ok(Some(path))
}

/// A variable of a container whose value its pod tells.
fn variable<'a>(container: &'a Json, pod: &'a Json, name: &str) -> Option<&'a str> {
    let entry = items(container, "/env").iter().find(|e| text(e, "/name") == Some(name))?;
    match text(entry, "/valueFrom/fieldRef/fieldPath") {
        Some(path @ ("metadata.name" | "metadata.namespace" | "spec.nodeName")) => {
            text(pod, &format!("/{}", path.replace('.', "/")))
        }
        Some(_) => None,
        None => text(entry, "/value").filter(|value| !value.contains("$(")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(spec: &Json, labels: &Json) -> Option<(String, Sign)> {
        let looks = postgres(spec, Some(labels), None).unwrap()?;
        Some((looks.container["name"].as_str().unwrap().to_owned(), looks.sign))
    }

    #[test]
    fn the_strongest_sign_decides() {
        let table = [
            (
                json!([{"name": "db", "image": "r:5000/x/postgres:16@sha256:00"}, {"name": "exporter", "image": "exporter:1"}]),
                Sign::Image,
            ),
            (
                json!([{"name": "db", "image": "bitnamilegacy/postgresql-repmgr:16"}, {"name": "metrics", "image": "bitnami/postgres-exporter:0"}]),
                Sign::Image,
            ),
            (json!([{"name": "db", "image": "ghcr.io/zalando/spilo-16:3.2-p3"}]), Sign::Image),
            (
                json!([{"name": "db", "image": "rhel9/postgresql-16"}, {"name": "pgbouncer", "image": "bitnami/pgbouncer:1", "ports": [{"containerPort": 5432}]}]),
                Sign::Image,
            ),
            (
                json!([{"name": "db", "image": "own:1", "ports": [{"containerPort": 5432}]}, {"name": "app", "image": "app:1", "env": [{"name": "POSTGRES_PASSWORD"}], "volumeMounts": [{"mountPath": "/files"}]}]),
                Sign::Port,
            ),
            (
                json!([{"name": "db", "image": "own:1", "env": [{"name": "PGDATA", "value": "/d"}]}, {"name": "log", "image": "busybox"}]),
                Sign::Variables,
            ),
            (
                json!([{"name": "db", "image": "own:1", "volumeMounts": [{"mountPath": "/var/lib/postgresql/data"}]}]),
                Sign::Volume,
            ),
        ];
        for (containers, sign) in table {
            let spec = json!({"containers": containers});
            assert_eq!(found(&spec, &json!({})), Some(("db".into(), sign)), "{spec}");
        }
        for image in ["prometheuscommunity/postgres-exporter:1", "postgrest/postgrest:1", "bitnami/pgpool:4", "app:1"] {
            let spec = json!({"containers": [{"name": "x", "image": image, "ports": [{"containerPort": 80}]}]});
            assert_eq!(found(&spec, &json!({})), None, "{image}");
        }
    }

    #[test]
    fn a_label_names_a_container_that_is_alone() {
        let labels = json!({"app.kubernetes.io/name": "postgresql"});
        let spec =
            json!({"containers": [{"name": "main", "image": "own:1"}, {"name": "metrics", "image": "own-exporter:1"}]});
        assert_eq!(found(&spec, &labels), Some(("main".into(), Sign::Label)));
        let spec = json!({"containers": [{"name": "main", "image": "own:1"}, {"name": "log", "image": "busybox"}]});
        assert_eq!(found(&spec, &labels), None);
        assert_eq!(found(&spec, &json!({})), None);
    }

    #[test]
    fn several_that_look_the_same_are_named() {
        let spec =
            json!({"containers": [{"name": "a", "image": "postgres:16"}, {"name": "b", "image": "postgres:16"}]});
        assert_eq!(postgres(&spec, None, None).err().unwrap(), ["a", "b"]);
        assert_eq!(postgres(&spec, None, Some("b")).unwrap().unwrap().sign, Sign::Given);
        assert_eq!(postgres_like(&spec, None, "b").unwrap()["name"], "b");
    }

    #[test]
    fn the_innermost_mount_holds_a_path() {
        let container = json!({"volumeMounts": [
            {"name": "outer", "mountPath": "/var/lib"},
            {"name": "data", "mountPath": "/var/lib/postgresql/data/"},
            {"name": "other", "mountPath": "/var/lib/postgresql/dat"},
        ]});
        assert_eq!(mount_of(&container, "/var/lib/postgresql/data/pgdata").unwrap()["name"], "data");
        assert_eq!(mount_of(&container, "/var/lib/postgresql/data").unwrap()["name"], "data");
        assert!(mount_of(&container, "/srv").is_none());
    }

    #[test]
    fn folders_of_a_volume_may_hold_variables() {
        let pod = json!({"metadata": {"name": "db-1"}});
        let container = json!({"env": [
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ]});
        let path = |mount: Json| sub_path(&mount, &container, &pod);
        assert_eq!(path(json!({})), Ok(None));
        assert_eq!(path(json!({"subPath": "a/b"})), Ok(Some("a/b".into())));
        assert_eq!(path(json!({"subPathExpr": "x/$(POD)/data"})), Ok(Some("x/db-1/data".into())));
        assert_eq!(path(json!({"subPathExpr": "$(SECRET)"})), Err("SECRET".into()));
    }
}
