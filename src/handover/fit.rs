//! Whether beta, as rendered, would run on the volume: told before anything is changed.
//!
//! The classic silent mistake is a value that beta's chart does not heed, or a data directory that is another folder of
//! the volume: PostgreSQL then makes a new, empty database, and everything looks well.

use super::{
    Layout, Problem,
    containers::{self, image_base, items, text},
};
use crate::cluster::Json;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Fit {
    pub problems: Vec<Problem>,
    pub warnings: Vec<String>,
}

impl Fit {
    fn problem(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.problems.push(Problem::new(what, advice));
    }
}

/// An object whose pods mount the claim.
pub(super) struct Mounting<'a> {
    object: &'a Json,
    spec: &'a Json,
    volume: &'a str,
}

impl<'a> Mounting<'a> {
    fn name(&self) -> String {
        let kind = self.object["kind"].as_str().unwrap_or_default().to_lowercase();
        format!("{kind}/{}", text(self.object, "/metadata/name").unwrap_or_default())
    }

    /// The container of PostgreSQL, if it is one that mounts the claim.
    pub fn server(&self, known: &str) -> Option<&'a Json> {
        let labels = self.object.pointer("/spec/template/metadata/labels");
        let container = containers::postgres_like(self.spec, labels, known)?;
        items(container, "/volumeMounts").iter().any(|m| text(m, "/name") == Some(self.volume)).then_some(container)
    }

    fn replicas(&self) -> u64 {
        self.object.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1)
    }

    /// What runs to its end is no server.
    fn is_job(&self) -> bool {
        matches!(self.object["kind"].as_str(), Some("Job" | "CronJob"))
    }
}

fn pod_spec(object: &Json) -> Option<&Json> {
    match object["kind"].as_str()? {
        "Pod" => object.get("spec"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template/spec"),
        _ => object.pointer("/spec/template/spec"),
    }
}

/// The objects whose pods mount a claim.
pub(super) fn mounting<'a>(objects: &'a [Json], claim: &str) -> Vec<Mounting<'a>> {
    let mut all = Vec::new();
    for object in objects {
        let Some(spec) = pod_spec(object) else { continue };
        // A claim template of the same name takes the place of a volume.
        let templates = items(object, "/spec/volumeClaimTemplates");
        let is_hidden = |name: &str| templates.iter().any(|t| text(t, "/metadata/name") == Some(name));
        let volume =
            items(spec, "/volumes").iter().find(|v| text(v, "/persistentVolumeClaim/claimName") == Some(claim));
        if let Some(volume) = volume.and_then(|v| text(v, "/name")).filter(|name| !is_hidden(name)) {
            all.push(Mounting { object, spec, volume });
        }
    }
    all
}

/// Whether exactly one server of these objects would run on the claim.
pub(super) fn takes_claim(objects: &[Json], claim: &str, known: &str) -> bool {
    let all = mounting(objects, claim);
    let servers: Vec<&Mounting<'_>> = all.iter().filter(|m| !m.is_job() && m.server(known).is_some()).collect();
    matches!(servers.as_slice(), [one] if one.replicas() == 1)
}

/// The server of these objects that runs on the claim.
pub(super) fn server_on<'a>(objects: &'a [Json], claim: &str, known: &str) -> Option<(&'a Json, &'a Json)> {
    mounting(objects, claim).iter().filter(|m| !m.is_job()).find_map(|m| Some((m.spec, m.server(known)?)))
}

