//! The server's dry run of every object: what would be refused is known before anything is written.

use std::collections::{HashMap, HashSet};

use crate::cluster::{ApplyOptions, Cluster, Error as ClusterError, FieldConflict, Json, Observer, in_parallel};

use super::{
    Error, MANAGER,
    objects::{Item, Key, Promised},
    plan::{Action, Change, Plan},
};

/// The server's answers to dry runs that were asked for before the plan was made, while the live objects were read.
#[derive(Default)]
pub(super) struct Answers(HashMap<Key, Result<Json, ClusterError>>);

impl Answers {
    /// Asks about the objects that the release is known to have: those are there as a rule, and will be applied as they are.
    pub(super) async fn of(cluster: &Cluster, items: &[Item], known: &HashSet<&Key>) -> Self {
        let asked = items.iter().filter(|item| known.contains(&item.key) && !item.reference.name.is_empty());
        let answers =
            in_parallel(
                asked,
                |item| async move { (item.key.clone(), cluster.apply(&item.object, &dry_run(false)).await) },
            );
        Self(answers.await.into_iter().collect())
    }
}

fn dry_run(force: bool) -> ApplyOptions {
    ApplyOptions { force, dry_run: true, ..ApplyOptions::new(MANAGER) }
}

/// What the checks need to know of the operation.
pub(super) struct Checks<'a> {
    pub(super) cluster: &'a Cluster,
    /// Fields of others are taken.
    pub(super) force_conflicts: bool,
    /// Fields of client-side apply will be migrated before the real apply.
    pub(super) migrate: bool,
    /// Namespaces that the operation makes.
    pub(super) namespaces: &'a HashSet<String>,
    /// Kinds that the operation makes.
    pub(super) promised: &'a Promised,
    pub(super) observer: &'a dyn Observer,
}

impl Checks<'_> {
    /// Asks the server about every change, and finds out which ones change nothing.
    ///
    /// # Errors
    /// Every refusal, with the object it is about.
    pub(super) async fn run(&self, plan: &mut Plan, mut answers: Answers) -> Result<(), Error> {
        let made: HashSet<String> = plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Create && is_referred_to(&change.reference.kind))
            .map(|change| change.reference.name.clone())
            .collect();
        let made = &made;
        let changes = std::mem::take(&mut plan.changes);
        let checked = in_parallel(changes, |change| {
            let answer = answers.0.remove(&change.key);
            self.check(change, answer, made)
        });
        let checked = checked.await;
        let mut problems = Vec::new();
        for (change, problem) in checked {
            problems.extend(problem);
            plan.changes.push(change);
        }
        if problems.is_empty() {
            return Ok(());
        }
        let count = problems.len();
        let first = if count == 1 {
            "the server refuses an object".to_owned()
        } else {
            format!("the server refuses {count} objects")
        };
        Err(Error::new(format!(
            "{first} (dry run of all objects):\n{}\nNothing has been changed.",
            problems.join("\n")
        )))
    }

    /// Judges the first answer, if there is one, and asks as often as it takes.
    async fn check(
        &self,
        mut change: Change,
        mut answer: Option<Result<Json, ClusterError>>,
        made: &HashSet<String>,
    ) -> (Change, Option<String>) {
        let namespace = change.reference.namespace.as_deref();
        if let Some(namespace) = namespace.filter(|namespace| self.namespaces.contains(*namespace)) {
            change.unchecked = Some(format!("its namespace {namespace} is made by the release"));
            return (change, None);
        }
        if change.reference.name.is_empty() {
            change.unchecked = Some("its name is generated".into());
            return (change, None);
        }
        // Three rounds at most: as it is, without the autoscaler's number, by force.
        for _ in 0..3 {
            let answer = match answer.take() {
                Some(answer) => answer,
                None => self.cluster.apply(&change.object, &dry_run(change.force)).await,
            };
            let error = match answer {
                Ok(outcome) => {
                    if change.action == Action::Update
                        && change.live.as_ref().is_some_and(|live| is_same(live, &outcome))
                    {
                        change.action = Action::Unchanged;
                    }
                    change.outcome = Some(outcome);
                    return (change, None);
                }
                Err(error) => error,
            };
            let conflicts = error.conflicts();
            if !conflicts.is_empty() && !change.force && self.settle(&mut change, &conflicts) {
                continue;
            }
            if let Some(reason) = self.excuse(&change, &error, made) {
                change.unchecked = Some(reason);
                return (change, None);
            }
            let problem = describe(&change, &error, &conflicts);
            return (change, Some(problem));
        }
        let problem = format!("  {}: its field owners change while we look", change.reference);
        (change, Some(problem))
    }

    /// Finds a way around conflicts; `false` when there is none.
    fn settle(&self, change: &mut Change, conflicts: &[FieldConflict]) -> bool {
        let (held, others): (Vec<_>, Vec<_>) = conflicts.iter().partition(|conflict| is_handovers(conflict));
        let leaves = !held.is_empty();
        if leaves && let Some(spec) = change.object["spec"].as_object_mut() {
            for conflict in held {
                let field = conflict.field.trim_start_matches(".spec.").split('.').next().unwrap_or_default();
                spec.remove(field);
                let text = format!("{}: {field} stays as the handover of its database has it", change.reference);
                self.observer.info(&text);
            }
        }
        let (autoscaled, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|conflict| is_autoscalers(conflict));
        if !autoscaled.is_empty()
            && let Some(spec) = change.object["spec"].as_object_mut()
        {
            spec.remove("replicas");
            self.observer.info(&format!("{}: its replicas are left to the autoscaler", change.reference));
        }
        let ours_soon = |conflict: &&FieldConflict| self.migrate && conflict.owner == MANAGER;
        if others.is_empty() {
            return leaves || !autoscaled.is_empty();
        }
        if self.force_conflicts || others.iter().all(ours_soon) {
            change.force = true;
            return true;
        }
        false
    }

    /// Why a refusal does not count: what the object needs is made by the same release.
    fn excuse(&self, change: &Change, error: &ClusterError, made: &HashSet<String>) -> Option<String> {
        let reference = &change.reference;
        match error {
            ClusterError::NoKind { api_version, kind } => self
                .promised
                .contains_key(&(api_version.clone(), kind.clone()))
                .then(|| format!("its kind {kind} is made by the release")),
            ClusterError::Api { code: 403 | 404 | 422, message, .. } => {
                // An admission plugin or a validation looks for a service account, role, class or namespace by its name.
                let missing = message.contains("not found") || message.contains("no PriorityClass");
                let name = made
                    .iter()
                    .find(|name| message.contains(&format!("{name:?}")) || message.contains(&format!("/{name}:")));
                name.filter(|name| missing && **name != reference.name)
                    .map(|name| format!("{name} is made by the release"))
            }
            _ => None,
        }
    }
}

