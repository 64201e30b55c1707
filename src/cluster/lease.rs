//! Leases: keep two operators apart, and tell a dead one from a slow one.
//!
//! All times in a Lease are by the server's clock ([`Cluster::now`]), so that two machines need not agree on the time.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Cluster, Error, Json, ObjectRef};

const MANAGER: &str = "vulas-native";

/// What a Lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseState {
    /// Who holds it; empty after an orderly release.
    pub holder: String,
    /// Time since the last renewal.
    pub heard: Duration,
    /// Longer ago than the Lease's duration: the holder is dead.
    pub expired: bool,
}

impl LeaseState {
    fn read(lease: &Json, now: Timestamp) -> Self {
        let spec = &lease["spec"];
        let renewed = spec["renewTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let heard = renewed.map_or(Duration::MAX, |time| {
            Duration::from_millis(u64::try_from(now.as_millisecond() - time.as_millisecond()).unwrap_or(0))
        });
        let lasts = Duration::from_secs(spec["leaseDurationSeconds"].as_u64().unwrap_or(0));
        Self { holder: spec["holderIdentity"].as_str().unwrap_or_default().to_owned(), heard, expired: heard > lasts }
    }
}

/// A Lease that is ours and renewed in the background until it is released or dropped. A holder that dies stops renewing,
/// and the Lease expires.
pub struct LeaseGuard {
    cluster: Cluster,
    lease: ObjectRef,
    holder: String,
    held: Held,
    /// The Lease as we wrote it last.
    written: Arc<Mutex<Json>>,
    renewal: JoinHandle<()>,
}

/// Whether a Lease is still ours. Clones share it.
#[derive(Clone)]
pub(super) struct Held {
    cluster: Cluster,
    lost: Arc<AtomicBool>,
    /// When the last renewal that came through was sent, by both clocks.
    renewed: Arc<Mutex<Moment>>,
    duration: Duration,
}

/// A moment by the server's clock, which goes on while a machine sleeps, and by ours, which nobody sets.
#[derive(Clone, Copy)]
struct Moment {
    server: Timestamp,
    own: std::time::Instant,
}

impl Moment {
    fn now(cluster: &Cluster) -> Self {
        Self { server: cluster.now(), own: std::time::Instant::now() }
    }
}

impl Held {
    fn since(cluster: &Cluster, moment: Moment, duration: Duration) -> Self {
        let renewed = Arc::new(Mutex::new(moment));
        Self { cluster: cluster.clone(), lost: Arc::default(), renewed, duration }
    }

    /// Somebody else has it, or may have: it was not renewed for its duration, whatever kept us from it.
    pub(super) fn is_lost(&self) -> bool {
        if self.lost.load(Ordering::Relaxed) {
            return true;
        }
        let renewed = *lock(&self.renewed);
        let by_server = self.cluster.now().duration_since(renewed.server);
        let by_server = if by_server.is_positive() { by_server.unsigned_abs() } else { Duration::ZERO };
        renewed.own.elapsed() >= self.duration || by_server >= self.duration
    }

    fn renewed(&self, moment: Moment) {
        *lock(&self.renewed) = moment;
    }
}

impl LeaseGuard {
    /// Somebody else took the Lease, or it could not be renewed in time: stop writing.
    pub fn is_lost(&self) -> bool {
        self.held.is_lost()
    }

    /// The same connection, which writes only while the Lease is ours.
    #[must_use]
    pub fn fence(&self, cluster: &Cluster) -> Cluster {
        super::fence::fence(cluster, &self.lease, self.held.clone())
    }

