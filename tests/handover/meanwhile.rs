//! What happens in the middle of a run: something is done when a write passes the gate, and some writes are refused.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use vulas_native::cluster::{Error, Write, WriteHook};

/// Does something once, just before the first write that fits.
pub struct Meanwhile {
    fits: Box<dyn Fn(&Write) -> bool + Send + Sync>,
    act: Mutex<Box<dyn FnMut() + Send>>,
    pub done: AtomicBool,
}

impl Meanwhile {
    pub fn new(fits: impl Fn(&Write) -> bool + Send + Sync + 'static, act: impl FnMut() + Send + 'static) -> Self {
        Self { fits: Box::new(fits), act: Mutex::new(Box::new(act)), done: AtomicBool::new(false) }
    }
}

impl WriteHook for Meanwhile {
    fn before(&self, write: &Write) -> Result<(), Error> {
        if !write.dry_run && (self.fits)(write) && !self.done.swap(true, Ordering::SeqCst) {
            // A thread of its own: here a runtime is at work already, and another can't be entered.
            std::thread::scope(|scope| scope.spawn(|| (self.act.lock().unwrap())()).join().unwrap());
        }
        Ok(())
    }
}

/// Refuses writes that fit, after the first `passes` of them, so many times.
pub struct Refusing {
    fits: Box<dyn Fn(&Write) -> bool + Send + Sync>,
    passes: usize,
    times: usize,
    seen: AtomicUsize,
}

impl Refusing {
    pub fn new(passes: usize, times: usize, fits: impl Fn(&Write) -> bool + Send + Sync + 'static) -> Self {
        Self { fits: Box::new(fits), passes, times, seen: AtomicUsize::new(0) }
    }
}

impl WriteHook for Refusing {
    fn before(&self, write: &Write) -> Result<(), Error> {
        if write.dry_run || !(self.fits)(write) {
            return Ok(());
        }
        let seen = self.seen.fetch_add(1, Ordering::SeqCst);
        if seen >= self.passes && seen - self.passes < self.times {
            return Err(Error::Other("the disk is full".into()));
        }
        Ok(())
    }
}