/// The field manager of a handover.
const HANDOVER: &str = "vulas-native";

/// Kinds that the server looks for when it checks others.
fn is_referred_to(kind: &str) -> bool {
    matches!(
        kind,
        "ServiceAccount"
            | "Role"
            | "ClusterRole"
            | "PriorityClass"
            | "Namespace"
            | "StorageClass"
            | "RuntimeClass"
            | "IngressClass"
    )
}

/// The horizontal pod autoscaler sets `.spec.replicas` through the scale subresource.
fn is_autoscalers(conflict: &FieldConflict) -> bool {
    conflict.field == ".spec.replicas" && conflict.subresource == "scale" && conflict.owner == "kube-controller-manager"
}

/// While a database is handed over to another release, the number of its replicas and the retention of their claims are
/// not this release's to set: what it would bring back is a second server on a volume.
fn is_handovers(conflict: &FieldConflict) -> bool {
    let held =
        |field: &str| field == ".spec.replicas" || field.starts_with(".spec.persistentVolumeClaimRetentionPolicy");
    conflict.owner == HANDOVER && held(&conflict.field)
}

/// Whether the apply changes nothing. The times of the field owners are the dry run's own.
fn is_same(live: &Json, outcome: &Json) -> bool {
    let stripped = |object: &Json| {
        let mut object = object.clone();
        if let Some(entries) = object["metadata"]["managedFields"].as_array_mut() {
            for entry in entries {
                entry["time"] = Json::Null;
            }
        }
        object
    };
    stripped(live) == stripped(outcome)
}

fn describe(change: &Change, error: &ClusterError, conflicts: &[FieldConflict]) -> String {
    let reference = &change.reference;
    let place = reference.namespace.as_deref().map_or(String::new(), |namespace| format!(" in namespace {namespace}"));
    if conflicts.is_empty() {
        return format!("  {reference}{place}: {error}");
    }
    let fields: Vec<String> = conflicts.iter().map(|conflict| format!("    {conflict}")).collect();
    format!(
        "  {reference}{place}: conflict, fields are owned by others (--force-conflicts takes them):\n{}",
        fields.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_of_owners_are_no_change() {
        let live = json!({"data": {"a": "1"}, "metadata": {"managedFields": [{"manager": "helm", "time": "2026-01-01T00:00:00Z"}]}});
        let mut outcome = live.clone();
        outcome["metadata"]["managedFields"][0]["time"] = "2026-01-02T00:00:00Z".into();
        assert!(is_same(&live, &outcome));
        outcome["data"]["a"] = "2".into();
        assert!(!is_same(&live, &outcome));
    }

    #[test]
    fn the_fields_of_a_handover() {
        let conflict = |field: &str, owner: &str| FieldConflict {
            field: field.into(),
            owner: owner.into(),
            subresource: String::new(),
        };
        assert!(is_handovers(&conflict(".spec.replicas", HANDOVER)));
        assert!(is_handovers(&conflict(".spec.persistentVolumeClaimRetentionPolicy.whenScaled", HANDOVER)));
        assert!(!is_handovers(&conflict(".spec.replicas", "kubectl")));
        assert!(!is_handovers(&conflict(".spec.template", HANDOVER)));
    }

    #[test]
    fn the_autoscalers_field() {
        let conflict = |field: &str, owner: &str, subresource: &str| FieldConflict {
            field: field.into(),
            owner: owner.into(),
            subresource: subresource.into(),
        };
        assert!(is_autoscalers(&conflict(".spec.replicas", "kube-controller-manager", "scale")));
        assert!(!is_autoscalers(&conflict(".spec.replicas", "kubectl", "scale")));
        assert!(!is_autoscalers(&conflict(".spec.paused", "kube-controller-manager", "")));
    }
}
