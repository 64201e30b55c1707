//! Alpha's own release record: a revision that holds the lowered number of replicas, and later one with the old number.
//!
//! Only the record is written, nothing is applied: the cluster holds that number already. With it a `helm upgrade` or
//! `rollback` of alpha keeps the number; without it, it would bring the replica back onto a volume that is not its own.

use serde_json::{Value as Json, json};

use super::{
    Error, Layout, releases,
    run::Run,
    values::{leaves, set_path},
};
use crate::{
    cluster::{ApplyOptions, ObjectRef},
    release::Release,
};

/// The manager that releases' objects are applied by.
const RELEASE_MANAGER: &str = "helm";

/// Finds the value of alpha's chart that sets the number of replicas: the one integer among its values which, lowered by
/// one, lowers the rendered StatefulSet by one and changes nothing else in it.
///
/// A record does not hold subcharts, so `chart` is rendered as if it were alpha's: the two are versions of one chart.
pub fn find_replicas_value(alpha: &Release, chart: &str, layout: &Layout) -> Option<String> {
    let mut paths = integers(&releases::chart_values(chart, &alpha.config), u64::from(layout.replicas));
    // The likely names first: each candidate costs a rendering.
    let likely = |path: &String| !path.to_lowercase().contains("replica");
    paths.sort_by_key(likely);
    let before = statefulset_of(&releases::render_as(alpha, chart, &alpha.config)?, layout)?;
    if before.pointer("/spec/replicas").and_then(Json::as_u64) != Some(u64::from(layout.replicas)) {
        return None;
    }
    paths.into_iter().take(40).find(|path| {
        let mut config = alpha.config.clone();
        set_path(&mut config, path, json!(layout.replicas - 1));
        let after = releases::render_as(alpha, chart, &config).and_then(|objects| statefulset_of(&objects, layout));
        after.is_some_and(|after| {
            after.pointer("/spec/replicas").and_then(Json::as_u64) == Some(u64::from(layout.replicas - 1))
        })
    })
}

fn statefulset_of(objects: &[Json], layout: &Layout) -> Option<Json> {
    let is_it = |o: &&Json| o["kind"] == "StatefulSet" && o["metadata"]["name"] == layout.replica.statefulset.as_str();
    objects.iter().find(is_it).cloned()
}

/// Paths of all integers of this size.
fn integers(values: &Json, wanted: u64) -> Vec<String> {
    let is_it = |value: &Json| value.as_u64() == Some(wanted) || value.as_f64() == Some(wanted as f64);
    leaves(values).into_iter().filter(|(_, value)| is_it(value)).map(|(path, _)| path).collect()
}

/// Replaces the number of replicas in one StatefulSet of a manifest, touching nothing else.
fn with_replicas(manifest: &str, statefulset: &str, replicas: u32) -> Option<String> {
    let mut documents: Vec<String> = manifest.split("\n---").map(str::to_owned).collect();
    for document in &mut documents {
        let parsed: Option<Json> = serde_yaml::from_str(document.trim_start_matches("---")).ok();
        let is_it = parsed.is_some_and(|o| o["kind"] == "StatefulSet" && o["metadata"]["name"] == statefulset);
        if !is_it {
            continue;
        }
        let mut in_spec = false;
        let mut lines: Vec<String> = document.split('\n').map(str::to_owned).collect();
        let line = lines.iter_mut().find(|line| {
            if !line.starts_with([' ', '#']) && !line.is_empty() {
                in_spec = line.trim_end() == "spec:";
            }
            // Directly under `spec`: what is deeper has more than one level of indentation, and comes after a deeper key.
            in_spec && line.trim_start().starts_with("replicas:")
        })?;
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        *line = format!("{indent}replicas: {replicas}");
        *document = lines.join("\n");
        return Some(documents.join("\n---"));
    }
    None
}

/// The number of replicas that a record's manifest gives the replicas' StatefulSet; `None` when it says nothing.
fn recorded(release: &Release, layout: &Layout) -> Result<Option<u32>, Error> {
    let statefulset = statefulset_of(&releases::manifest_objects(release)?, layout);
    Ok(statefulset.and_then(|s| s.pointer("/spec/replicas")?.as_u64()).map(|n| n as u32))
}

async fn of_alpha(run: &Run<'_>) -> Result<Option<Release>, Error> {
    releases::latest_good(&run.cluster, &run.journal.namespace, &run.journal.alpha).await
}