/// Judges beta's objects.
pub(super) fn check(objects: &[Json], title: &str, beta: &str, how: &str, layout: &Layout, alpha_image: &str) -> Fit {
    let mut fit = Fit::default();
    let claim = layout.volume.claim.as_str();
    let known = layout.replica.container.as_str();
    let all = mounting(objects, claim);
    if all.is_empty() {
        fit.problem(
            format!("no object of the chart {title} mounts persistentvolumeclaim/{claim}: the chart does not heed the value {how}"),
            "its database would be a new and empty one; name the value by which the chart takes an existing claim: --claim-value PATH",
        );
        return fit;
    }
    let servers: Vec<&Mounting<'_>> = all.iter().filter(|m| !m.is_job() && m.server(known).is_some()).collect();
    let names = |list: &[&Mounting<'_>]| list.iter().map(|m| m.name()).collect::<Vec<_>>().join(", ");
    let one = match servers.as_slice() {
        [one] => *one,
        [] => {
            let others: Vec<&Mounting<'_>> = all.iter().collect();
            fit.problem(
                format!(
                    "persistentvolumeclaim/{claim} is mounted by {}, but by no container that runs PostgreSQL",
                    names(&others)
                ),
                "name the value by which the chart's database takes an existing claim: --claim-value PATH",
            );
            return fit;
        }
        several => {
            fit.problem(
                format!(
                    "persistentvolumeclaim/{claim} would be mounted by several servers of {beta}: {}",
                    names(several)
                ),
                "two PostgreSQL servers on one volume corrupt it: name a value that gives it to the master alone",
            );
            return fit;
        }
    };
    if one.replicas() > 1 {
        fit.problem(
            format!("{} of {beta} would run {} servers on persistentvolumeclaim/{claim}", one.name(), one.replicas()),
            "two PostgreSQL servers on one volume corrupt it: set the number of its pods to 1",
        );
    }
    if one.replicas() == 0 {
        fit.problem(
            format!("{} of {beta} has no pods: its database would not run", one.name()),
            "set the number of its pods to 1",
        );
    }
    if one.object["kind"] == "Deployment" && text(one.object, "/spec/strategy/type") != Some("Recreate") {
        fit.warnings.push(format!(
            "{} of {beta} replaces its pod only when the next one runs: at its next upgrade two servers may meet on the volume; its strategy should be Recreate",
            one.name()
        ));
    }
    if let Some(container) = one.server(known) {
        folder(objects, one, container, layout, beta, &mut fit);
        image(text(container, "/image").unwrap_or_default(), alpha_image, layout, beta, &mut fit);
        node(one.spec, layout, beta, &mut fit);
    }
    fit
}

/// A folder of a volume: below what is mounted, where a path leads.
fn on_volume(sub_path: Option<&str>, mount: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(mount.trim_end_matches('/'))?;
    if !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let parts = sub_path.unwrap_or_default().split('/').chain(rest.split('/'));
    Some(parts.filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"))
}

/// A variable of a container as far as the chart's own objects tell: its value, or one of a ConfigMap.
fn variable<'a>(objects: &'a [Json], container: &'a Json, name: &str) -> Option<&'a str> {
    let config = |map: &str, key: &str| {
        let found = objects.iter().find(|o| o["kind"] == "ConfigMap" && text(o, "/metadata/name") == Some(map))?;
        found.get("data")?.get(key)?.as_str()
    };
    if let Some(entry) = items(container, "/env").iter().find(|e| text(e, "/name") == Some(name)) {
        let reference = || {
            let from = entry.pointer("/valueFrom/configMapKeyRef")?;
            config(text(from, "/name")?, text(from, "/key")?)
        };
        return text(entry, "/value").or_else(reference);
    }
    items(container, "/envFrom").iter().find_map(|from| config(text(from, "/configMapRef/name")?, name))
}

/// Where a container has its data, if that is certain.
fn data_directory(objects: &[Json], container: &Json) -> Option<String> {
    let told = ["PGDATA", "POSTGRESQL_DATA_DIR"].iter().find_map(|name| variable(objects, container, name));
    if let Some(path) = told.filter(|path| !path.contains("$(")) {
        return Some(path.to_owned());
    }
    let own_command = ["/command", "/args"].iter().any(|key| !items(container, key).is_empty());
    let image = text(container, "/image").unwrap_or_default();
    match image_base(image) {
        _ if own_command || told.is_some() => None,
        base if image.contains("bitnami") && base.starts_with("postgresql") => Some("/bitnami/postgresql/data".into()),
        // What the stock image's Dockerfile sets.
        "postgres" => major_of(image).map(|major| match major {
            ..18 => "/var/lib/postgresql/data".into(),
            18.. => format!("/var/lib/postgresql/{major}/docker"),
        }),
        _ => None,
    }
}

/// Beta must look for the database where it is.
fn folder(objects: &[Json], one: &Mounting<'_>, container: &Json, layout: &Layout, beta: &str, fit: &mut Fit) {
    let volume = &layout.volume;
    let real = Some(layout.places.data.as_str()).filter(|path| !path.is_empty());
    let is_at = |path: &str| on_volume(volume.sub_path.as_deref(), &volume.mount, path);
    let told = layout.replica.identity.data_directory.as_str();
    let Some(there) = real.and_then(is_at).or_else(|| is_at(told)) else { return };
    let mounts = items(container, "/volumeMounts");
    let Some(data) = data_directory(objects, container) else {
        let same = |mount: &Json| {
            text(mount, "/name") == Some(one.volume)
                && text(mount, "/mountPath") == Some(volume.mount.as_str())
                && text(mount, "/subPath").filter(|p| !p.is_empty()) == volume.sub_path.as_deref()
        };
        if !mounts.iter().any(same) {
            fit.warnings.push(format!(
                "{} of {beta} mounts the volume otherwise than {}, and where it looks for its database can't be told; the database is in folder \"{there}\" of the volume",
                one.name(), layout.replica.pod
            ));
        }
        return;
    };
    let Some(mount) = containers::mount_of(container, &data).filter(|m| text(m, "/name") == Some(one.volume)) else {
        fit.problem(
            format!("{} of {beta} has its data in {data}, which is not on persistentvolumeclaim/{}: it would make a new and empty database", one.name(), volume.claim),
            "name the value by which the chart's database takes an existing claim: --claim-value PATH; or set its data directory (PGDATA)",
        );
        return;
    };
    if text(mount, "/subPathExpr").is_some() {
        return;
    }
    let looks = on_volume(text(mount, "/subPath"), text(mount, "/mountPath").unwrap_or_default(), &data);
    if looks.as_ref().is_some_and(|looks| *looks != there) {
        fit.problem(
            format!(
                "{} of {beta} would look for its database in folder \"{}\" of the volume, but {} has it in \"{there}\": it would make a new and empty one",
                one.name(), looks.unwrap_or_default(), layout.replica.pod
            ),
            format!("set its data directory (PGDATA, subPath) so that it is the same folder: {data} is that of the chart"),
        );
    }
}

/// Words in tags that tell by which library text is sorted.
const SYSTEMS: [&str; 14] = [
    "alpine",
    "bookworm",
    "bullseye",
    "buster",
    "trixie",
    "stretch",
    "debian-10",
    "debian-11",
    "debian-12",
    "debian-13",
    "ubi8",
    "ubi9",
    "jammy",
    "noble",
];

fn system_of(image: &str) -> Option<&'static str> {
    SYSTEMS.into_iter().find(|word| image.rsplit('/').next().unwrap_or_default().contains(word))
}

/// Beta's image must start on the volume, and sort as alpha's did.
fn image(image: &str, alpha_image: &str, layout: &Layout, beta: &str, fit: &mut Fit) {
    if image == alpha_image {
        return;
    }
    let alpha = &layout.master.identity;
    match major_of(image) {
        Some(major) if major != alpha.major => fit.problem(
            format!("the volume holds PostgreSQL {}, but the chart of {beta} has {image}: another major version can't start on the volume", alpha.version),
            format!("set its image to a {}: a major version is changed by pg_upgrade or a dump", alpha.major),
        ),
        Some(_) => {}
        None => fit.warnings.push(format!(
            "the tag of {image} does not tell its major version, which must be {} as that of the volume",
            alpha.major
        )),
    }
    let (old, new) = (system_of(alpha_image), system_of(image));
    let old_is_musl = layout.places.libc == "musl" || old == Some("alpine");
    if old_is_musl != (new == Some("alpine")) && (new.is_some() || !layout.places.libc.is_empty()) {
        fit.warnings.push(format!(
            "{image} and {alpha_image} sort text by different libraries (musl and glibc): indexes on text may be wrong in {beta} until REINDEX"
        ));
    } else if let (Some(old), Some(new)) = (old, new)
        && old != new
    {
        fit.warnings.push(format!(
            "{image} is built on {new}, {alpha_image} on {old}: where their glibc sorts text differently, indexes on text are wrong in {beta} until REINDEX"
        ));
    }
}

/// A pod that must not run where the volume is never starts.
fn node(spec: &Json, layout: &Layout, beta: &str, fit: &mut Fit) {
    let nodes = &layout.volume.nodes;
    let wanted = spec
        .get("nodeSelector")
        .and_then(|s| s.get("kubernetes.io/hostname")?.as_str())
        .or_else(|| text(spec, "/nodeName"));
    if let Some(wanted) = wanted.filter(|wanted| !nodes.is_empty() && !nodes.iter().any(|node| node == wanted)) {
        fit.problem(
            format!(
                "the database of {beta} is to run on node {wanted}, but persistentvolumeclaim/{} is on {}",
                layout.volume.claim,
                nodes.join(", ")
            ),
            "let its node selector name that node",
        );
    }
}

/// The major version that an image tells: by its tag (`16.4`, `2.14-pg16`, `pg16`, `ubi8-16.4-0`) or its name
/// (`postgresql-16`, `spilo-16`). `None` where that is not certain.
pub(super) fn major_of(image: &str) -> Option<u32> {
    let without_digest = image.split('@').next()?;
    let last = without_digest.rsplit('/').next()?;
    let (base, tag) = last.split_once(':').unwrap_or((last, ""));
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let rest = &text[digits.len()..];
        let whole =
            rest.is_empty() || rest.starts_with(['.', '-', '_']) || rest.starts_with("beta") || rest.starts_with("rc");
        digits.parse::<u32>().ok().filter(|major| whole && (9..100).contains(major))
    };
    let parts = || tag.split(['-', '_']);
    // `pg16` says it outright.
    if let Some(major) = parts().find_map(|part| number(part.strip_prefix("pg")?)) {
        return Some(major);
    }
    if let Some(major) = base
        .split(['-', '_'])
        .skip(1)
        .find_map(number)
        .or_else(|| ["postgresql", "postgres"].iter().find_map(|stem| number(base.strip_prefix(stem)?)))
    {
        return Some(major);
    }
    match base {
        "postgres" | "postgresql" | "postgis" | "postgresql-repmgr" | "postgis-ha" => number(tag),
        "crunchy-postgres" | "crunchy-postgres-gis" => parts().find_map(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_major_version_is_told_by_tag_or_name() {
        for (image, major) in [
            ("postgres:16", Some(16)),
            ("docker.io/library/postgres:11.22-alpine", Some(11)),
            ("registry:5000/postgres:16.4@sha256:00", Some(16)),
            ("postgres:17rc1", Some(17)),
            ("timescale/timescaledb:pg15", Some(15)),
            ("timescale/timescaledb:2.14.2-pg16", Some(16)),
            ("pgvector/pgvector:0.7.0-pg16", Some(16)),
            ("postgis/postgis:15-3.4", Some(15)),
            ("bitnamilegacy/postgresql:16.4.0-debian-12-r14", Some(16)),
            ("rhel9/postgresql-16:1-25", Some(16)),
            ("ghcr.io/zalando/spilo-15:3.0-p1", Some(15)),
            ("crunchydata/crunchy-postgres:ubi8-16.2-0", Some(16)),
            // A version of somebody's own.
            ("team/postgres:3", None),
            ("team/database:16", None),
            ("registry:5000/postgres", None),
            ("postgres:latest", None),
            ("postgres:20240101", None),
            ("", None),
        ] {
            assert_eq!(major_of(image), major, "{image}");
        }
    }

    fn set(kind: &str, replicas: u64, container: Json) -> Json {
        json!({"kind": kind, "metadata": {"name": "b"}, "spec": {"replicas": replicas, "template": {"spec": {
            "containers": [container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}],
        }}}})
    }

    fn server(data: &str, sub_path: &str) -> Json {
        json!({"name": "db", "image": "postgres:16", "env": [{"name": "PGDATA", "value": data}],
            "volumeMounts": [{"name": "data", "mountPath": "/pg", "subPath": sub_path}]})
    }

    fn layout() -> Layout {
        let identity = json!({"major": 16, "version": "16.4", "data_directory": "/var/lib/postgresql/data/pgdata", "user": "postgres",
            "in_recovery": true, "system_identifier": "7", "timeline": 1, "wal_level": "replica"});
        let place = json!({"statefulset": "a", "pod": "a-1", "container": "db", "identity": identity});
        let volume = json!({"claim": "c", "volume": null, "mount": "/var/lib/postgresql/data", "sub_path": "x", "capacity": "", "class": null});
        serde_json::from_value(
            json!({"master": place, "replica": place, "volume": volume, "replicas": 2, "secret": null}),
        )
        .unwrap()
    }

    fn judged(object: Json) -> Fit {
        check(&[object], "b 1", "beta", "path", &layout(), "postgres:16.3-bookworm")
    }

    #[test]
    fn a_server_on_the_right_folder_fits() {
        let fit = judged(set("StatefulSet", 1, server("/pg/pgdata", "x")));
        assert!(fit.problems.is_empty() && fit.warnings.is_empty(), "{fit:?}");
        let fit = judged(set("StatefulSet", 1, server("/pg/x/pgdata", "")));
        assert!(fit.problems.is_empty(), "{fit:?}");
    }

    #[test]
    fn what_would_make_a_new_database_does_not() {
        let wrong = |object: Json, words: &str| {
            let fit = judged(object);
            assert!(fit.problems.iter().any(|p| p.what.contains(words)), "{words}: {fit:?}");
        };
        wrong(
            set("StatefulSet", 1, server("/pg/pgdata", "")),
            "folder \"pgdata\" of the volume, but a-1 has it in \"x/pgdata\"",
        );
        wrong(set("StatefulSet", 1, server("/elsewhere", "x")), "is not on persistentvolumeclaim/c");
        wrong(set("StatefulSet", 2, server("/pg/pgdata", "x")), "2 servers");
        wrong(set("StatefulSet", 0, server("/pg/pgdata", "x")), "no pods");
        let app = json!({"name": "app", "image": "app:1", "volumeMounts": [{"name": "data", "mountPath": "/pg"}]});
        wrong(set("StatefulSet", 1, app), "by no container that runs PostgreSQL");
        let mut hidden = set("StatefulSet", 1, server("/pg/pgdata", "x"));
        hidden["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}}]);
        wrong(hidden, "does not heed the value path");
        let mut other = server("/pg/pgdata", "x");
        other["image"] = json!("postgres:15");
        wrong(set("StatefulSet", 1, other), "another major version");
    }

    #[test]
    fn the_stock_image_has_a_folder_of_its_version_from_18_on() {
        let mut layout = layout();
        layout.master.identity.major = 18;
        layout.replica.identity.data_directory = "/var/lib/postgresql/18/docker".into();
        (layout.volume.mount, layout.volume.sub_path) = ("/var/lib/postgresql".into(), None);
        let judged = |mount: &str| {
            let mounts = json!([{"name": "data", "mountPath": mount}]);
            let container = json!({"name": "db", "image": "postgres:18.1", "volumeMounts": mounts});
            check(&[set("StatefulSet", 1, container)], "b 1", "beta", "path", &layout, "postgres:18.0")
        };
        let fit = judged("/var/lib/postgresql");
        assert!(fit.problems.is_empty() && fit.warnings.is_empty(), "{fit:?}");
        // Where it was up to 17: the image itself would refuse to start there.
        let fit = judged("/var/lib/postgresql/data");
        assert!(
            fit.problems[0].what.contains("has its data in /var/lib/postgresql/18/docker, which is not on"),
            "{fit:?}"
        );
    }

    #[test]
    fn other_libraries_are_warned_of() {
        let mut alpine = server("/pg/pgdata", "x");
        alpine["image"] = json!("postgres:16-alpine");
        let fit = judged(set("Deployment", 1, alpine));
        assert!(fit.warnings.iter().any(|w| w.contains("musl")), "{fit:?}");
        assert!(fit.warnings.iter().any(|w| w.contains("Recreate")), "{fit:?}");
    }
}
