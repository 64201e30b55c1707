//! Doing what was planned: pending record, definitions, hooks, objects, waits, and the mark that makes it count.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    cluster::{
        ApplyOptions, Cluster, Error as ClusterError, Json, ObjectRef, Observer, Propagation, WaitOptions, in_parallel,
        readiness::{Readiness, readiness},
    },
    release::{History, Release, Status},
};

use super::{
    Common, Error, MANAGER, OnFailure, Outcome, Releases, Wait,
    check::{Answers, Checks},
    deletion::delete_object,
    hooks::Hooks,
    live::live_objects,
    lock::Lock,
    migrate::migrate,
    objects::{Item, Key, Owner, is_kept, items, promised},
    plan::{Action, Change, Plan, plan},
    signals::Signals,
};

/// Longest wait for a definition to be served (Helm's number).
const DEFINITIONS: Duration = Duration::from_secs(60);

/// Which operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Install,
    Upgrade,
    Rollback,
}

impl Verb {
    fn hook(self, when: &str) -> String {
        let verb = match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
        };
        format!("{when}-{verb}")
    }

    /// Helm's words for a hook that fails.
    fn hook_failed(self, when: &str, error: Error) -> Error {
        match self {
            Self::Install => error.within(&format!("failed {when}-install")),
            Self::Upgrade => error.within(&format!("{when}-upgrade hooks failed")),
            Self::Rollback => error,
        }
    }

    /// Helm's description of a failed revision.
    pub(super) fn failed(self, name: &str, error: &str) -> String {
        let what = match self {
            Self::Install => "Release",
            Self::Upgrade => "Upgrade",
            Self::Rollback => "Rollback",
        };
        format!("{what} {name:?} failed: {error}")
    }
}

/// What an operation wants.
pub(super) struct Request<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) releases: &'a Releases,
    pub(super) observer: &'a dyn Observer,
    pub(super) common: &'a Common,
    pub(super) verb: Verb,
    pub(super) history: &'a History,
    /// The revision whose manifest the cluster holds.
    pub(super) former: Option<Release>,
    /// The revision to make, in a pending state.
    pub(super) target: Release,
    /// Definitions of the chart that do not exist yet.
    pub(super) definitions: Vec<Json>,
    /// The namespace has to be made.
    pub(super) create_namespace: bool,
    pub(super) take_ownership: bool,
    /// Fields of client-side apply are to be migrated.
    pub(super) migrate: bool,
    /// The Lease, if it was taken already.
    pub(super) lock: Option<Lock>,
}

/// How far an object has come.
#[derive(Clone, Debug, Default)]
pub(super) enum Sent {
    /// Not touched.
    #[default]
    No,
    /// Sent; whether it was written is not known.
    Perhaps,
    /// Written; as the server holds it.
    Written(Box<Json>),
}

/// A planned operation.
pub(super) struct Transaction<'a> {
    pub(super) request: Request<'a>,
    pub(super) plan: Plan,
    pub(super) former: Vec<Item>,
    pub(super) sent: Mutex<Vec<Sent>>,
}

impl<'a> Transaction<'a> {
    /// Plans, and has every object checked by the server. Writes nothing.
    pub(super) async fn prepare(request: Request<'a>, check: bool) -> Result<Self, Error> {
        let Request { cluster, target, .. } = &request;
        let owner = Owner { name: &target.name, namespace: &target.namespace };
        let own_objects = crate::release::manifest::objects(&target.manifest)?;
        let promised = promised(own_objects.iter().chain(&request.definitions));
        let former = match &request.former {
            Some(former) => items(cluster, &former.manifest, owner, &promised, false).await?,
            None => Vec::new(),
        };
        let wanted = items(cluster, &target.manifest, owner, &promised, true).await?;
        let what = match request.verb {
            Verb::Install => "unable to continue with install",
            Verb::Upgrade | Verb::Rollback => "unable to continue with update",
        };
        let take_ownership = request.take_ownership || request.verb == Verb::Rollback;
        let known: HashSet<&Key> = former.iter().map(|item| &item.key).collect();
        let answers = async { if check { Answers::of(cluster, &wanted, &known).await } else { Answers::default() } };
        let (live, answers) = futures::join!(live_objects(cluster, &wanted, &known), answers);
        let mut plan = live
            .and_then(|live| plan(&former, wanted, live, owner, take_ownership))
            .map_err(|error| error.within(what))?;
        plan.definitions.clone_from(&request.definitions);
        if check {
            let mut namespaces: HashSet<String> = plan
                .changes
                .iter()
                .filter(|change| change.action == Action::Create && change.reference.kind == "Namespace")
                .map(|change| change.reference.name.clone())
                .collect();
            if request.create_namespace {
                namespaces.insert(target.namespace.clone());
            }
            let checks = Checks {
                cluster,
                force_conflicts: request.common.force_conflicts,
                migrate: request.migrate,
                namespaces: &namespaces,
                promised: &promised,
                observer: request.observer,
            };
            checks.run(&mut plan, answers).await?;
        }
        let sent = Mutex::new(vec![Sent::No; plan.changes.len()]);
        Ok(Self { request, plan, former, sent })
    }

