//! Step 1: every reason not to begin, all at once. Nothing is changed.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    Error, Journal, Layout, Problem, Show, State, UpgradeOptions, choices, claims, containers, credentials, envelope,
    fence, fit, hazards, journal, keepers, layout, permissions, record, releases, route, source, traffic, versions,
    writers,
};
use crate::{
    cluster::{Cluster, ObjectRef, Step, wait_until},
    database::{Lsn, Server, human_bytes},
    release::Release,
};

/// How long a replica that lags may take to catch up before it is called lagging.
const CATCH_UP: Duration = Duration::from_secs(15);

/// What preflight found when there is no reason not to begin.
pub struct Found {
    /// A journal, not yet written.
    pub journal: Journal,
    /// In one line.
    pub summary: String,
}

/// Counts checks and gathers problems.
struct Checks {
    count: usize,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Checks {
    fn problem(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.problems.push(Problem::new(what, advice));
    }
}

/// Looks at everything that the upgrade will rely on.
///
/// # Errors
/// [`Error::Problems`] with every reason not to begin.
pub async fn check(cluster: &Cluster, show: &dyn Show, options: &UpgradeOptions) -> Result<Found, Error> {
    let mut checks = Checks { count: 0, problems: Vec::new(), warnings: Vec::new() };
    match look(cluster, show, options, &mut checks).await {
        // What was found so far is the likely reason why one could not look further (a missing permission).
        Err(error) if !checks.problems.is_empty() && !matches!(error, Error::Problems(_)) => {
            checks.problem(error.to_string(), "mend the other problems first");
            Err(Error::Problems(checks.problems))
        }
        result => result,
    }
}

async fn look(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    checks: &mut Checks,
) -> Result<Found, Error> {
    if options.alpha == options.beta {
        return Err(Error::unfit(
            format!("the current and the future release are both named {}", options.alpha),
            "give the future release a name of its own (--future-release)",
        ));
    }
    checks.count += 1;
    checks.problems.extend(permissions::look(cluster, options).await?);
    let admin = admin_release(cluster, options).await;
    if let Some(namespace) = &options.admin_namespace {
        checks.count += 1;
        let denied = permissions::of_traffic(cluster, namespace, &options.alpha, admin.as_ref()).await?;
        checks.problems.extend(denied);
    }

    checks.count += 1;
    let alpha = releases::current(cluster, &options.namespace, &options.alpha).await?;
    if alpha.is_none() {
        let known = releases::names(cluster, &options.namespace).await.unwrap_or_default();
        let listed =
            if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) };
        checks.problem(
            format!("release {} is not deployed in namespace {}", options.alpha, options.namespace),
            format!("name a deployed core release ({listed})"),
        );
    }
    checks.count += 1;
    checks.problems.extend(releases::under_way(cluster, &options.namespace, &options.alpha).await?);
    checks.count += 1;
    if let Some(status) = releases::status(cluster, &options.namespace, &options.beta).await? {
        checks.problem(
            format!("release {} exists in namespace {} already (status {status})", options.beta, options.namespace),
            format!(
                "choose another name, or remove it: vulas-native uninstall {} -n {}",
                options.beta, options.namespace
            ),
        );
    }

    if options.fence == super::Fence::Scale && alpha.is_some() {
        checks.count += 1;
        if writers::find(cluster, &options.namespace, &options.alpha).await?.is_empty() {
            checks.problems.push(writers::none(&options.alpha));
        }
    }

    let mut found = None;
    if let Some(alpha) = &alpha {
        checks.count += 1;
        let statefulsets = releases::statefulsets(alpha);
        found = layout::find(
            cluster,
            &options.namespace,
            &options.alpha,
            &statefulsets,
            &options.given,
            &mut checks.problems,
            &mut checks.warnings,
        )
        .await;
    }
    let (mut lag, mut slot, mut libraries) = (Lsn::default(), None, Vec::new());
    if let Some(layout) = &mut found {
        checks.count += 1;
        if let Some(problem) = versions::refusal(&layout.master.identity) {
            checks.problems.push(problem);
            // It would not understand what it is asked below.
            return Err(Error::Problems(std::mem::take(&mut checks.problems)));
        }
        checks.warnings.extend(versions::warning(&layout.master.identity));
        lag = replica(cluster, show, options, layout, checks).await?;
        volume(cluster, options, layout, checks).await?;
        checks.count += 3;
        let (problems, warnings) = keepers::look(cluster, &options.namespace, &layout.replica.statefulset).await;
        checks.problems.extend(problems);
        checks.warnings.extend(warnings);
        let found = hazards::look(cluster, &options.namespace, layout, &options.beta).await?;
        checks.problems.extend(found.problems);
        checks.warnings.extend(found.warnings);
        (slot, libraries) = (found.slot, found.libraries);
        if options.fence == super::Fence::ReadOnly {
            checks.count += 1;
            checks.problems.extend(fence::look(&layout.master.server(cluster, &options.namespace)).await?);
        }
    }

    let mut future = None;
    if let (Some(alpha), Some(layout)) = (&alpha, &found) {
        checks.count += 2;
        future = plan_future(cluster, show, options, &alpha.config, layout, &libraries, checks).await?;
    }
    let (Some(alpha), Some(layout), Some(future)) = (alpha, found, future) else {
        return Err(Error::Problems(std::mem::take(&mut checks.problems)));
    };
    checks.count += 1;
    let replicas_value = match &options.replicas_value {
        Some(path) => Some(path.clone()),
        None => record::find_replicas_value(&alpha, &options.chart, &layout),
    };
    if replicas_value.is_none() {
        checks.warnings.push(format!(
            "no value of release {} was found that sets the replicas of statefulset/{}: its next helm upgrade would bring the replica back onto a volume that is not its own; name the value by --replicas-value",
            options.alpha, layout.replica.statefulset
        ));
    }
    if !checks.problems.is_empty() {
        return Err(Error::Problems(std::mem::take(&mut checks.problems)));
    }
    checks.count += 1;
    let journal = Journal {
        version: Journal::version(),
        state: State::Upgrading,
        alpha: options.alpha.clone(),
        beta: options.beta.clone(),
        namespace: options.namespace.clone(),
        admin_namespace: options.admin_namespace.clone(),
        admin_release: admin.map(|admin| admin.name),
        holder: options.holder.clone(),
        began: journal::now(),
        written: journal::now(),
        fence: options.fence.as_str().into(),
        replicas_value,
        alpha_values: alpha.config.clone(),
        timeout: options.timeout.as_secs(),
        steps: Vec::new(),
        layout,
        alpha_revision: alpha.version as u32,
        alpha_title: alpha.chart_label(),
        future,
        former: Vec::new(),
        scaled: Vec::new(),
        fenced: false,
        fork: None,
        lowered_revision: None,
        job: None,
        taken: false,
        touched: false,
        job_log: Vec::new(),
        promotion: None,
        beta_mark: None,
        beta_claims: Vec::new(),
        beta_rows: None,
        beta_schema: None,
        beta_up: None,
        loss_accepted: false,
        alpha_kept: Vec::new(),
        alpha_claims: Vec::new(),
        check_sql: options.check_sql.clone(),
        route: None,
        slot,
        warnings: checks.warnings.clone(),
        stored: None,
    };
    let server = journal.layout.master.server(cluster, &options.namespace);
    envelope::must_have_room(&journal, &server.changes().await?).map_err(|problem| Error::Problems(vec![problem]))?;
    for warning in &checks.warnings {
        show.warning(warning);
    }
    let summary = format!("{} checks, {} objects dry-run on the server", checks.count, journal.future.objects);
    show.plan(&plan(options, &alpha, &journal, lag));
    Ok(Found { journal, summary })
}

