//! Step 3: alpha's position is recorded, the replica has replayed it, its sessions are ended.
//!
//! Replication is asynchronous: without the wait, rows that alpha has committed would not be on the volume.

use super::{Error, Fence, Fork, Moment, Scaled, fence, hold::hold, layout, run::Run, writers};
use crate::{
    cluster::{Step, wait_until},
    database::{Lsn, Server},
};

/// Bytes of the output of the user's check.
const MOST_OUTPUT: usize = 64 * 1024;

fn master(run: &Run<'_>) -> Server {
    run.journal.layout.master.server(&run.cluster, &run.journal.namespace)
}

fn replica(run: &Run<'_>) -> Server {
    run.journal.layout.replica.server(&run.cluster, &run.journal.namespace)
}

/// Records the fork. Done again after an interruption, it takes a new position.
pub async fn apply(run: &mut Run<'_>) -> Result<String, Error> {
    let fenced = keep_from_writing(run).await?;
    let (master, replica) = (master(run), replica(run));
    // This first: what is written in between is then counted as written after the fork, never the reverse.
    let Moment { changes, transactions, .. } = Moment::of(&master).await?;
    let position = master.position().await?;
    if position.in_recovery {
        return Err(Error::unfit(
            format!("{} is not a master any more", master.target()),
            "alpha has failed over since preflight: wait until it is healthy, then begin again",
        ));
    }
    wait_replayed(run, &replica, position.lsn).await?;
    let counts = replica.counts().await?;
    let schema = replica.schema_version().await?;
    let check = match &run.journal.check_sql {
        Some(sql) => Some(short(replica.check(sql).await?)?),
        None => None,
    };
    let settings = replica.settings().await?;
    let ended = replica.end_sessions().await?;
    let pod = run.journal.layout.replica.pod.clone();
    let mut detail = format!("{} at {}, replayed by {pod}", run.journal.alpha, position.lsn);
    if ended > 0 {
        detail.push_str(&format!(", {ended} session{} ended", if ended == 1 { "" } else { "s" }));
    }
    if let Some(fenced) = fenced {
        detail.push_str(&format!(", {fenced}"));
    }
    let (lsn, time) = (position.lsn, position.time);
    run.journal.fork = Some(Fork { lsn, time, changes, transactions, counts, schema, settings, check });
    Ok(detail)
}

/// The output of the user's check, which the journal has to hold.
fn short(output: String) -> Result<String, Error> {
    if output.len() <= MOST_OUTPUT {
        return Ok(output);
    }
    Err(Error::unfit(
        format!("your check printed {} bytes, and at most {MOST_OUTPUT} can be kept", output.len()),
        "let it print sums rather than rows: SELECT count(*), sum(hashtext(t::text)) FROM t",
    ))
}

/// Waits until a standby has replayed `position`.
pub async fn wait_replayed(run: &Run<'_>, replica: &Server, position: Lsn) -> Result<(), Error> {
    let what = format!("{} to replay {position}", replica.target());
    let look = || {
        let replica = replica.clone();
        async move {
            // A standby that is starting can't be asked yet; that is no reason to give up.
            match replica.has_replayed(position).await {
                Ok((true, _)) => Ok(Step::Done(())),
                Ok((false, at)) => Ok(Step::Pending(format!(
                    "at {at}, {} behind",
                    crate::database::human_bytes(position.bytes_since(at))
                ))),
                Err(error) => Ok(Step::Pending(error.to_string())),
            }
        }
    };
    wait_until(&what, run.timeout, run.show, look).await?;
    Ok(())
}

async fn keep_from_writing(run: &mut Run<'_>) -> Result<Option<String>, Error> {
    match run.journal.fence.as_str() {
        fence if fence == Fence::ReadOnly.as_str() => fence::raise(run).await.map(Some),
        fence if fence == Fence::Scale.as_str() => scale_writers(run).await,
        _ => Ok(None),
    }
}

/// Scales the Deployments that write to zero and waits until their pods are gone.
async fn scale_writers(run: &mut Run<'_>) -> Result<Option<String>, Error> {
    let namespace = run.journal.namespace.clone();
    let writers = writers::find(&run.cluster, &namespace, &run.journal.alpha).await?;
    if writers.is_empty() {
        let none = writers::none(&run.journal.alpha);
        return Err(Error::unfit(none.what, none.advice));
    }
    for (object, live) in &writers {
        if !run.journal.scaled.iter().any(|s| s.name == object.name) {
            let replicas = layout::replicas(live);
            run.journal.scaled.push(Scaled {
                api_version: object.api_version.clone(),
                kind: object.kind.clone(),
                name: object.name.clone(),
                replicas,
            });
        }
    }
    run.save().await?;
    for (object, _) in &writers {
        hold(run, object, Some(0)).await?;
    }
    for (object, _) in &writers {
        let cluster = run.cluster.clone();
        let look = || {
            let (cluster, object) = (cluster.clone(), object.clone());
            async move {
                let left = writers::pods(&cluster, &object).await?;
                Ok(if left.is_empty() { Step::Done(()) } else { Step::Pending(format!("{} left", left.join(", "))) })
            }
        };
        wait_until(&format!("{object} to end"), run.timeout, run.show, look).await?;
    }
    let names: Vec<String> = writers.iter().map(|(object, _)| object.to_string()).collect();
    Ok(Some(format!("scaled to zero: {}", names.join(", "))))
}