    /// Gives the Lease back.
    ///
    /// # Errors
    /// When the server does not answer; the Lease then expires by itself.
    pub async fn release(self) -> Result<(), Error> {
        self.renewal.abort();
        let mut lease = lock(&self.written).clone();
        // What we wrote last is what is there, unless a last renewal of our own was under way.
        for _ in 0..3 {
            if lease["spec"]["holderIdentity"] != self.holder.as_str() {
                return Ok(());
            }
            lease["spec"]["holderIdentity"] = "".into();
            lease["spec"]["leaseDurationSeconds"] = 1.into();
            match self.cluster.replace(&lease, MANAGER).await {
                Err(error) if error.is_conflict() => {}
                Err(error) if error.is_not_found() => return Ok(()),
                answer => return answer.map(|_| ()),
            }
            let Some(live) = self.cluster.get(&self.lease).await? else { return Ok(()) };
            lease = live;
        }
        Ok(())
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Cluster {
    /// Takes the Lease `name`, creating it when there is none, for `duration` at a time.
    ///
    /// # Errors
    /// [`Error::Held`] when somebody else holds it and is alive.
    pub async fn acquire_lease(
        &self,
        namespace: &str,
        name: &str,
        holder: &str,
        duration: Duration,
    ) -> Result<LeaseGuard, Error> {
        let reference = ObjectRef::new("coordination.k8s.io/v1", "Lease", namespace, name);
        let found = self.get(&reference).await?;
        let moment = Moment::now(self);
        let lease = match found {
            None => {
                let lease = json!({
                    "apiVersion": reference.api_version, "kind": reference.kind,
                    "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": MANAGER}},
                    "spec": spec(holder, duration, self.now(), 0),
                });
                self.create(&lease, MANAGER, false).await
            }
            Some(mut lease) => {
                let state = LeaseState::read(&lease, self.now());
                let held_by_other = !state.holder.is_empty() && state.holder != holder;
                if held_by_other && !state.expired {
                    return Err(Error::Held {
                        name: format!("lease/{name}"),
                        holder: state.holder,
                        heard: state.heard,
                    });
                }
                let mut transitions = lease["spec"]["leaseTransitions"].as_u64().unwrap_or(0);
                if held_by_other {
                    transitions += 1;
                }
                lease["spec"] = spec(holder, duration, self.now(), transitions);
                self.replace(&lease, MANAGER).await
            }
        };
        let written = match lease {
            Ok(written) => Arc::new(Mutex::new(written)),
            // Somebody was faster by a moment.
            Err(error) if error.is_conflict() || error.is_already_exists() => {
                let state = self.lease(namespace, name).await?;
                let (holder, heard) =
                    state.map_or_else(|| ("somebody".into(), Duration::ZERO), |state| (state.holder, state.heard));
                return Err(Error::Held { name: format!("lease/{name}"), holder, heard });
            }
            Err(error) => return Err(error),
        };
        let held = Held::since(self, moment, duration);
        let renewal = Renewal {
            cluster: self.clone(),
            lease: reference.clone(),
            holder: holder.to_owned(),
            held: held.clone(),
            written: written.clone(),
        };
        let renewal = tokio::spawn(renewal.run());
        let (cluster, holder) = (self.clone(), holder.to_owned());
        Ok(LeaseGuard { cluster, lease: reference, holder, held, written, renewal })
    }

    /// Looks at a Lease; `None` when there is none.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn lease(&self, namespace: &str, name: &str) -> Result<Option<LeaseState>, Error> {
        let reference = ObjectRef::new("coordination.k8s.io/v1", "Lease", namespace, name);
        Ok(self.get(&reference).await?.map(|lease| LeaseState::read(&lease, self.now())))
    }
}

fn spec(holder: &str, duration: Duration, now: Timestamp, transitions: u64) -> Json {
    let now = micro_time(now);
    json!({
        "holderIdentity": holder, "leaseDurationSeconds": duration.as_secs().max(1), "acquireTime": now, "renewTime": now,
        "leaseTransitions": transitions,
    })
}

/// Kubernetes' `MicroTime` has exactly six digits of a second.
fn micro_time(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What keeps a Lease ours.
struct Renewal {
    cluster: Cluster,
    lease: ObjectRef,
    holder: String,
    held: Held,
    written: Arc<Mutex<Json>>,
}

impl Renewal {
    /// Renews three times per duration; gives up when the Lease is not ours any more, or was not renewed for its duration.
    async fn run(self) {
        let pause = self.held.duration / 3;
        while !self.held.is_lost() {
            tokio::time::sleep(pause).await;
            // A request that hangs must not keep the next one from being in time.
            if let Ok(false) = tokio::time::timeout(pause, self.renew()).await {
                break;
            }
        }
        self.held.lost.store(true, Ordering::Relaxed);
    }

    /// `false`: somebody else has it.
    async fn renew(&self) -> bool {
        let Ok(Some(mut live)) = self.cluster.get(&self.lease).await else { return true };
        if live["spec"]["holderIdentity"] != self.holder.as_str() {
            return false;
        }
        let moment = Moment::now(&self.cluster);
        live["spec"]["renewTime"] = micro_time(moment.server).into();
        if let Ok(written) = self.cluster.replace(&live, MANAGER).await {
            *lock(&self.written) = written;
            self.held.renewed(moment);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_expires_by_its_own_duration() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let lease = |renewed: &str, seconds: u64| {
            LeaseState::read(
                &json!({"spec": {"holderIdentity": "a", "renewTime": renewed, "leaseDurationSeconds": seconds}}),
                now,
            )
        };
        let alive = lease("2026-01-01T00:00:50.000000Z", 15);
        assert_eq!((alive.holder.as_str(), alive.heard, alive.expired), ("a", Duration::from_secs(10), false));
        assert!(lease("2026-01-01T00:00:40.000000Z", 15).expired);
        // A clock that is ahead of ours does not make a Lease old.
        assert!(!lease("2026-01-01T00:02:00.000000Z", 15).expired);
        assert!(LeaseState::read(&json!({"spec": {}}), now).expired);
    }

    #[test]
    fn times_have_six_digits() {
        let time: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        assert_eq!(micro_time(time), "2026-01-01T00:01:00.000000Z");
    }
}