/// What beta will be made of; `None` when it can't be, for reasons that were added to the problems.
async fn plan_future(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    alpha: &Json,
    layout: &Layout,
    libraries: &[String],
    checks: &mut Checks,
) -> Result<Option<journal::Future>, Error> {
    let wanted = choices::Wanted {
        namespace: &options.namespace,
        beta: &options.beta,
        chart: &options.chart,
        claim_value: options.claim_value.as_deref(),
        credentials_value: options.credentials_value.as_deref(),
        layout,
    };
    let own = (!options.reset_values).then_some(alpha);
    let chosen = match choices::choose(&wanted, own, &options.values) {
        Ok(chosen) => chosen,
        Err(problem) => {
            checks.problems.push(problem);
            return Ok(None);
        }
    };
    let request = releases::InstallRequest {
        namespace: &options.namespace,
        name: &options.beta,
        chart: &options.chart,
        values: &chosen.values,
        timeout: options.timeout,
        label: None,
    };
    match releases::plan_install(cluster, show, &request).await {
        Ok(planned) => {
            checks.count += 1;
            checks.problems.extend(permissions::of_objects(cluster, &options.namespace, &planned.objects).await?);
            beta_fits(cluster, options, layout, &planned, &chosen.claim_value, libraries, checks).await?;
            Ok(Some(journal::Future {
                chart: source::lasting(&options.chart),
                digest: Some(planned.digest.clone()),
                title: planned.title.clone(),
                values: chosen.values,
                objects: planned.objects.len(),
                claim_stems: planned.claim_stems(),
                kept_secrets: planned.kept_secrets(),
            }))
        }
        Err(problems) => {
            checks.problems.extend(problems);
            Ok(None)
        }
    }
}

