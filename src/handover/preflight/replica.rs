//! Whether the replica can be taken.

use std::time::Duration;

use serde_json::Value as Json;

use super::Checks;
use crate::cluster::{Cluster, ObjectRef, Step, wait_until};
use crate::database::{Lsn, Server, human_bytes};
use crate::handover::{Error, Layout, Show, UpgradeOptions, hazards, layout};

/// How long a replica that lags may take to catch up before it is called lagging.
const CATCH_UP: Duration = Duration::from_secs(15);

/// The replica must be ready, stream from this master, and be caught up. How far behind it was at first look.
pub(super) async fn look(
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
