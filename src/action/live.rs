//! The objects of a release as the server holds them.

use std::collections::{HashMap, HashSet};

use crate::cluster::{Cluster, Error as ClusterError, Json, ObjectRef, in_parallel};

use super::{
    Error,
    objects::{Item, Key},
};

/// Objects of one kind in one namespace from this number on are read as a list.
const LIST_FROM: usize = 4;

/// The live objects of `items`, in their order. Those that the release is known to have are read as lists, by the label that all of
/// them carry; the others one by one.
///
/// # Errors
/// When the server does not answer or refuses.
pub(super) async fn live_objects(
    cluster: &Cluster,
    items: &[Item],
    known: &HashSet<&Key>,
) -> Result<Vec<Option<Json>>, Error> {
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
