//! What an operation will do, found out without a write.

use std::collections::HashSet;

use crate::cluster::{Json, ObjectRef};

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

/// Compares the new objects with the former ones and with those that the server holds, `live`, in the order of `target`.
///
/// # Errors
/// Objects that are somebody else's, all at once, in Helm's words.
pub(super) fn plan(
    former: &[Item],
    target: Vec<Item>,
    live: Vec<Option<Json>>,
    owner: Owner<'_>,
    take_ownership: bool,
) -> Result<Plan, Error> {
    let known: HashSet<&Key> = former.iter().map(|item| &item.key).collect();
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
