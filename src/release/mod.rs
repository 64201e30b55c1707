//! The release record: what it holds, how it is stored, its history, and the objects of its manifest.
//!
//! Records are Helm 4's, field for field and byte for byte in their envelope, so that either program reads, upgrades and rolls
//! back what the other one installed.
//!
//! | file | subject |
//! |---|---|
//! | `record` | the record's fields |
//! | `time` | times as Go writes and prints them |
//! | `codec` | JSON, gzip, base64 |
//! | `stored` | the Secret around a record: name, labels, check sum |
//! | `chart` | chart and values in the form that records hold |
//! | `parts` | records too large for one Secret |
//! | `history` | the revisions of a release: last, deployed, too old |
//! | `manifest` | documents and objects of a manifest |
//! | `order` | in which order kinds are installed and removed |

pub mod chart;
pub mod codec;
pub mod history;
pub mod manifest;
pub mod order;
pub mod parts;
mod record;
pub mod stored;
mod time;

pub use history::History;
pub use record::{ApplyMethod, Hook, HookExecution, HookPhase, Info, Release, Status};
pub use time::Time;

/// A Kubernetes object or another JSON value.
pub type Json = serde_json::Value;

/// What can be wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stored form cannot be read.
    #[error("the release record {key} cannot be read: {cause}")]
    Unreadable {
        /// Name of the Secret.
        key: String,
        /// Why.
        cause: String,
    },
    /// The check sum that was stored with the record is not the record's.
    #[error(
        "the release record {key} was changed after it was written (SHA-256 {found}, written {written}): restore the Secret \
         from a backup, or delete it to go on without this revision"
    )]
    Damaged {
        /// Name of the Secret.
        key: String,
        /// Check sum of what is there.
        found: String,
        /// Check sum that was written.
        written: String,
    },
    /// A record does not fit a Secret.
    #[error(
        "the release record {key} has {size} bytes, a Secret holds at most {limit}: shrink the chart (large files, \
         unused templates) or the values"
    )]
    TooLarge {
        /// Name of the Secret.
        key: String,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// A manifest that is not YAML, or whose documents are not objects.
    #[error("{0}")]
    Manifest(String),
}
