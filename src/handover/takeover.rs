//! Whether alpha can take over again. It is asked before anything that beta has is taken away: from the promotion on,
//! beta's volume is a copy of the database of its own, and when alpha's master is gone it is the newest one there is.

use std::time::Duration;

use super::{Commands, Error, Journal, run::Run};
use crate::cluster::{Error as ClusterError, Step, wait_until};

/// How long a master that does not answer is asked again: a connection may break, a server may be starting.
const PATIENCE: Duration = Duration::from_secs(10);

/// Refuses unless alpha's master answers, is a master, is the database that beta was forked from, and holds the fork.
///
/// # Errors
/// [`Error::Decision`] with what stands in the way, and what can be done while beta's volume is the newest copy.
pub async fn must_be_possible(run: &Run<'_>) -> Result<(), Error> {
    match ask(run).await {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(refusal(&run.journal, &why)),
        Err(Error::Cluster(ClusterError::Timeout { state, .. })) => Err(refusal(&run.journal, &state)),
        Err(error) => Err(error),
    }
}

/// Why alpha's master can't take over; `None`: it can.
async fn ask(run: &Run<'_>) -> Result<Option<String>, Error> {
    let known = &run.journal.layout.master;
    let master = known.server(&run.cluster, &run.journal.namespace);
    let look = || {
        let master = master.clone();
        async move {
            let answer =
                async { Ok::<_, crate::database::Error>((master.identity().await?, master.position().await?)) };
            Ok(match answer.await {
                Ok(found) => Step::Done(found),
                Err(error) => Step::Pending(error.to_string()),
            })
        }
    };
    let what = format!("{} to answer", master.target());
    let (identity, position) = wait_until(&what, run.timeout.min(PATIENCE), run.show, look).await?;
    let target = master.target();
    if identity.system_identifier != known.identity.system_identifier {
        return Ok(Some(format!(
            "{target} is another database: its system identifier is {}, not {}",
            identity.system_identifier, known.identity.system_identifier
        )));
    }
    if position.in_recovery {
        return Ok(Some(format!("{target} is in recovery: a standby, not the master")));
    }
    match &run.journal.fork {
        Some(fork) if position.lsn < fork.lsn => Ok(Some(format!(
            "{target} is at {}, before the fork at {}: rows are missing there",
            position.lsn, fork.lsn
        ))),
        _ => Ok(None),
    }
}

fn refusal(journal: &Journal, why: &str) -> Error {
    let commands = Commands::of(journal);
    let mut choices = vec![format!("when {} is healthy again: {}", journal.layout.master.pod, commands.retreat())];
    choices.extend(match journal.state {
        super::State::Upgrading => Some(format!("or go on, so that {} comes up: {}", journal.beta, commands.resume())),
        super::State::Up => {
            Some(format!("or go over to {}, as it is: {} --accept-loss", journal.beta, commands.route()))
        }
        super::State::Routed => {
            Some(format!("or stay with {}, and retire {}: {}", journal.beta, journal.alpha, commands.finish()))
        }
        _ => None,
    });
    let claim = &journal.layout.volume.claim;
    Error::Decision {
        what: format!(
            "{} can't take over: {why}; persistentvolumeclaim/{claim} of {} may be the newest copy of the database, so it was not deleted",
            journal.alpha, journal.beta
        ),
        choices,
    }
}
