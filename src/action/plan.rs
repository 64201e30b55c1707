//! What an operation will do, found out without a write.

use std::collections::{HashMap, HashSet};

use crate::cluster::{Cluster, Error as ClusterError, Json, ObjectRef, in_parallel};

use super::{
    Error,
    objects::{Item, Key, Owner, foreign, holds_data, is_kept},
};

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It does not exist and is made.
    Create,
    /// It exists, was no part of the release, and becomes one.
    Adopt,
    /// It is changed.
    Update,
    /// It is as it should be.
    Unchanged,
}

/// What happens to one object of the new manifest.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its name.
    pub reference: ObjectRef,
    /// What happens to it.
    pub action: Action,
    /// The object as it is applied.
    pub object: Json,
    /// The object as the server holds it now.
    pub live: Option<Json>,
    /// The object as the server would hold it, from the dry run; `None` where the server could not be asked.
    pub outcome: Option<Json>,
    /// Why the server could not be asked: the namespace or the kind is made by the same release.
    pub unchecked: Option<String>,
    /// Fields of others are taken.
    pub(super) force: bool,
    pub(super) key: Key,
}

/// What an operation will do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The objects of the new manifest, in the order in which they are applied.
    pub changes: Vec<Change>,
    /// Objects of the former manifest that go.
    pub prune: Vec<ObjectRef>,
    /// Objects of the former manifest that are no part of the new one, but stay, and why.
    pub kept: Vec<(ObjectRef, &'static str)>,
    /// Custom resource definitions of the chart that are made first.
    pub definitions: Vec<Json>,
}

impl Plan {
    /// How many objects an action happens to.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// One line: `3 created, 2 changed, 95 unchanged, 1 deleted`.
    pub fn summary(&self) -> String {
        let counts = [
            (self.count(Action::Create), "created"),
            (self.count(Action::Adopt), "adopted"),
            (self.count(Action::Update), "changed"),
            (self.count(Action::Unchanged), "unchanged"),
            (self.prune.len(), "deleted"),
            (self.kept.len(), "kept"),
        ];
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if parts.is_empty() { "no objects".into() } else { parts.join(", ") }
    }
}

/// Compares the new objects with the former ones and with the cluster.
///
/// # Errors
/// Objects that are somebody else's, all at once, in Helm's words.
pub(super) async fn plan(
    cluster: &Cluster,
    former: &[Item],
    target: Vec<Item>,
    owner: Owner<'_>,
    take_ownership: bool,
) -> Result<Plan, Error> {
    let known: HashSet<&Key> = former.iter().map(|item| &item.key).collect();
    let live = live_objects(cluster, &target, &known).await?;
    let mut plan = Plan::default();
    let mut problems = Vec::new();
    let wanted: HashSet<Key> = target.iter().map(|item| item.key.clone()).collect();
    for (item, live) in target.into_iter().zip(live) {
        let action = match &live {
            None => Action::Create,
            Some(_) if known.contains(&item.key) => Action::Update,
            Some(live) => {
                if let Some(problem) = foreign(live, owner).filter(|_| !take_ownership) {
                    let ObjectRef { kind, name, namespace, .. } = &item.reference;
                    let namespace = namespace.as_deref().unwrap_or_default();
                    problems.push(format!(
                        "{kind} {name:?} in namespace {namespace:?} exists and cannot be imported into the current release: {problem}"
                    ));
                }
                Action::Adopt
            }
        };
        plan.changes.push(Change {
            reference: item.reference,
            action,
            object: item.object,
            live,
            outcome: None,
            unchecked: None,
            force: false,
            key: item.key,
        });
    }
    for item in former.iter().filter(|item| !wanted.contains(&item.key)) {
        if holds_data(&item.reference) {
            plan.kept.push((item.reference.clone(), "it holds data"));
        } else if is_kept(&item.object) {
            plan.kept.push((item.reference.clone(), "helm.sh/resource-policy: keep"));
        } else {
            plan.prune.push(item.reference.clone());
        }
    }
    if problems.is_empty() { Ok(plan) } else { Err(Error::new(problems.join("\n"))) }
}

/// Objects of one kind in one namespace from this number on are read as a list.
const LIST_FROM: usize = 4;

/// The live objects of `items`, in their order. Those that the release is known to have are read as lists, by the label that all of
/// them carry; the others one by one.
async fn live_objects(cluster: &Cluster, items: &[Item], known: &HashSet<&Key>) -> Result<Vec<Option<Json>>, Error> {
    let mut groups: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    for item in items.iter().filter(|item| known.contains(&item.key)) {
        *groups.entry(group(item)).or_default() += 1;
    }
    groups.retain(|_, count| *count >= LIST_FROM);
    let lists = in_parallel(groups.into_keys().collect::<Vec<_>>(), |(api_version, kind, namespace)| async move {
        cluster.list(api_version, kind, namespace, Some("app.kubernetes.io/managed-by=Helm")).await
    });
    let mut found: HashMap<Key, Json> = HashMap::new();
    for list in lists.await {
        match list {
            Ok(objects) => found.extend(objects.into_iter().map(|object| (Key::of(&ObjectRef::of(&object)), object))),
            // Who may not list may still read each; a kind that is not served yet has no objects.
            Err(error) if error.is_forbidden() || matches!(error, ClusterError::NoKind { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut live: Vec<Option<Json>> = items.iter().map(|item| found.remove(&item.key)).collect();
    let missing: Vec<usize> =
        (0..items.len()).filter(|place| live[*place].is_none() && !items[*place].reference.name.is_empty()).collect();
    let reads = in_parallel(missing, |place| async move { (place, cluster.get(&items[place].reference).await) });
    for (place, object) in reads.await {
        live[place] = object.map_err(|error| {
            Error::from(error)
                .within(&format!("could not get information about the resource {}", items[place].reference))
        })?;
    }
    Ok(live)
}

fn group(item: &Item) -> (&str, &str, Option<&str>) {
    (&item.reference.api_version, &item.reference.kind, item.reference.namespace.as_deref())
}
