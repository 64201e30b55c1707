//! Where a handover stands, and what can be done next.

use std::time::Duration;

use super::{
    Commands, Divergence, Error, Glance, Journal, LEASE, Next, Progress, Stage, State, claims, divergence, layout,
    written,
};
use crate::cluster::{Cluster, ObjectRef};

/// Where a handover stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// What has been done.
    pub journal: Journal,
    /// Somebody is at work on it now.
    pub holder: Option<String>,
    /// How long ago its holder was heard of.
    pub heard: Option<Duration>,
    /// What Kubernetes says now, in sentences.
    pub now: Vec<String>,
    /// What alpha's database says now.
    pub alpha: String,
    /// What alpha has written since the fork, when it can be asked.
    pub divergence: Option<Divergence>,
    /// What beta has written since it came up, while that has to be known to decide between going on and going back.
    pub written: Option<Glance>,
    /// The step that was interrupted.
    pub interrupted: Option<Stage>,
}

/// Looks at the handover of a namespace; `None` when there is none.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn status(cluster: &Cluster, namespace: &str) -> Result<Option<Status>, Error> {
    let Some(journal) = Journal::load(cluster, namespace).await? else { return Ok(None) };
    let lease = cluster.lease(namespace, LEASE).await?;
    let at_work = lease.as_ref().filter(|l| !l.expired && !l.holder.is_empty());
    let under_way = matches!(journal.state, State::Upgrading | State::Retreating | State::Finishing);
    let interrupted = (under_way && at_work.is_none()).then(|| journal.next()).flatten();
    let holder = at_work.map(|l| l.holder.clone());
    let heard = lease.as_ref().filter(|l| !l.holder.is_empty()).map(|l| l.heard);
    let mut now = Vec::new();
    if !journal.state.is_closed() {
        now = look(cluster, &journal).await?;
    }
    let master = journal.layout.master.server(cluster, namespace);
    let alpha = match master.standbys().await {
        Ok(standbys) => {
            let streaming = standbys.iter().filter(|s| s.state == "streaming").count();
            format!(
                "master {} healthy, {streaming} replica{} streaming",
                journal.layout.master.pod,
                if streaming == 1 { "" } else { "s" }
            )
        }
        Err(error) => format!("its master can't be asked: {error}"),
    };
    let open = !journal.state.is_closed();
    let divergence = if open { divergence::ask(cluster, &journal).await.unwrap_or_default() } else { None };
    let written = match journal.state {
        State::Up | State::Routed => Some(written::glance(cluster, &journal).await),
        _ => None,
    };
    Ok(Some(Status { journal, holder, heard, now, alpha, divergence, written, interrupted }))
}

/// What is there now: replicas, pod, claim.
async fn look(cluster: &Cluster, journal: &Journal) -> Result<Vec<String>, Error> {
    let layout = &journal.layout;
    let mut lines = Vec::new();
    let statefulset = ObjectRef::new("apps/v1", "StatefulSet", &journal.namespace, &layout.replica.statefulset);
    match cluster.get(&statefulset).await? {
        Some(live) => {
            let replicas = layout::replicas(&live);
            let was = if replicas == layout.replicas { String::new() } else { format!(" (was {})", layout.replicas) };
            lines.push(format!("{statefulset} is scaled to {replicas}{was}"));
        }
        None => lines.push(format!("{statefulset} is gone")),
    }
    let pod = ObjectRef::new("v1", "Pod", &journal.namespace, &layout.replica.pod);
    let there = cluster.get(&pod).await?.is_some();
    lines.push(format!("{pod} is {}", if there { "there" } else { "gone" }));
    let handed_over = journal.progress(Stage::Promote) == Progress::Done;
    if there && handed_over {
        lines.push(format!(
            "somebody brought it back, onto a volume that belongs to {} now; end it: kubectl -n {} scale {statefulset} --replicas={}",
            journal.beta,
            journal.namespace,
            layout.replicas.saturating_sub(1)
        ));
    }
    let claim = claims::claim(&journal.namespace, &layout.volume.claim);
    match cluster.get(&claim).await? {
        Some(live) => {
            let phase = live.pointer("/status/phase").and_then(|p| p.as_str()).unwrap_or("Unknown").to_owned();
            let users = claims::users(cluster, &journal.namespace, &layout.volume.claim).await?;
            let used = if users.is_empty() { "unused".to_owned() } else { format!("used by {}", users.join(", ")) };
            lines.push(format!("its claim {} is {phase} and {used}", layout.volume.claim));
        }
        None => lines.push(format!("{claim} is gone")),
    }
    Ok(lines)
}

impl Status {
    /// The first line: where it stands.
    pub fn headline(&self) -> String {
        let journal = &self.journal;
        let arrow = format!("{} → {}", journal.alpha, journal.beta);
        let heard =
            self.heard.map(|h| format!(", which has not been heard of for {} s", h.as_secs())).unwrap_or_default();
        match (journal.state, self.interrupted, &self.holder) {
            (State::Upgrading, Some(stage), _) => format!(
                "{arrow}: interrupted in step {} of 8 ({stage}) at {} by {}{heard}",
                stage.number(),
                journal.written,
                journal.holder
            ),
            (State::Upgrading, None, Some(holder)) => {
                let stage = journal.next().unwrap_or(Stage::Record);
                format!("{arrow}: in step {} of 8 ({stage}), {holder} is at work", stage.number())
            }
            (State::Upgrading, None, None) => {
                format!("{arrow}: interrupted at {} by {}{heard}", journal.written, journal.holder)
            }
            (State::Retreating, _, Some(holder)) => format!("{arrow}: is being taken back, {holder} is at work"),
            (State::Retreating, _, None) => format!(
                "{arrow}: was being taken back, interrupted at {} by {}{heard}",
                journal.written, journal.holder
            ),
            (State::Finishing, _, _) => {
                format!("{arrow}: {} was being retired, interrupted at {}", journal.alpha, journal.written)
            }
            (State::Up, _, _) => {
                format!("{arrow}: {} is up beside {}, which serves the traffic", journal.beta, journal.alpha)
            }
            (State::Routed, _, _) => {
                let since = journal.route.as_ref().map(|r| format!(" since {}", r.time)).unwrap_or_default();
                format!("{arrow}: the traffic goes to {}{since}; {} stands by", journal.beta, journal.alpha)
            }
            (State::Retreated, _, _) => {
                format!("{arrow}: taken back at {}; {} is as it was", journal.written, journal.alpha)
            }
            (State::Finished, _, _) => {
                format!("{arrow}: finished at {}; {} is retired", journal.written, journal.alpha)
            }
        }
    }

    /// What was done, in one line.
    pub fn done(&self) -> String {
        let done = Stage::ALL.into_iter().filter(|stage| self.journal.progress(*stage) == Progress::Done);
        let named = done.map(|stage| match (stage, &self.journal.fork, &self.journal.promotion) {
            (Stage::Fork, Some(fork), _) => format!("fork at {}", fork.lsn),
            (Stage::Promote, _, Some(promotion)) => format!("promote to timeline {}", promotion.timeline),
            _ => stage.name().to_owned(),
        });
        let named: Vec<String> = named.collect();
        if named.is_empty() { "nothing".into() } else { named.join(", ") }
    }

    /// What can be done next, beside looking again.
    pub fn next(&self) -> Vec<Next> {
        let commands = Commands::of(&self.journal);
        if self.journal.state == State::Upgrading && self.holder.is_some() {
            return Vec::new();
        }
        commands.next().into_iter().filter(|next| next.command != commands.status()).collect()
    }
}