/// Gives alpha's record the lowered number; returns the new revision, or `None` where the value is not known or the
/// record holds it already. The record is asked, since a run may be killed after it was written and before the journal is.
pub async fn lower(run: &mut Run<'_>, replicas: u32) -> Result<Option<u32>, Error> {
    let Some(release) = of_alpha(run).await?.filter(|_| run.journal.replicas_value.is_some()) else { return Ok(None) };
    let there = recorded(&release, &run.journal.layout)? == Some(replicas);
    if run.journal.lowered_revision.is_some() || there {
        releases::keep_one_deployed(&run.cluster, &run.journal.namespace, &run.journal.alpha).await?;
        run.journal.lowered_revision.get_or_insert(release.version as u32);
        return run.save().await.map(|()| None);
    }
    let why = format!(
        "replicas of {} lowered: a volume was handed over to {}",
        run.journal.layout.replica.statefulset, run.journal.beta
    );
    let revision = set_replicas(run, release, replicas, &why).await?;
    run.journal.lowered_revision = revision;
    run.save().await?;
    Ok(revision)
}

/// Gives alpha's record its old number back, when it holds another; what the journal knows of it may be too old.
pub async fn raise(run: &mut Run<'_>) -> Result<(), Error> {
    let Some(release) = of_alpha(run).await?.filter(|_| run.journal.replicas_value.is_some()) else { return Ok(()) };
    let replicas = run.journal.layout.replicas;
    let other = match recorded(&release, &run.journal.layout)? {
        Some(number) => number != replicas,
        None => run.journal.lowered_revision.is_some(),
    };
    if other {
        let why = format!(
            "replicas of {} as before the handover to {}",
            run.journal.layout.replica.statefulset, run.journal.beta
        );
        set_replicas(run, release, replicas, &why).await?;
    } else {
        releases::keep_one_deployed(&run.cluster, &run.journal.namespace, &run.journal.alpha).await?;
    }
    if run.journal.lowered_revision.take().is_some() {
        run.save().await?;
    }
    Ok(())
}

async fn set_replicas(run: &Run<'_>, mut release: Release, replicas: u32, why: &str) -> Result<Option<u32>, Error> {
    let Some(path) = &run.journal.replicas_value else { return Ok(None) };
    if !release.config.is_object() {
        release.config = json!({});
    }
    set_path(&mut release.config, path, json!(replicas));
    // Where that is all that was changed, the values are again what the user gave, to the letter.
    let mut original = run.journal.alpha_values.clone();
    if replicas == run.journal.layout.replicas {
        let given = original.clone();
        set_path(&mut original, path, json!(replicas));
        if original == release.config {
            release.config = given;
        }
    }
    if let Some(manifest) = with_replicas(&release.manifest, &run.journal.layout.replica.statefulset, replicas) {
        release.manifest = manifest;
    }
    let revision = releases::write_revision(&run.cluster, run.show, release, why).await?;
    Ok(Some(revision))
}

/// Applies one object of alpha's record as the release's own manager, so that it owns all its fields again. `false`: the
/// record does not hold it.
pub async fn reapply(run: &Run<'_>, object: &ObjectRef) -> Result<bool, Error> {
    let Some(release) = of_alpha(run).await? else { return Ok(false) };
    let is_it = |o: &&Json| o["kind"] == object.kind.as_str() && o["metadata"]["name"] == object.name.as_str();
    let Some(mut wanted) = releases::manifest_objects(&release)?.iter().find(is_it).cloned() else { return Ok(false) };
    stamp(&mut wanted, &release);
    run.cluster.apply(&wanted, &ApplyOptions { force: true, ..ApplyOptions::new(RELEASE_MANAGER) }).await?;
    Ok(true)
}

/// The marks of ownership that a release's objects are applied with.
fn stamp(object: &mut Json, release: &Release) {
    object["metadata"]["namespace"] = json!(release.namespace);
    object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    object["metadata"]["annotations"]["meta.helm.sh/release-name"] = json!(release.name);
    object["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = json!(release.namespace);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "---\n# Source: a\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: master\nspec:\n  replicas: 2\n---\n# Source: b\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: slave\n  labels:\n    replicas: x\nspec:\n  serviceName: s\n  replicas: 2 # two\n  template: {}\n";

    #[test]
    fn the_number_changes_in_one_statefulset_only() {
        let changed = with_replicas(MANIFEST, "slave", 1).unwrap();
        assert_eq!(changed, MANIFEST.replace("  replicas: 2 # two", "  replicas: 1"));
        assert!(with_replicas(MANIFEST, "other", 1).is_none());
    }

    #[test]
    fn integers_are_found_by_path() {
        let values = json!({"a": {"replicas": 2, "b.c": 2.0}, "d": 3, "e": "2"});
        let mut found = integers(&values, 2);
        found.sort();
        assert_eq!(found, ["a.b\\.c", "a.replicas"]);
    }
}
