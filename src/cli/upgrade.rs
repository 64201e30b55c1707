//! `upgrade`: in place as Helm's, or beside, as a handover.

use super::{Failure, Global, Outcome, upgrade_beside, upgrade_in_place};

/// Upgrade a release in place (RELEASE CHART), or hand over to a new release beside it (--current-release A --future-release B)
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    in_place: upgrade_in_place::Args,
    #[command(flatten)]
    beside: upgrade_beside::Args,
}

/// Runs the form that the flags ask for.
pub fn run(global: &Global, args: &Args) -> Outcome {
    if !args.beside.is_meant() {
        return upgrade_in_place::run(global, &args.in_place);
    }
    if args.in_place.release.is_some() {
        return Err(Failure::Usage(
            "error: a release to be upgraded in place was named together with --current-release, --future-release or --resume\n  \
             in place: vulas-native upgrade RELEASE CHART\n  \
             beside:   vulas-native upgrade --core-namespace NS --current-release A --future-release B"
                .into(),
        ));
    }
    upgrade_beside::run(global, &args.beside, &args.in_place)
}