/// The release of the admin namespace that serves alpha; not finding it is no problem.
async fn admin_release(cluster: &Cluster, options: &UpgradeOptions) -> Option<Release> {
    let namespace = options.admin_namespace.as_ref()?;
    for name in releases::names(cluster, namespace).await.ok()? {
        let release = releases::current(cluster, namespace, &name).await.ok().flatten();
        let serves = |release: &Release| traffic::served_by(release, route::RELEASE_VALUE);
        if release.as_ref().and_then(serves).as_deref() == Some(options.alpha.as_str()) {
            return release;
        }
    }
    None
}

/// The replica must be ready, stream from this master, and be caught up.
async fn replica(
    cluster: &Cluster,
    show: &dyn Show,
    options: &UpgradeOptions,
    layout: &Layout,
    checks: &mut Checks,
) -> Result<Lsn, Error> {
    checks.count += 4;
    let statefulset = &layout.replica.statefulset;
    let pod = &layout.replica.pod;
    if layout.others == 0 && !options.take_only_replica {
        checks.problem(
            format!("{} has 1 replica, pod/{pod} of statefulset/{statefulset}: it would be left without any", options.alpha),
            "raise their number to 2 (database.postgres.slave.replicas in the embedded chart) and wait until both stream, or agree to it: --take-only-replica",
        );
    } else if layout.others == 0 {
        checks.warnings.push(format!(
            "{} is left without a replica for as long as {} has its volume",
            options.alpha, options.beta
        ));
    }
    let live = cluster.get(&ObjectRef::new("v1", "Pod", &options.namespace, pod)).await?;
    if !live.as_ref().is_some_and(layout::is_ready) {
        checks.problem(
            format!("pod/{pod} is not ready"),
            format!("see why: kubectl -n {} describe pod {pod}", options.namespace),
        );
    }
    let (master, replica) = (&layout.master.identity, &layout.replica.identity);
    if master.major != replica.major {
        checks.problem(
            format!("the master runs PostgreSQL {}, pod/{pod} {}", master.version, replica.version),
            "bring both to the same version first",
        );
    }
    if master.system_identifier != replica.system_identifier {
        checks.problem(
            format!(
                "pod/{pod} holds another database than the master (system identifiers {} and {})",
                replica.system_identifier, master.system_identifier
            ),
            "delete its claim and pod so that it is cloned anew",
        );
        return Ok(Lsn::default());
    }
    let server = layout.replica.server(cluster, &options.namespace);
    let receiver = match server.receiver().await {
        Ok(receiver) => receiver,
        Err(error) => {
            checks.problem(error.to_string(), "the replica must answer before it can be handed over");
            return Ok(Lsn::default());
        }
    };
    if receiver.paused {
        checks.problem(format!("pod/{pod} has its replay paused"), "resume it: SELECT pg_wal_replay_resume()");
        return Ok(Lsn::default());
    }
    if !receiver.is_streaming() {
        let status =
            if receiver.status.is_empty() { "no WAL receiver runs".to_owned() } else { receiver.status.clone() };
        checks.problem(
            format!("pod/{pod} is in recovery but does not stream from its master ({status})"),
            format!("see its log: kubectl -n {} logs {pod} -c {}", options.namespace, layout.replica.container),
        );
        return Ok(Lsn::default());
    }
    let master_server = layout.master.server(cluster, &options.namespace);
    synchronous(&master_server, layout, live.as_ref(), checks).await?;
    let target = master_server.position().await?.lsn;
    let behind = target.bytes_since(receiver.replayed);
    if behind > 0 && caught_up(show, &server, target).await.is_err() {
        let now = server.receiver().await.map_or(receiver.replayed, |r| r.replayed);
        checks.problem(
            format!(
                "pod/{pod} lags behind: it has replayed {now}, {} before the master's {target}, and did not catch up in {} s",
                human_bytes(target.bytes_since(now)),
                CATCH_UP.as_secs()
            ),
            "wait until it has caught up, or find out what holds it (a long query on it, a slow volume)",
        );
    }
    Ok(Lsn(behind))
}

