//! Install, upgrade, rollback and uninstall as transactions over release and cluster.
//!
//! An operation renders, reads the live state, has every object checked by the server (dry run), and only then writes: a pending
//! record, hooks, objects in Helm's order with those of a kind in parallel, and, when all is ready, the mark `deployed`. What
//! fails, times out or is interrupted before that mark is put back. A run that is killed leaves a pending record and a Lease that
//! expires; the next run puts back what it left.
//!
//! | file | subject |
//! |---|---|
//! | `install`, `upgrade`, `rollback`, `uninstall`, `test` | the operations |
//! | `releases` | records in the cluster |
//! | `revise` | a revision that is written and not applied |
//! | `options`, `error` | what the caller says, what he is told |
//! | `objects` | objects of a manifest made ready to apply: namespace, ownership |
//! | `plan` | what an operation will do, found out without a write |
//! | `check` | the server's dry run of every object |
//! | `transaction` | doing it |
//! | `putback` | taking it back |
//! | `deletion` | deleting one object, never its claims |
//! | `migrate` | fields of client-side apply become those of server-side apply |
//! | `hooks` | objects that are created at a certain moment |
//! | `lock`, `recover` | one operation at a time; what a killed run left |
//! | `rendering` | charts with the cluster's capabilities and `lookup` |
//! | `schemas` | what schemas of values refer to on the network |

mod check;
mod deletion;
mod error;
mod hooks;
mod install;
mod live;
mod lock;
mod migrate;
mod objects;
mod options;
mod plan;
mod putback;
mod recover;
mod releases;
mod rendering;
mod revise;
mod rollback;
pub mod schemas;
mod signals;
mod template;
mod test;
mod transaction;
mod uninstall;
mod upgrade;

pub use error::{Error, Outcome};
pub use install::{check_labels, install, is_name};
pub use options::{
    Common, DryRun, InstallOptions, OnFailure, Rendering, Reuse, TestOptions, UninstallOptions, UpgradeOptions, Wait,
};
pub use plan::{Action, Change, Plan};
pub use releases::Releases;
pub use revise::revise;
pub use rollback::rollback;
pub use template::Seen;
pub use test::{Tested, test};
pub use uninstall::{Uninstalled, uninstall};
pub use upgrade::upgrade;

/// The field manager of objects of releases. Helm's own, so that both own and prune the same fields.
pub const MANAGER: &str = "helm";
