//! What beta needs when alpha goes: to be served, to be ready, and what of alpha's it refers to.

use serde_json::json;

use super::{Commands, Error, Journal, MANAGER, State, ready, releases, run::Run, traffic::served_by};
use crate::{
    cluster::{Cluster, Json, ObjectRef, Patch},
    release::Release,
};

/// Refuses to retire alpha while beta does not serve, or could not. `force`: the traffic was moved by other means.
///
/// # Errors
/// [`Error::Decision`] when the admin release does not serve beta; [`Error::Unfit`] when beta is not there or not ready.
pub async fn must_stand_alone(cluster: &Cluster, journal: &Journal, force: bool) -> Result<Release, Error> {
    let (alpha, beta, commands) = (&journal.alpha, &journal.beta, Commands::of(journal));
    let Some(release) = releases::current(cluster, &journal.namespace, beta).await? else {
        return Err(Error::unfit(
            format!("release {beta} is not deployed in namespace {}: {alpha} is all there is", journal.namespace),
            format!("see where the handover stands: {}", commands.status()),
        ));
    };
    if let Some(route) = journal.route.as_ref().filter(|_| !force) {
        let admin = releases::current(cluster, &route.namespace, &route.release).await?;
        let served = admin.as_ref().and_then(|admin| served_by(admin, &route.release_value));
        if served.as_deref() != Some(beta.as_str()) {
            let now = match (&admin, served) {
                (None, _) => "is not deployed any more".to_owned(),
                (_, Some(served)) => format!("serves {served}"),
                (_, None) => format!("does not say by {} whom it serves", route.release_value),
            };
            return Err(Error::Decision {
                what: format!("release {} in namespace {} {now}, not {beta}", route.release, route.namespace),
                choices: vec![
                    format!("move the traffic first: {}", commands.route()),
                    format!("or, if it goes to {beta} by other means: {} --force", commands.finish()),
                ],
            });
        }
    }
    let advice = match journal.state {
        State::Finishing => "wait until it is".to_owned(),
        _ => format!("wait until it is, or go back to {alpha}: {}", commands.retreat()),
    };
    ready::must_be_ready(cluster, &journal.namespace, &release, &advice).await?;
    Ok(release)
}

/// Secrets and ConfigMaps of alpha that objects of beta refer to, as kind and name, with the objects that do.
pub fn needed(alpha: &[Json], beta: &[Json]) -> Vec<(String, String, String)> {
    let text =
        |object: &Json, pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let holds = |kind: &str| matches!(kind, "Secret" | "ConfigMap");
    let mut found = Vec::new();
    for object in alpha {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        if !holds(&kind) || object["apiVersion"] != "v1" || name.is_empty() {
            continue;
        }
        // What beta has of its own under that name is beta's, and not deleted with alpha.
        let refers = beta.iter().filter(|other| !holds(&text(other, "/kind")) && mentions(other, &name));
        let who: Vec<String> =
            refers.map(|o| format!("{}/{}", text(o, "/kind").to_lowercase(), text(o, "/metadata/name"))).collect();
        if !who.is_empty() {
            found.push((kind, name, who.join(", ")));
        }
    }
    found
}

/// Whether a value anywhere in an object is this name. By which of the many fields a chart refers to an object is not asked:
/// to keep one too many does no harm.
fn mentions(object: &Json, name: &str) -> bool {
    match object {
        Json::String(text) => text == name,
        Json::Array(list) => list.iter().any(|value| mentions(value, name)),
        Json::Object(map) => map.values().any(|value| mentions(value, name)),
        _ => false,
    }
}

/// The objects that an uninstall of alpha must keep.
pub fn kept(journal: &Journal) -> Vec<ObjectRef> {
    let reference = |(kind, name): &(String, String)| ObjectRef::new("v1", kind, &journal.namespace, name);
    journal.alpha_kept.iter().map(reference).collect()
}

/// Gives what was kept to beta, so that a later release of alpha's name does not take it for its own and change it.
pub async fn give_to_beta(run: &mut Run<'_>) {
    let beta = run.journal.beta.clone();
    let marks =
        json!({"metadata": {"annotations": {"meta.helm.sh/release-name": beta, "helm.sh/resource-policy": "keep"}}});
    for object in kept(&run.journal) {
        match run.cluster.patch(&object, &Patch::Merge(marks.clone()), None, MANAGER).await {
            Ok(_) => run.warn(format!("{object} was kept: {beta} refers to it, and it belongs to {beta} from now on")),
            Err(error) => {
                run.warn(format!("{object} was kept: {beta} refers to it; it could not be marked as its own: {error}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_beta_refers_to_is_found_by_name() {
        let object = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        let alpha = [object("Secret", "alpha-db"), object("ConfigMap", "alpha-files"), object("Service", "alpha-db")];
        let pod = json!({"spec": {"volumes": [{"secret": {"secretName": "alpha-db"}}], "note": "alpha-files.txt"}});
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "beta"}, "spec": {"template": pod}});
        let found = needed(&alpha, &[set, object("Secret", "alpha-files")]);
        assert_eq!(found, [("Secret".into(), "alpha-db".into(), "statefulset/beta".into())]);
    }
}
