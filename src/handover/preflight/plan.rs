//! What will be done, as it is shown before it is done.

use crate::database::{Lsn, human_bytes};
use crate::handover::{Fence, Journal, UpgradeOptions};
use crate::release::Release;

/// Lines of a name and what is to be said of it.
pub(super) fn lines(options: &UpgradeOptions, alpha: &Release, journal: &Journal, lag: Lsn) -> Vec<(String, String)> {
    let (layout, future) = (&journal.layout, &journal.future);
    let behind =
        if lag.0 == 0 { "caught up".to_owned() } else { format!("{} behind at first look", human_bytes(lag.0)) };
    let mut lines = vec![
        (
            options.alpha.clone(),
            format!(
                "{} revision {}; PostgreSQL {}, master {}, {} replicas of statefulset/{} ({} {behind})",
                alpha.chart_label(),
                alpha.version,
                layout.master.identity.version,
                layout.master.pod,
                layout.replicas,
                layout.replica.statefulset,
                layout.replica.pod
            ),
        ),
        (options.beta.clone(), format!("{}, {} objects", future.title, future.objects)),
        (
            "volume".to_owned(),
            format!(
                "pvc/{} ({}{})",
                layout.volume.claim,
                layout.volume.capacity,
                layout.volume.class.as_ref().map(|class| format!(", {class}")).unwrap_or_default()
            ),
        ),
    ];
    let fence = match options.fence {
        Fence::None => format!(
            "none: what {} writes from now on will not be in {}; --fence=read-only prevents it",
            options.alpha, options.beta
        ),
        Fence::ReadOnly => format!("read-only: clients of {} can't write from the fork on", options.alpha),
        Fence::Scale => format!("scale: the writers of {} are scaled to zero at the fork", options.alpha),
    };
    lines.push(("fence".to_owned(), fence));
    lines
}
