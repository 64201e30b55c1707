//! The upgrade of one release to another across a schema change, on a replica's volume, and its way back.
//!
//! `alpha` is the release that is left, `beta` the one that is gone over to. An upgrade is a row of [`Stage`]s, each
//! idempotent, each with its undoing; the [`Journal`] is written before and after each, so that a run that was killed at
//! any instant can be resumed ([`resume`]) or taken back ([`retreat`]).
//!
//! | file | subject |
//! |---|---|
//! | `journal` | what has been done: a Secret in the core namespace |
//! | `envelope` | how that is packed, and what of it people can read |
//! | `layout`, `containers` | where alpha's database lives, found by asking |
//! | `preflight` | every reason not to begin, all at once |
//! | `permissions` | what the steps and their undoing must be allowed |
//! | `hazards`, `keepers` | what in the database, and who in the cluster, stands in the way |
//! | `versions` | which versions of PostgreSQL can be handed over |
//! | `choices`, `credentials`, `fit` | which values give beta the volume and the passwords, and whether it would run on it |
//! | `protect`, `fork`, `detach`, `promote`, `install`, `verify` | one step each: doing and undoing |
//! | `job` | the Job that promotes: its life, and the proof that it changed nothing |
//! | `fence` | what keeps alpha from writing: raised, in force, lifted |
//! | `writers` | the Deployments that write to alpha's database |
//! | `hold` | fields of alpha's objects that the handover holds for its time |
//! | `record` | alpha's own release record with the lowered number of replicas |
//! | `run` | the row of steps, its failures and their undoing |
//! | `takeover` | whether alpha can take over again, asked before anything of beta is taken away |
//! | `route`, `retreat`, `finish`, `status` | what comes after |
//! | `ready`, `legacy` | whether a release can serve, and what beta needs when alpha goes |
//! | `traffic` | which admin releases lead to beta |
//! | `moment`, `written`, `divergence` | what was written since, to beta and to alpha |
//! | `source` | where a chart is found again, and whether it is still the same |
//! | `releases`, `claims`, `values` | what releases, volumes and values look like from here |
//! | `promote.sh` | runs in the cluster, on the volume |

mod choices;
mod claims;
mod commands;
mod containers;
mod credentials;
mod detach;
mod divergence;
mod envelope;
mod error;
mod fence;
mod finish;
mod fit;
mod fork;
mod hazards;
mod hold;
mod install;
mod job;
mod journal;
mod keepers;
mod layout;
mod legacy;
mod moment;
mod options;
mod permissions;
mod preflight;
mod promote;
mod protect;
mod ready;
mod record;
mod releases;
mod retreat;
mod route;
mod run;
mod source;
mod stage;
mod status;
mod takeover;
mod traffic;
mod values;
mod verify;
mod versions;
mod writers;
mod written;

pub use commands::{Commands, Next};
pub use divergence::Divergence;
pub use error::{Error, Problem};
pub use finish::{FinishOptions, finish};
pub use journal::{
    Fork, Former, Future, Journal, NAME as JOURNAL_NAME, Progress, Promotion, Route, Scaled, State, StepRecord, now,
};
pub use layout::{Given, Layout, Place, Volume};
pub use moment::Moment;
pub use options::{Fence, Show, UpgradeOptions};
pub use retreat::{RetreatOptions, retreat};
pub use route::{ADMIN_CHART, RELEASE_VALUE, RouteOptions, Routed, route};
pub use run::{resume, upgrade};
pub use stage::Stage;
pub use status::{Status, status};
pub use written::Glance;

/// The field manager of the handover's own writes: whoever finds a changed field sees who holds it.
pub const MANAGER: &str = "vulas-native";
/// The Lease that keeps two operators of a namespace apart.
pub const LEASE: &str = "vulas-native-handover";