async fn caught_up(show: &dyn Show, server: &Server, target: Lsn) -> Result<(), crate::cluster::Error> {
    let look = || async move {
        match server.has_replayed(target).await {
            Ok((true, _)) => Ok(Step::Done(())),
            Ok((false, at)) => Ok(Step::Pending(format!("at {at}"))),
            Err(error) => Ok(Step::Pending(error.to_string())),
        }
    };
    wait_until(&format!("{} to replay {target}", server.target()), CATCH_UP, show, look).await
}

/// Commits on alpha must not wait for a replica that is taken away.
async fn synchronous(master: &Server, layout: &Layout, pod: Option<&Json>, checks: &mut Checks) -> Result<(), Error> {
    let standbys = master.standbys().await?;
    let address = pod.and_then(|p| p.pointer("/status/podIP")?.as_str()).unwrap_or("-");
    let is_ours = |s: &&crate::database::Standby| s.name == layout.replica.pod || s.address == address;
    let counts = |s: &&crate::database::Standby| matches!(s.sync.as_str(), "sync" | "potential" | "quorum");
    if !standbys.iter().filter(is_ours).any(|s| counts(&s)) {
        return Ok(());
    }
    let wanted = hazards::synchronous(master.facts().await?.setting("synchronous_standby_names")).max(1);
    let others = standbys.iter().filter(|s| !is_ours(s) && s.state == "streaming" && counts(s)).count();
    if others < wanted {
        checks.problem(
            format!(
                "commits on {} wait for {wanted} of its standbys (synchronous_standby_names), and pod/{} is one of them: without it they would hang",
                layout.master.pod, layout.replica.pod
            ),
            "let synchronous_standby_names name another standby, or fewer, first",
        );
    }
    Ok(())
}

fn access(claim: &Json, mode: &str) -> bool {
    containers::items(claim, "/spec/accessModes").iter().any(|m| m == mode)
}

