//! Waits that say what they wait for, its state, and since when.

use std::{future::Future, time::Duration};

use super::{Cluster, Error, ObjectRef};

/// One thing that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// `statefulset/beta-database-master`
    pub what: String,
    /// `0 of 1 pods ready`
    pub state: String,
    /// How long it has been in this state.
    pub since: Duration,
}

/// Is told what goes on. The report room shows it; tests collect it.
pub trait Observer: Send + Sync {
    /// What is still waited for, whenever that changes and every few seconds; never within the first 2 s of a wait.
    /// `done` of `total` objects are ready.
    fn waiting(&self, done: usize, total: usize, waiting: &[Waiting]) {
        let _ = (done, total, waiting);
    }
    /// Something was done or seen that the user may want to know.
    fn info(&self, message: &str) {
        let _ = message;
    }
    /// Something is odd, but not an error.
    fn warning(&self, message: &str) {
        let _ = message;
    }
    /// A line of a container's log, as it is written.
    fn log_line(&self, source: &str, line: &str) {
        let _ = (source, line);
    }
}

/// An observer that keeps everything to itself.
pub struct Silent;

impl Observer for Silent {}

/// What a look at the thing waited for found.
#[derive(Clone, Debug)]
pub enum Step<T> {
    /// There.
    Done(T),
    /// Not yet; the words say in which state it is.
    Pending(String),
}

/// Options of [`Cluster::wait_ready`].
#[derive(Clone, Debug)]
pub struct WaitOptions {
    /// How long at most.
    pub timeout: Duration,
    /// Jobs must complete; otherwise being there is enough.
    pub jobs: bool,
}

impl Cluster {
    /// Waits until all objects are ready. The first object that fails for good ends the wait.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Timeout`], both with events and log excerpts of the pods in trouble.
    pub async fn wait_ready(
        &self,
        objects: &[ObjectRef],
        options: &WaitOptions,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let _ = (objects, options, observer);
        Err(Error::Other("not built yet".into()))
    }

    /// Waits until none of the objects exists.
    ///
    /// # Errors
    /// [`Error::Timeout`] names what is still there and its finalizers.
    pub async fn wait_deleted(
        &self,
        objects: &[ObjectRef],
        timeout: Duration,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let _ = (objects, timeout, observer);
        Err(Error::Other("not built yet".into()))
    }

    /// Follows a Job to its end, passing its pods' log lines to [`Observer::log_line`], and returns the log of the pod
    /// that ended last.
    ///
    /// # Errors
    /// [`Error::Failed`] with the end of the log, or [`Error::Timeout`].
    pub async fn wait_job(&self, job: &ObjectRef, timeout: Duration, observer: &dyn Observer) -> Result<String, Error> {
        let _ = (job, timeout, observer);
        Err(Error::Other("not built yet".into()))
    }
}

/// Looks again and again (every 100 ms at first, later every second) until `look` finds what is waited for.
///
/// # Errors
/// [`Error::Timeout`] with the last state, or `look`'s own error.
pub async fn wait_until<T, F>(
    what: &str,
    timeout: Duration,
    observer: &dyn Observer,
    look: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<Step<T>, Error>>,
{
    let _ = (what, timeout, observer, look);
    Err(Error::Other("not built yet".into()))
}
