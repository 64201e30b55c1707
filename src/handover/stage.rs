//! The steps of an upgrade.

use serde::{Deserialize, Serialize};

/// A step of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Every reason not to begin, before anything is changed.
    Preflight,
    /// What could take the volume away is made safe.
    Protect,
    /// Alpha's position is recorded, and the replica has replayed it.
    Fork,
    /// The replica is given up by its StatefulSet.
    Detach,
    /// Its volume becomes a master of its own.
    Promote,
    /// Beta is installed on it.
    Install,
    /// Beta holds what it should.
    Verify,
    /// The handover is recorded as ready for the traffic.
    Record,
}

impl Stage {
    /// In their order.
    pub const ALL: [Self; 8] = [
        Self::Preflight,
        Self::Protect,
        Self::Fork,
        Self::Detach,
        Self::Promote,
        Self::Install,
        Self::Verify,
        Self::Record,
    ];

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Protect => "protect",
            Self::Fork => "fork",
            Self::Detach => "detach",
            Self::Promote => "promote",
            Self::Install => "install",
            Self::Verify => "verify",
            Self::Record => "record",
        }
    }

    /// What taking it back means.
    pub fn undoing(self) -> &'static str {
        match self {
            Self::Preflight => "end",
            Self::Protect => "restore settings",
            Self::Fork => "lift the fence",
            Self::Detach => "bring the replica back",
            Self::Promote => "remove the Job",
            Self::Install => "remove beta",
            Self::Verify | Self::Record => "forget",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