/// The nodes that a volume is bound to by name; empty when it is to none.
fn nodes_of(volume: &Json) -> Vec<String> {
    let terms = containers::items(volume, "/spec/nodeAffinity/required/nodeSelectorTerms").iter();
    let expressions = terms.flat_map(|term| containers::items(term, "/matchExpressions"));
    let hosts = expressions.filter(|e| e["key"] == "kubernetes.io/hostname" && e["operator"] == "In");
    hosts.flat_map(|e| containers::items(e, "/values")).filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// The claim must be bound and belong to the replica alone.
async fn volume(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &mut Layout,
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 2;
    let name = layout.volume.claim.clone();
    let object = claims::claim(&options.namespace, &name);
    let Some(live) = cluster.get(&object).await? else {
        checks
            .problem(format!("{object} does not exist"), "the replica's volume must be a claim in the same namespace");
        return Ok(());
    };
    let phase = live.pointer("/status/phase").and_then(Json::as_str).unwrap_or("Unknown");
    if phase != "Bound" {
        checks.problem(
            format!("{object} is not Bound but {phase}"),
            format!("see why: kubectl -n {} describe pvc {name}", options.namespace),
        );
    }
    if live.pointer("/metadata/deletionTimestamp").is_some() {
        checks.problem(format!("{object} is being deleted"), "it goes when its pod goes: use another replica's");
    }
    let text = |pointer: &str| live.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    if access(&live, "ReadOnlyMany")
        && !["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"].iter().any(|m| access(&live, m))
    {
        checks.problem(
            format!("{object} can only be read (ReadOnlyMany)"),
            "a database needs a volume that it can write to",
        );
    }
    layout.volume.volume = text("/spec/volumeName");
    if let Some(name) = &layout.volume.volume {
        // Who may not see volumes is not told.
        let volume = cluster.get(&ObjectRef::cluster_wide("v1", "PersistentVolume", name)).await.ok().flatten();
        layout.volume.nodes = volume.as_ref().map(nodes_of).unwrap_or_default();
    }
    layout.volume.class = text("/spec/storageClassName");
    layout.volume.capacity =
        text("/status/capacity/storage").or_else(|| text("/spec/resources/requests/storage")).unwrap_or_default();
    let others: Vec<String> = claims::users(cluster, &options.namespace, &name)
        .await?
        .into_iter()
        .filter(|pod| *pod != layout.replica.pod)
        .collect();
    if !others.is_empty() {
        checks.problem(
            format!("{object} is mounted by other pods as well: {}", others.join(", ")),
            "a volume that is handed over must have one user: end those pods",
        );
    }
    Ok(())
}

/// Whether beta, as planned, would run on the volume, with the right PostgreSQL and passwords, and on no stale claims.
async fn beta_fits(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &Layout,
    planned: &releases::Planned,
    claim_value: &str,
    libraries: &[String],
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 4;
    let claim = layout.volume.claim.as_str();
    let pod = cluster.get(&ObjectRef::new("v1", "Pod", &options.namespace, &layout.replica.pod)).await?;
    let image = pod.as_ref().and_then(|pod| {
        let server = containers::postgres(pod.get("spec")?, None, Some(&layout.replica.container)).ok()??;
        Some(containers::text(server.container, "/image")?.to_owned())
    });
    let image = image.unwrap_or_default();
    let fit = fit::check(&planned.objects, &planned.title, &options.beta, claim_value, layout, &image);
    let fits = fit.problems.is_empty();
    let other = fit::server_on(&planned.objects, claim, &layout.replica.container)
        .and_then(|(_, c)| containers::text(c, "/image"));
    if let Some(other) =
        other.filter(|other| containers::image_base(other) != containers::image_base(&image) && !libraries.is_empty())
    {
        checks.warnings.push(format!(
            "{other} must have what the database uses beside PostgreSQL itself: {}",
            libraries.join(", ")
        ));
    }
    checks.problems.extend(fit.problems);
    checks.warnings.extend(fit.warnings);
    if !fits {
        return Ok(());
    }
    checks
        .problems
        .extend(credentials::check(cluster, &options.namespace, &planned.objects, layout, &options.beta).await);
    let live = cluster.list("v1", "PersistentVolumeClaim", Some(&options.namespace), None).await?;
    let names: Vec<&str> = live.iter().filter_map(|c| c.pointer("/metadata/name")?.as_str()).collect();
    for name in names {
        if planned.claim_stems().iter().any(|stem| releases::is_claim_of(name, stem)) && name != claim {
            checks.problem(
                format!("persistentvolumeclaim/{name} is left from an earlier release of that name: a replica would start on its old rows"),
                format!("delete it: kubectl -n {} delete pvc {name}", options.namespace),
            );
        }
    }
    Ok(())
}

fn plan(options: &UpgradeOptions, alpha: &Release, journal: &Journal, lag: Lsn) -> Vec<(String, String)> {
    let (layout, future) = (&journal.layout, &journal.future);
    let behind =
        if lag.0 == 0 { "caught up".to_owned() } else { format!("{} behind at first look", human_bytes(lag.0)) };
    let mut lines = vec![
        (
            options.alpha.clone(),
            format!(
                "{} revision {}; PostgreSQL {}, master {}, {} replicas of statefulset/{} ({} {behind})",
                alpha.chart_label(),
                alpha.version,
                layout.master.identity.version,
                layout.master.pod,
                layout.replicas,
                layout.replica.statefulset,
                layout.replica.pod
            ),
        ),
        (options.beta.clone(), format!("{}, {} objects", future.title, future.objects)),
        (
            "volume".to_owned(),
            format!(
                "pvc/{} ({}{})",
                layout.volume.claim,
                layout.volume.capacity,
                layout.volume.class.as_ref().map(|class| format!(", {class}")).unwrap_or_default()
            ),
        ),
    ];
    let fence = match options.fence {
        super::Fence::None => format!(
            "none: what {} writes from now on will not be in {}; --fence=read-only prevents it",
            options.alpha, options.beta
        ),
        super::Fence::ReadOnly => format!("read-only: clients of {} can't write from the fork on", options.alpha),
        super::Fence::Scale => format!("scale: the writers of {} are scaled to zero at the fork", options.alpha),
    };
    lines.push(("fence".to_owned(), fence));
    lines
}
