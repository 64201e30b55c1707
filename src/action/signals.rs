//! SIGINT and SIGTERM.

use crate::cluster::Error;

/// Hears SIGINT and SIGTERM from its making on, none is lost between.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Error> {
        let refused = |error: std::io::Error| Error::Other(format!("cannot listen to signals: {error}"));
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt()).map_err(refused)?,
                terminate: signal(SignalKind::terminate()).map_err(refused)?,
            })
        }
        #[cfg(not(unix))]
        {
            let _ = refused;
            Ok(Self {})
        }
    }

    /// Ends when a signal comes.
    pub(super) async fn heard(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }

    /// Runs `work` until it ends or a signal comes.
    pub(super) async fn guard<T, E: From<Error>>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        tokio::select! {
            result = work => result,
            () = self.heard() => Err(Error::Interrupted.into()),
        }
    }
}
