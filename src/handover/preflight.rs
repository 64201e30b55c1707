//! Step 1: every reason not to begin, all at once. Nothing is changed.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    Error, Journal, Layout, Problem, Show, State, UpgradeOptions, claims, journal, layout, record, releases, route,
    values::{merge, set_path},
};
use crate::{
    cluster::{Access, Cluster, ObjectRef, Step, wait_until},
    database::{Lsn, Server, human_bytes},
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
    permissions(cluster, options, checks).await?;

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
    if let Some(status) = releases::status(cluster, &options.namespace, &options.beta).await? {
        checks.problem(
            format!("release {} exists in namespace {} already (status {status})", options.beta, options.namespace),
            format!(
                "choose another name, or remove it: vulas-native uninstall {} -n {}",
                options.beta, options.namespace
            ),
        );
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
        )
        .await;
    }
    let mut lag = Lsn::default();
    if let Some(layout) = &mut found {
        lag = replica(cluster, show, options, layout, checks).await?;
        volume(cluster, options, layout, checks).await?;
        autoscaler(cluster, options, layout, checks).await?;
    }

    let mut future = None;
    if let (Some(alpha), Some(layout)) = (&alpha, &found) {
        checks.count += 2;
        let values = future_values(options, &alpha.config, layout);
        let request = releases::InstallRequest {
            namespace: &options.namespace,
            name: &options.beta,
            chart: &options.chart,
            values: &values,
            timeout: options.timeout,
        };
        match releases::plan_install(cluster, show, &request).await {
            Ok(planned) => {
                beta_fits(cluster, options, layout, &planned, checks).await?;
                future = Some(journal::Future {
                    chart: options.chart.clone(),
                    title: planned.title.clone(),
                    values,
                    objects: planned.objects.len(),
                    claim_stems: planned.claim_stems(),
                    kept_secrets: planned.kept_secrets(),
                });
            }
            Err(problems) => checks.problems.extend(problems),
        }
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
    for warning in &checks.warnings {
        show.warning(warning);
    }
    let summary = format!("{} checks, {} objects dry-run on the server", checks.count, future.objects);
    show.plan(&plan(options, &alpha, &layout, &future, lag));
    let journal = Journal {
        version: Journal::version(),
        state: State::Upgrading,
        alpha: options.alpha.clone(),
        beta: options.beta.clone(),
        namespace: options.namespace.clone(),
        admin_namespace: options.admin_namespace.clone(),
        admin_release: admin_release(cluster, options).await,
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
        job_log: Vec::new(),
        promotion: None,
        beta_claims: Vec::new(),
        beta_counts: Vec::new(),
        beta_schema: None,
        check_sql: options.check_sql.clone(),
        route: None,
        warnings: checks.warnings.clone(),
    };
    Ok(Found { journal, summary })
}

/// The release of the admin namespace that serves alpha, for the commands that are shown; not finding it is no problem.
async fn admin_release(cluster: &Cluster, options: &UpgradeOptions) -> Option<String> {
    let namespace = options.admin_namespace.as_ref()?;
    for name in releases::names(cluster, namespace).await.ok()? {
        let release = releases::current(cluster, namespace, &name).await.ok()??;
        if route::served_by(&release, route::RELEASE_VALUE).as_deref() == Some(options.alpha.as_str()) {
            return Some(name);
        }
    }
    None
}

