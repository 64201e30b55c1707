//! Hooks: objects that are created at a certain moment of an operation and, if they are Jobs or Pods, must end well.

use std::time::Duration;

use crate::{
    cluster::{ApplyOptions, Cluster, Json, LogOptions, ObjectRef, Observer, Propagation},
    release::{Hook, HookPhase, Release, Time, manifest},
};

use super::{Error, MANAGER, Releases, deletion::delete_object, objects::holds_data};

/// Runs the hooks of an event.
pub(super) struct Hooks<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) releases: &'a Releases,
    pub(super) timeout: Duration,
    pub(super) observer: &'a dyn Observer,
}

impl Hooks<'_> {
    /// Runs the hooks of `event` one after the other, by weight and name, and keeps their outcome in the record.
    ///
    /// # Errors
    /// The first hook that fails, with the end of its log.
    pub(super) async fn run(&self, release: &mut Release, event: &str) -> Result<(), Error> {
        let order = due(&release.hooks, event);
        self.run_these(release, event, &order).await?;
        self.clean(release, &order).await
    }

    /// Runs certain hooks, by their place in the record; what succeeded is left for [`Hooks::clean`].
    pub(super) async fn run_these(&self, release: &mut Release, event: &str, order: &[usize]) -> Result<(), Error> {
        for (number, &place) in order.iter().enumerate() {
            if release.hooks[place].delete_policies.is_empty() {
                release.hooks[place].delete_policies.push("before-hook-creation".into());
            }
            let outcome = self.run_one(release, event, place).await;
            if let Err(error) = outcome {
                let error = self.after_failure(release, place, &order[..number], error).await;
                // The record keeps that the hook has failed, whatever becomes of the operation.
                self.keep(release).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Shows the logs of hooks that succeeded and deletes them, each as its policies say.
    pub(super) async fn clean(&self, release: &Release, order: &[usize]) -> Result<(), Error> {
        for &place in order.iter().rev() {
            let hook = &release.hooks[place];
            let objects = self.objects(hook, &release.namespace).await?;
            if hook.output_log_policies.iter().any(|policy| policy == "hook-succeeded") {
                self.show_logs(&objects).await;
            }
            self.delete_by_policy(hook, &objects, "hook-succeeded").await?;
        }
        Ok(())
    }

    async fn run_one(&self, release: &mut Release, event: &str, place: usize) -> Result<(), Error> {
        let hook = release.hooks[place].clone();
        let objects = self.objects(&hook, &release.namespace).await?;
        self.delete_by_policy(&hook, &objects, "before-hook-creation").await?;
        let run = &mut release.hooks[place].last_run;
        run.started_at = Time::at(self.cluster.now());
        run.completed_at = Time::default();
        run.phase = HookPhase::Running;
        self.keep(release).await;
        let outcome = self.create_and_wait(event, &hook, &objects).await;
        let run = &mut release.hooks[place].last_run;
        run.completed_at = Time::at(self.cluster.now());
        run.phase = if outcome.is_ok() { HookPhase::Succeeded } else { HookPhase::Failed };
        outcome
    }

    async fn create_and_wait(&self, event: &str, hook: &Hook, objects: &[Json]) -> Result<(), Error> {
        for object in objects {
            self.cluster
                .apply(object, &ApplyOptions::new(MANAGER))
                .await
                .map_err(|error| Error::from(error).within(&format!("warning: Hook {event} {} failed", hook.path)))?;
        }
        let references: Vec<ObjectRef> = objects.iter().map(ObjectRef::of).collect();
        self.cluster.wait_done(&references, self.timeout, self.observer).await.map_err(Error::from)
    }

    async fn after_failure(&self, release: &Release, failed: usize, earlier: &[usize], error: Error) -> Error {
        let hook = &release.hooks[failed];
        let Ok(objects) = self.objects(hook, &release.namespace).await else { return error };
        if hook.output_log_policies.iter().any(|policy| policy == "hook-failed") {
            self.show_logs(&objects).await;
        }
        let mut cleaning = self.delete_by_policy(hook, &objects, "hook-failed").await;
        for &place in earlier {
            let hook = &release.hooks[place];
            if let Ok(objects) = self.objects(hook, &release.namespace).await {
                cleaning = cleaning.and(self.delete_by_policy(hook, &objects, "hook-succeeded").await);
            }
        }
        if let Err(cleaning) = cleaning {
            self.observer.warning(&format!("error deleting the hook resource on hook failure: {cleaning}"));
        }
        error
    }

    /// Helm goes on when it cannot note a hook's run in the record; so do we, but not in silence.
    async fn keep(&self, release: &Release) {
        if let Err(error) = self.releases.update(release).await {
            self.observer.warning(&format!("the run of a hook could not be recorded: {error}"));
        }
    }

    async fn delete_by_policy(&self, hook: &Hook, objects: &[Json], policy: &str) -> Result<(), Error> {
        // Deleting a definition deletes all its objects; a claim holds data. Both are updated in place instead.
        let lasting = |reference: &ObjectRef| reference.kind == "CustomResourceDefinition" || holds_data(reference);
        if !hook.delete_policies.iter().any(|one| one == policy) {
            return Ok(());
        }
        let references: Vec<ObjectRef> =
            objects.iter().map(ObjectRef::of).filter(|reference| !lasting(reference)).collect();
        let mut deleted = Vec::new();
        for reference in references {
            let Some(live) = self.cluster.get(&reference).await? else { continue };
            if delete_object(self.cluster, &reference, &live, Propagation::default(), self.observer).await? {
                deleted.push(reference);
            }
        }
        self.cluster.wait_deleted(&deleted, self.timeout, self.observer).await.map_err(Error::from)
    }

    async fn show_logs(&self, objects: &[Json]) {
        for object in objects {
            let reference = ObjectRef::of(object);
            for pod in self.cluster.pods_of(&reference).await {
                let name = ObjectRef::of(&pod);
                let namespace = name.namespace.clone().unwrap_or_default();
                for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
                    let container = container["name"].as_str().unwrap_or_default();
                    let options = LogOptions { container: Some(container.into()), ..Default::default() };
                    match self.cluster.logs(&namespace, &name.name, &options).await {
                        Ok(log) => log.lines().for_each(|line| self.observer.log_line(&name.to_string(), line)),
                        Err(error) => self.observer.warning(&format!("the log of {name} cannot be read: {error}")),
                    }
                }
            }
        }
    }

    /// The objects of a hook, with their namespace.
    async fn objects(&self, hook: &Hook, namespace: &str) -> Result<Vec<Json>, Error> {
        let mut objects = manifest::objects(&hook.manifest).map_err(|error| {
            Error::new(format!("unable to build kubernetes object for hook {}: {error}", hook.path))
        })?;
        for object in &mut objects {
            let reference = ObjectRef::of(object);
            let info = self.cluster.kind(&reference.api_version, &reference.kind).await.map_err(|error| {
                Error::new(format!("unable to build kubernetes object for hook {}: {error}", hook.path))
            })?;
            if info.namespaced && reference.namespace.is_none() {
                object["metadata"]["namespace"] = namespace.into();
            }
        }
        Ok(objects)
    }
}

/// The hooks of an event in the order in which they run: by weight, then by name, then as they are.
pub(super) fn due(hooks: &[Hook], event: &str) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..hooks.len()).filter(|place| hooks[*place].events.iter().any(|one| one == event)).collect();
    order.sort_by(|a, b| (hooks[*a].weight, &hooks[*a].name).cmp(&(hooks[*b].weight, &hooks[*b].name)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_run_by_weight_then_name() {
        let hook = |name: &str, weight: i64, event: &str| Hook {
            name: name.into(),
            weight,
            events: vec![event.into()],
            ..Default::default()
        };
        let hooks = [hook("b", 0, "test"), hook("c", -1, "test"), hook("a", 0, "test"), hook("d", -9, "pre-install")];
        assert_eq!(due(&hooks, "test"), [1, 2, 0]);
        assert_eq!(due(&hooks, "post-install"), [] as [usize; 0]);
    }
}
