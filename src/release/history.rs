//! The revisions of a release.

use super::{Release, Status};

/// The revisions of one release, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History(Vec<Release>);

impl History {
    /// Sorts revisions.
    pub fn new(mut revisions: Vec<Release>) -> Self {
        revisions.sort_by_key(|release| release.version);
        Self(revisions)
    }

    /// All revisions, oldest first.
    pub fn revisions(&self) -> &[Release] {
        &self.0
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest revision.
    pub fn last(&self) -> Option<&Release> {
        self.0.last()
    }

    /// A revision by its number.
    pub fn get(&self, version: i64) -> Option<&Release> {
        self.0.iter().find(|release| release.version == version)
    }

    /// The newest deployed revision. There may be several when an operation was cut short between its last two writes.
    pub fn deployed(&self) -> Option<&Release> {
        self.0.iter().rev().find(|release| release.info.status == Status::Deployed)
    }

    /// All deployed revisions.
    pub fn all_deployed(&self) -> impl Iterator<Item = &Release> {
        self.0.iter().filter(|release| release.info.status == Status::Deployed)
    }

    /// The revision whose manifest is what the cluster holds, which an upgrade starts from: the deployed one; else the last one
    /// that failed or was superseded (Helm, `Upgrade.prepareUpgrade`).
    pub fn current(&self) -> Option<&Release> {
        self.deployed()
            .or_else(|| self.last().filter(|last| matches!(last.info.status, Status::Failed | Status::Superseded)))
    }

    /// The revisions to delete so that, with one more, at most `most` remain: the oldest, but never the deployed one.
    /// `most` 0 keeps all.
    pub fn too_old(&self, most: usize) -> Vec<i64> {
        let Some(room) = most.checked_sub(1) else { return Vec::new() };
        let deployed = self.deployed().map(|release| release.version);
        let surplus = self.0.len().saturating_sub(room);
        self.0
            .iter()
            .map(|release| release.version)
            .filter(|version| Some(*version) != deployed)
            .take(surplus)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(states: &[Status]) -> History {
        let revisions = states.iter().zip(1..).map(|(status, version)| {
            let mut release = Release { version, ..Default::default() };
            release.info.status = *status;
            release
        });
        let mut revisions: Vec<Release> = revisions.collect();
        // In any order, as the API returns them by name: v1, v10, v2.
        revisions.reverse();
        History::new(revisions)
    }

    use Status::{Deployed, Failed, PendingUpgrade, Superseded, Uninstalled};

    #[test]
    fn the_current_revision() {
        let version = |states: &[Status]| history(states).current().map(|release| release.version);
        assert_eq!(version(&[Superseded, Deployed, Failed]), Some(2));
        assert_eq!(version(&[Failed]), Some(1));
        assert_eq!(version(&[Superseded, PendingUpgrade]), None);
        assert_eq!(version(&[Uninstalled]), None);
        assert_eq!(version(&[Deployed, Deployed]), Some(2));
    }

    #[test]
    fn old_revisions_make_room_and_the_deployed_one_stays() {
        let three = history(&[Superseded, Superseded, Deployed]);
        assert_eq!(three.too_old(10), [] as [i64; 0]);
        assert_eq!(three.too_old(3), [1]);
        assert_eq!(three.too_old(1), [1, 2]);
        assert_eq!(three.too_old(0), [] as [i64; 0]);
        assert_eq!(history(&[Deployed, Failed, Failed]).too_old(2), [2, 3]);
    }
}