/// What the handover does in the cluster, as the API server's authorizer is asked about it.
async fn permissions(cluster: &Cluster, options: &UpgradeOptions, checks: &mut Checks) -> Result<(), Error> {
    const WANTED: [(&str, &str, &str); 17] = [
        ("get", "apps", "statefulsets"),
        ("patch", "apps", "statefulsets"),
        ("get", "", "pods"),
        ("list", "", "pods"),
        ("create", "", "pods/exec"),
        ("get", "", "pods/log"),
        ("get", "", "persistentvolumeclaims"),
        ("patch", "", "persistentvolumeclaims"),
        ("delete", "", "persistentvolumeclaims"),
        ("create", "batch", "jobs"),
        ("get", "batch", "jobs"),
        ("delete", "batch", "jobs"),
        ("get", "", "secrets"),
        ("list", "", "secrets"),
        ("create", "", "secrets"),
        ("patch", "", "secrets"),
        ("create", "coordination.k8s.io", "leases"),
    ];
    let namespace = Some(options.namespace.as_str());
    let wanted: Vec<Access> =
        WANTED.iter().map(|(verb, group, resource)| Access::new(verb, group, resource, namespace)).collect();
    for access in cluster.denied(&wanted).await? {
        checks.problem(
            format!("no permission to {access}"),
            "ask the administrator of the cluster for a role that allows it",
        );
    }
    Ok(())
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
    if layout.replicas < 2 {
        checks.problem(
            format!(
                "statefulset/{statefulset} has {} replica: {} would be left without any",
                layout.replicas, options.alpha
            ),
            "raise it to 2 (database.postgres.slave.replicas in the embedded chart) and wait until both stream",
        );
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
    only_synchronous(&master_server, layout, live.as_ref(), checks).await?;
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

/// A replica that alpha's commits wait for can't be taken away when no other takes its place.
async fn only_synchronous(
    master: &Server,
    layout: &Layout,
    pod: Option<&Json>,
    checks: &mut Checks,
) -> Result<(), Error> {
    let standbys = master.standbys().await?;
    let address = pod.and_then(|p| p.pointer("/status/podIP")?.as_str()).unwrap_or("-");
    let is_ours = |s: &&crate::database::Standby| s.name == layout.replica.pod || s.address == address;
    let waits_for_us = standbys.iter().filter(is_ours).any(|s| s.sync == "sync");
    let others = standbys
        .iter()
        .filter(|s| !is_ours(s))
        .any(|s| s.state == "streaming" && matches!(s.sync.as_str(), "sync" | "potential" | "quorum"));
    if waits_for_us && !others {
        checks.problem(
            format!(
                "pod/{} is the only synchronous standby: every commit on {} would hang once it is gone",
                layout.replica.pod, layout.master.pod
            ),
            "let synchronous_standby_names name another standby first",
        );
    }
    Ok(())
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
    layout.volume.volume = text("/spec/volumeName");
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

/// Who scales the StatefulSet by itself would bring the pod back.
async fn autoscaler(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &Layout,
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 1;
    let Ok(scalers) = cluster.list("autoscaling/v2", "HorizontalPodAutoscaler", Some(&options.namespace), None).await
    else {
        // Not served, or not allowed to be seen.
        return Ok(());
    };
    for scaler in scalers {
        let target = scaler.pointer("/spec/scaleTargetRef");
        let is_ours =
            target.is_some_and(|t| t["kind"] == "StatefulSet" && t["name"] == layout.replica.statefulset.as_str());
        if is_ours {
            let name = scaler.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default();
            checks.problem(
                format!(
                    "horizontalpodautoscaler/{name} scales statefulset/{}: it would bring the replica back",
                    layout.replica.statefulset
                ),
                "remove it for the time of the handover",
            );
        }
    }
    Ok(())
}

/// Beta's values: alpha's own, the user's, and those of the handover.
fn future_values(options: &UpgradeOptions, alpha: &Json, layout: &Layout) -> Json {
    let mut values = if options.reset_values || !alpha.is_object() { json!({}) } else { alpha.clone() };
    merge(&mut values, &options.values);
    set_path(&mut values, &options.claim_value, json!(layout.volume.claim));
    if let Some(secret) = layout.secret.as_ref().filter(|_| !options.credentials_value.is_empty()) {
        set_path(&mut values, &options.credentials_value, json!(secret));
    }
    values
}

/// Whether beta, as rendered, would run on the volume, with the right PostgreSQL, and on no stale claims.
async fn beta_fits(
    cluster: &Cluster,
    options: &UpgradeOptions,
    layout: &Layout,
    planned: &releases::Planned,
    checks: &mut Checks,
) -> Result<(), Error> {
    checks.count += 3;
    let claim = layout.volume.claim.as_str();
    let mounting = planned.objects.iter().find(|object| {
        let volumes = object
            .pointer("/spec/template/spec/volumes")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        volumes.iter().any(|v| v.pointer("/persistentVolumeClaim/claimName").and_then(Json::as_str) == Some(claim))
    });
    let Some(mounting) = mounting else {
        checks.problem(
            format!(
                "no object of the chart {} mounts persistentvolumeclaim/{claim}: the chart does not heed the value {}",
                planned.title, options.claim_value
            ),
            "name the value by which the chart takes an existing claim: --claim-value PATH",
        );
        return Ok(());
    };
    let spec = mounting.pointer("/spec/template/spec").unwrap_or(&Json::Null);
    let container = layout::postgres_container(spec, None)
        .or_else(|| layout::postgres_container(spec, Some(&layout.replica.container)));
    let image = container.and_then(|c| c.get("image")?.as_str()).unwrap_or_default();
    match major_of(image) {
        Some(major) if major != layout.master.identity.major => checks.problem(
            format!("{} runs PostgreSQL {}, but the chart of {} has {image}: another major version can't start on the volume", options.alpha, layout.master.identity.version, options.beta),
            format!("set its image to a {}: a major version is changed by pg_upgrade or a dump", layout.master.identity.major),
        ),
        Some(_) => {}
        None => checks.warnings.push(format!("the tag of {image} does not tell its major version; alpha runs {}", layout.master.identity.version)),
    }
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

/// The major version that an image's tag begins with.
fn major_of(image: &str) -> Option<u32> {
    let without_digest = image.split('@').next()?;
    let (_, tag) = without_digest.rsplit('/').next()?.split_once(':')?;
    let digits: String = tag.trim_start_matches("pg").chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn plan(
    options: &UpgradeOptions,
    alpha: &crate::release::Release,
    layout: &Layout,
    future: &journal::Future,
    lag: Lsn,
) -> Vec<(String, String)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_the_tag() {
        for (image, major) in [
            ("postgres:16", Some(16)),
            ("docker.io/library/postgres:11.22-alpine", Some(11)),
            ("registry:5000/postgres:16.4@sha256:00", Some(16)),
            ("timescale/timescaledb:pg15", Some(15)),
            ("registry:5000/postgres", None),
            ("postgres:latest", None),
            ("", None),
        ] {
            assert_eq!(major_of(image), major, "{image}");
        }
    }
}
