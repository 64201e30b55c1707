//! Processes that die when a certain write is done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use vulas_native::{
    cluster::{Error as ClusterError, Silent, Write, WriteHook},
    handover,
};

use super::Sandbox;

/// The process dies when a certain write is done: its answer and all later ones fail.
struct Dies {
    at: fn(&Write) -> bool,
    dead: AtomicBool,
}

impl Dies {
    fn at(at: fn(&Write) -> bool) -> Arc<Self> {
        Arc::new(Self { at, dead: AtomicBool::new(false) })
    }

    fn check(&self) -> Result<(), ClusterError> {
        if self.dead.load(Ordering::SeqCst) { Err(ClusterError::Other("the process is dead".into())) } else { Ok(()) }
    }
}

impl WriteHook for Dies {
    fn before(&self, _: &Write) -> Result<(), ClusterError> {
        self.check()
    }

    fn after(&self, write: &Write) -> Result<(), ClusterError> {
        if !write.dry_run && (self.at)(write) {
            self.dead.store(true, Ordering::SeqCst);
        }
        self.check()
    }
}

impl Sandbox {
    /// An upgrade whose process dies when a certain write is done.
    pub fn dies_at(&self, at: fn(&Write) -> bool) {
        let hook = Dies::at(at);
        let cluster = self.stage.cluster.with_hook(hook.clone());
        let options = self.options();
        self.stage.runtime.block_on(handover::upgrade(&cluster, &Silent, &options)).unwrap_err();
        assert!(hook.dead.load(Ordering::SeqCst), "the write was never done");
    }
}
