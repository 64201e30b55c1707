//! Taking back what a failed operation has done.

use std::{collections::HashMap, sync::PoisonError};

use crate::{
    cluster::{ApplyOptions, Cluster, Error as ClusterError, Json, ObjectRef, Observer, Propagation, in_parallel},
    release::{Release, order},
};

use super::{
    Error, MANAGER,
    deletion::delete_object,
    objects::{Item, Key, Owner, foreign, holds_data},
    plan::{Action, Change},
    transaction::{Sent, Transaction, Verb},
};

impl Transaction<'_> {
    /// Puts back what was sent: changed objects get the former manifest's fields, adopted ones their former content, created ones
    /// are deleted. Returns what to tell.
    ///
    /// # Errors
    /// What could not be put back.
    pub(super) async fn put_back(&self, failed: &Release) -> Result<String, Error> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let cluster = self.request.cluster;
        let owner = Owner { name: &failed.name, namespace: &failed.namespace };
        let former: HashMap<&Key, &Item> = self.former.iter().map(|item| (&item.key, item)).collect();
        let touched = || self.plan.changes.iter().zip(&sent).filter(|(_, sent)| !matches!(sent, Sent::No));
        let mut problems = Vec::new();

        let changed: Vec<&Change> =
            touched().map(|(change, _)| change).filter(|change| change.action != Action::Create).collect();
        let restored = in_parallel(&changed, |change| {
            let item = former.get(&change.key).copied();
            async move { (&change.reference, restore(cluster, change, item, self.request.observer).await) }
        });
        for (reference, result) in restored.await {
            problems.extend(result.err().map(|error| format!("{reference}: {error}")));
        }

        let mut created: Vec<(&ObjectRef, &Sent)> = touched()
            .filter(|(change, _)| change.action == Action::Create)
            .map(|(change, sent)| (&change.reference, sent))
            .collect();
        let kept: Vec<String> = created
            .iter()
            .filter(|(reference, _)| holds_data(reference))
            .map(|(reference, _)| reference.to_string())
            .collect();
        created.retain(|(reference, _)| !holds_data(reference));
        created.sort_by(|(a, _), (b, _)| order::by_uninstall(&a.kind, &b.kind));
        let deleted = in_parallel(created, |(reference, sent)| async move {
            let (reference, written) = match sent {
                Sent::Written(object) => (ObjectRef::of(object), Some(&**object)),
                _ => (reference.clone(), None),
            };
            let result = delete_ours(cluster, &reference, written, owner, self.request.observer).await;
            (reference, result)
        });
        let mut gone = 0;
        for (reference, result) in deleted.await {
            match result {
                Ok(was_there) => gone += usize::from(was_there),
                Err(error) => problems.push(format!("{reference}: {error}")),
            }
        }

        let record = self.put_back_record(failed, problems.is_empty()).await;
        problems.extend(record.err().map(|error| error.to_string()));
        if !problems.is_empty() {
            return Err(Error::new(problems.join("\n  ")));
        }
        Ok(self.words(failed, changed.len(), gone, &kept))
    }

    /// A failed install leaves no record, unless something of it is left; anything else leaves a failed revision.
    async fn put_back_record(&self, failed: &Release, clean: bool) -> Result<(), Error> {
        let releases = self.request.releases;
        if self.request.verb == Verb::Install && clean {
            return Ok(releases.delete(&failed.name, failed.version).await?);
        }
        releases.update(failed).await
    }

    fn words(&self, failed: &Release, changed: usize, deleted: usize, kept: &[String]) -> String {
        let mut lines = vec![format!(
            "Everything was put back: {deleted} created objects deleted, {changed} changed objects restored."
        )];
        if let Some(former) = &self.request.former {
            lines.push(format!(
                "Revision {} is recorded as failed, revision {} is {} as before.",
                failed.version, former.version, former.info.status
            ));
        }
        if !kept.is_empty() {
            lines.push(format!("What holds data was kept: {}", kept.join(", ")));
        }
        if !self.plan.definitions.is_empty() {
            let names = self.plan.definitions.iter().filter_map(|definition| definition["metadata"]["name"].as_str());
            lines.push(format!("Custom resource definitions were kept: {}", names.collect::<Vec<_>>().join(", ")));
        }
        if self.request.create_namespace {
            lines.push(format!("The namespace {} was kept.", failed.namespace));
        }
        lines.join("\n")
    }
}

async fn restore(
    cluster: &Cluster,
    change: &Change,
    former: Option<&Item>,
    observer: &dyn Observer,
) -> Result<(), ClusterError> {
    match (former, &change.live) {
        (Some(former), _) => apply_former(cluster, &former.object, observer).await,
        // It was somebody's before we adopted it: fields, values and owners are put back as they were.
        (None, Some(live)) => {
            let mut object = live.clone();
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove("resourceVersion");
            }
            cluster.replace(&object, MANAGER).await.map(|_| ())
        }
        (None, None) => Ok(()),
    }
}

/// Applies an object of the former manifest. Fields that others have taken since are left to them.
pub(super) async fn apply_former(
    cluster: &Cluster,
    object: &Json,
    observer: &dyn Observer,
) -> Result<(), ClusterError> {
    let options = ApplyOptions::new(MANAGER);
    let Err(error) = cluster.apply(object, &options).await else { return Ok(()) };
    let conflicts = error.conflicts();
    let mut object = object.clone();
    if conflicts.is_empty() || !conflicts.iter().all(|conflict| remove(&mut object, &conflict.field)) {
        return Err(error);
    }
    for conflict in conflicts {
        observer.info(&format!("{}: {conflict} and is left to it", ObjectRef::of(&object)));
    }
    cluster.apply(&object, &options).await.map(|_| ())
}

/// Removes a field by the path that a conflict names (`.spec.replicas`); `false` for paths into lists.
fn remove(object: &mut Json, path: &str) -> bool {
    let Some(path) = path.strip_prefix('.').filter(|path| !path.contains('[')) else { return false };
    let mut parts: Vec<&str> = path.split('.').collect();
    let Some(last) = parts.pop() else { return false };
    let mut place = object;
    for part in parts {
        match place.get_mut(part) {
            Some(next) => place = next,
            None => return false,
        }
    }
    place.as_object_mut().is_some_and(|map| map.remove(last).is_some())
}

/// Deletes an object, if it is ours: `written` is what we have made ourselves. `false` when it was not there.
pub(super) async fn delete_ours(
    cluster: &Cluster,
    reference: &ObjectRef,
    written: Option<&Json>,
    owner: Owner<'_>,
    observer: &dyn Observer,
) -> Result<bool, ClusterError> {
    if let Some(written) = written {
        return delete_object(cluster, reference, written, Propagation::default(), observer).await;
    }
    let Some(live) = cluster.get(reference).await? else { return Ok(false) };
    if foreign(&live, owner).is_some() {
        return Ok(false);
    }
    delete_object(cluster, reference, &live, Propagation::default(), observer).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_removed_by_their_path() {
        let mut object = json!({"spec": {"replicas": 1, "template": {"a": 1}}});
        assert!(remove(&mut object, ".spec.replicas"));
        assert!(!remove(&mut object, ".spec.none.a"));
        assert!(!remove(&mut object, ".spec.template.containers[name=\"a\"].image"));
        assert_eq!(object, json!({"spec": {"template": {"a": 1}}}));
    }
}