    /// Does it.
    ///
    /// # Errors
    /// After everything was put back, or with what is left to do.
    pub(super) async fn execute(mut self) -> Result<Release, Error> {
        let mut signals = Signals::listen()?;
        if self.request.create_namespace {
            self.make_namespace().await?;
        }
        let lock = if let Some(lock) = self.request.lock.take() {
            lock
        } else {
            let Request { cluster, target, observer, .. } = &self.request;
            Lock::take(cluster, &target.namespace, &target.name, *observer).await?
        };
        self.request.target.creates = self.creates();
        if let Err(error) = self.request.releases.create(&self.request.target).await {
            // Perhaps it was written and only its answer was lost; a revision that somebody else wrote is not ours to delete.
            if error.outcome != Outcome::Refused {
                let target = &self.request.target;
                if let Err(error) = self.request.releases.delete(&target.name, target.version).await {
                    tracing::debug!(%error, "the pending record was not deleted");
                }
            }
            lock.release().await;
            return Err(error);
        }
        let mut target = self.request.target.clone();
        let outcome = signals.guard(self.forward(&mut target, &lock)).await;
        let result = match outcome {
            Ok(()) => {
                self.finish(&target).await;
                Ok(target)
            }
            Err(error) if lock.is_lost() => Err(self.lost(error)),
            Err(error) if error.outcome == Outcome::Left => Err(error),
            Err(error) => Err(self.failed(error, target, &mut signals).await),
        };
        lock.release().await;
        result
    }

    /// What is made anew, as the pending record says it: a run that takes over from a dead one deletes nothing else.
    fn creates(&self) -> Vec<String> {
        let changes = self.plan.changes.iter();
        changes
            .filter(|change| change.action == Action::Create && !change.reference.name.is_empty())
            .map(|change| change.key.text())
            .collect()
    }

