//! Runs that are killed when a certain write is done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::sync::Notify;
use vulas_native::{
    cluster::{Cluster, Error, Silent, Write, WriteHook},
    handover,
};

use super::{Sandbox, Stage};

/// The process dies when what fits was written for the n-th time: nothing that it would do then reaches the server,
/// however fast it is.
struct Killed<F> {
    fits: F,
    wanted: usize,
    seen: AtomicUsize,
    dead: AtomicBool,
    reached: Notify,
}

impl<F> Killed<F> {
    fn check(&self) -> Result<(), Error> {
        if self.dead.load(Ordering::SeqCst) { Err(Error::Other("the process is dead".into())) } else { Ok(()) }
    }
}

impl<F: Fn(&Write) -> bool + Send + Sync> WriteHook for Killed<F> {
    fn before(&self, _: &Write) -> Result<(), Error> {
        self.check()
    }

    fn after(&self, write: &Write) -> Result<(), Error> {
        self.check()?;
        if (self.fits)(write) && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.wanted {
            self.dead.store(true, Ordering::SeqCst);
            self.reached.notify_one();
        }
        self.check()
    }
}

/// Does `run`, which is killed when it has written what fits `wanted` times; what it gave if it ended before.
pub fn killed_at<T>(
    stage: &Stage,
    wanted: usize,
    fits: impl Fn(&Write) -> bool + Send + Sync + 'static,
    run: impl AsyncFnOnce(&Cluster) -> T,
) -> Option<T> {
    let hook = Arc::new(Killed {
        fits,
        wanted,
        seen: AtomicUsize::new(0),
        dead: AtomicBool::new(false),
        reached: Notify::new(),
    });
    let cluster = stage.cluster.with_hook(hook.clone());
    stage.runtime.block_on(async {
        tokio::select! {
            biased;
            () = hook.reached.notified() => None,
            // A dead process gives nothing, also when it was about to give it.
            ended = run(&cluster) => hook.check().ok().map(|()| ended),
        }
    })
}

impl Sandbox {
    /// An upgrade that is killed when it has written what fits `wanted` times. `false`: it ended well before.
    pub fn killed_at(&self, wanted: usize, fits: fn(&Write) -> bool) -> bool {
        let options = self.options();
        let ended =
            killed_at(&self.stage, wanted, fits, async |cluster| handover::upgrade(cluster, &Silent, &options).await);
        ended.map(Result::unwrap).is_none()
    }
}