    async fn make_namespace(&self) -> Result<(), Error> {
        let name = &self.request.target.namespace;
        let namespace = serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"name": name}},
        });
        self.request.cluster.apply(&namespace, &ApplyOptions::new(MANAGER)).await?;
        Ok(())
    }

    /// Everything up to and with the mark `deployed`.
    async fn forward(&self, target: &mut Release, lock: &Lock) -> Result<(), Error> {
        let Request { common, verb, releases, .. } = &self.request;
        self.make_definitions().await?;
        if !common.no_hooks {
            self.hooks().run(target, &verb.hook("pre")).await.map_err(|error| verb.hook_failed("pre", error))?;
        }
        self.apply_all(lock).await?;
        if common.wait == Wait::Ready {
            self.wait().await?;
        }
        if !common.no_hooks {
            self.hooks().run(target, &verb.hook("post")).await.map_err(|error| verb.hook_failed("post", error))?;
        }
        if lock.is_lost() {
            return Err(Error::new("the lease was lost"));
        }
        let description = match (&common.description, verb) {
            (Some(description), _) => description.clone(),
            (None, Verb::Install) => "Install complete".into(),
            (None, Verb::Upgrade) => "Upgrade complete".into(),
            (None, Verb::Rollback) => target.info.description.clone(),
        };
        target.set_status(Status::Deployed, description);
        target.creates.clear();
        match releases.update(target).await {
            Ok(()) => Ok(()),
            Err(error) => self.look_for_the_mark(target, error).await,
        }
    }

    /// The mark's answer was lost: whether it was written decides whether the operation has succeeded.
    async fn look_for_the_mark(&self, target: &Release, error: Error) -> Result<(), Error> {
        let history = self.request.releases.history(&target.name, self.request.observer).await;
        let state =
            history.as_ref().ok().and_then(|history| history.get(target.version)).map(|release| release.info.status);
        match state {
            Some(Status::Deployed) => Ok(()),
            Some(_) => Err(error),
            // Not to be found out. Putting back under a record that says `deployed` would be worse than leaving it.
            None => Err(Error {
                outcome: Outcome::Left,
                ..error.with(&format!(
                    "All objects are applied and ready, but whether revision {} is recorded as deployed is not known.\n\
                     See it: vulas-native history {} -n {}; if it is pending, the next command puts it back.",
                    target.version, target.name, target.namespace
                ))
            }),
        }
    }

    fn hooks(&self) -> Hooks<'_> {
        let Request { cluster, releases, observer, common, .. } = &self.request;
        Hooks { cluster, releases, timeout: common.timeout, observer: *observer }
    }

    async fn make_definitions(&self) -> Result<(), Error> {
        if self.plan.definitions.is_empty() {
            return Ok(());
        }
        let cluster = self.request.cluster;
        let options = ApplyOptions::new(MANAGER);
        let made = in_parallel(&self.plan.definitions, |definition| {
            let options = &options;
            async move {
                cluster.apply(definition, options).await.map_err(|error| {
                    let name = definition["metadata"]["name"].as_str().unwrap_or_default();
                    Error::from(error).within(&format!("failed to install CRD {name}"))
                })
            }
        });
        made.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let names: Vec<ObjectRef> = self.plan.definitions.iter().map(ObjectRef::of).collect();
        self.wait_for_definitions(&names).await
    }

    async fn wait_for_definitions(&self, names: &[ObjectRef]) -> Result<(), Error> {
        let options = WaitOptions { timeout: DEFINITIONS, jobs: false };
        self.request.cluster.wait_ready(names, &options, self.request.observer).await?;
        self.request.cluster.forget_kinds().await;
        Ok(())
    }

    /// Applies the objects kind by kind, those of a kind at once.
    async fn apply_all(&self, lock: &Lock) -> Result<(), Error> {
        let changes = &self.plan.changes;
        let mut start = 0;
        while start < changes.len() {
            let kind = &changes[start].reference.kind;
            let end = changes[start..]
                .iter()
                .position(|change| change.reference.kind != *kind)
                .map_or(changes.len(), |more| start + more);
            if lock.is_lost() {
                return Err(Error::new("the lease was lost"));
            }
            let due: Vec<usize> = (start..end).filter(|place| changes[*place].action != Action::Unchanged).collect();
            let results = in_parallel(due, |place| async move { (place, self.apply(place).await) }).await;
            let problems: Vec<String> = results
                .iter()
                .filter_map(|(place, result)| {
                    Some(format!("{}: {}", changes[*place].reference, result.as_ref().err()?))
                })
                .collect();
            if !problems.is_empty() {
                return Err(Error::new(problems.join("\n")));
            }
            if kind == "CustomResourceDefinition" && !results.is_empty() {
                let names: Vec<ObjectRef> =
                    results.iter().map(|(place, _)| changes[*place].reference.clone()).collect();
                self.wait_for_definitions(&names).await?;
            }
            start = end;
        }
        self.request.observer.info(&self.plan.summary());
        Ok(())
    }

    async fn apply(&self, place: usize) -> Result<(), ClusterError> {
        let change = &self.plan.changes[place];
        let cluster = self.request.cluster;
        self.mark(place, Sent::Perhaps);
        let written = if change.reference.name.is_empty() {
            cluster.create(&change.object, MANAGER, false).await?
        } else {
            if change.live.is_some() && (self.request.migrate || change.action == Action::Adopt) {
                migrate(cluster, &change.reference).await?;
            }
            apply_when_served(cluster, change).await?
        };
        self.mark(place, Sent::Written(Box::new(written)));
        Ok(())
    }

    fn mark(&self, place: usize, state: Sent) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)[place] = state;
    }

    /// Waits for what is not ready at once. Whatever the answer to its apply shows to be ready needs no look.
    async fn wait(&self) -> Result<(), Error> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let common = self.request.common;
        let pending = self.plan.changes.iter().zip(&sent).filter(|(change, sent)| {
            let object = match sent {
                Sent::Written(object) => Some(&**object),
                _ => change.outcome.as_ref(),
            };
            let job = common.wait_for_jobs && change.reference.kind == "Job";
            let named = !change.reference.name.is_empty();
            named && (job || object.is_none_or(|object| readiness(object, 0) != Readiness::Ready))
        });
        let pending: Vec<ObjectRef> = pending.map(|(change, _)| change.reference.clone()).collect();
        let options = WaitOptions { timeout: common.timeout, jobs: common.wait_for_jobs };
        Ok(self.request.cluster.wait_ready(&pending, &options, self.request.observer).await?)
    }

    /// After the mark: the former revision is superseded, its objects go, old records too. What fails here is told, but the
    /// operation has succeeded.
    async fn finish(&self, target: &Release) {
        let Request { releases, history, observer, common, cluster, .. } = &self.request;
        let superseded = history.all_deployed().filter(|release| release.version != target.version).map(|release| {
            let mut release = release.clone();
            release.info.status = Status::Superseded;
            release
        });
        let supersede = in_parallel(superseded.collect::<Vec<_>>(), |release| async move {
            let version = release.version;
            (version, releases.update(&release).await)
        });
        let prune = in_parallel(&self.plan.prune, |reference| async move { (reference, self.prune(reference).await) });
        let old = history.too_old(common.history_max);
        let forget = in_parallel(old, |version| async move { (version, releases.delete(&target.name, version).await) });
        let (supersede, prune, forget) = futures::join!(supersede, prune, forget);
        for (version, error) in supersede.into_iter().filter_map(|(version, result)| Some((version, result.err()?))) {
            observer.warning(&format!("revision {version} could not be marked superseded: {error}"));
        }
        for (reference, error) in prune.into_iter().filter_map(|(reference, result)| Some((reference, result.err()?))) {
            observer
                .warning(&format!("{reference} is no part of the release any more, but could not be deleted: {error}"));
        }
        for (version, error) in forget.into_iter().filter_map(|(version, result)| Some((version, result.err()?))) {
            observer.warning(&format!("the record of revision {version} could not be deleted: {error}"));
        }
        for (reference, why) in &self.plan.kept {
            observer.info(&format!("{reference} is no part of the release any more and was kept ({why})"));
        }
        for warning in cluster.take_warnings() {
            observer.warning(&warning);
        }
    }

    async fn prune(&self, reference: &ObjectRef) -> Result<(), ClusterError> {
        let cluster = self.request.cluster;
        let Some(live) = cluster.get(reference).await? else { return Ok(()) };
        let target = &self.request.target;
        let owner = Owner { name: &target.name, namespace: &target.namespace };
        // The policy may have been set by hand; another release may have adopted the object.
        if is_kept(&live) {
            self.request.observer.info(&format!("{reference} was kept (helm.sh/resource-policy: keep)"));
            return Ok(());
        }
        if let Some(other) = super::objects::belongs_to_another(&live, owner) {
            self.request.observer.warning(&format!("{reference} was kept: it belongs to {other}"));
            return Ok(());
        }
        delete_object(cluster, reference, &live, Propagation::default(), self.request.observer).await.map(|_| ())
    }

    /// Another run has taken over: it puts back what we did, and we must not touch anything any more.
    fn lost(&self, error: Error) -> Error {
        let name = &self.request.target.name;
        Error {
            outcome: Outcome::Left,
            ..error.with(&format!(
                "Another run has taken over {name}, since this one was not heard of for too long; it puts things right."
            ))
        }
    }

    async fn failed(&self, error: Error, mut target: Release, signals: &mut Signals) -> Error {
        let Request { verb, releases, common, observer, cluster, .. } = &self.request;
        let name = target.name.clone();
        let first_line = error.message.lines().next().unwrap_or_default().to_owned();
        target.set_status(Status::Failed, verb.failed(&name, &first_line));
        target.creates.clear();
        for warning in cluster.take_warnings() {
            observer.warning(&warning);
        }
        if common.on_failure == OnFailure::Leave {
            let recorded = releases.update(&target).await;
            let note = recorded.err().map_or(String::new(), |error| format!(" (could not be recorded: {error})"));
            let next = if *verb == Verb::Install { "uninstall" } else { "rollback" };
            let lines = format!(
                "Revision {} is recorded as failed{note}; its objects are left as they are. To take it back: vulas-native {next} {name} -n {}",
                target.version, target.namespace
            );
            return Error { outcome: Outcome::Left, ..error.with(&lines) };
        }
        observer.info("putting back what was changed");
        match signals.guard(self.put_back(&target)).await {
            Ok(words) => Error { outcome: Outcome::PutBack, ..error.with(&words) },
            Err(second) => {
                let lines = format!(
                    "Not everything was put back: {second}\nRun the same command again, or vulas-native {} {name} -n {}: what is left is put back first.",
                    if *verb == Verb::Install { "uninstall" } else { "rollback" },
                    target.namespace
                );
                Error { outcome: Outcome::Left, ..error.with(&lines) }
            }
        }
    }
}

/// Applies; a kind that was defined a moment ago may not be served yet.
pub(super) async fn apply_when_served(cluster: &Cluster, change: &Change) -> Result<Json, ClusterError> {
    let options = ApplyOptions { force: change.force, checked: change.outcome.is_some(), ..ApplyOptions::new(MANAGER) };
    let mut pause = Duration::from_millis(100);
    loop {
        let not_served = match cluster.apply(&change.object, &options).await {
            Err(error @ ClusterError::NoKind { .. }) => error,
            // Without details it is the path that was not found, not the object's namespace.
            Err(error)
                if error.is_not_found()
                    && error.to_string().contains("the server could not find the requested resource") =>
            {
                error
            }
            answer => return answer,
        };
        if change.unchecked.is_none() || pause > Duration::from_secs(3) {
            return Err(not_served);
        }
        tokio::time::sleep(pause).await;
        cluster.forget_kinds().await;
        pause *= 2;
    }
}
