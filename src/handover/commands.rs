//! The commands that can be given next, ready to paste.

use super::{Journal, State};

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._/-:@,+=".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Something that can be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// `Go over`
    pub what: &'static str,
    /// The command that does it.
    pub command: String,
}

/// The commands that belong to a handover.
pub struct Commands<'a> {
    journal: &'a Journal,
    admin_release: &'a str,
}

impl<'a> Commands<'a> {
    /// The commands of a handover; the admin release is a guess where it was never given.
    pub fn of(journal: &'a Journal) -> Self {
        let routed = journal.route.as_ref().map(|route| route.release.as_str());
        let admin_release = routed.or(journal.admin_release.as_deref()).unwrap_or("admin");
        Self { journal, admin_release }
    }

    fn admin(&self) -> String {
        self.journal.admin_namespace.as_ref().map(|ns| format!(" --admin-namespace {ns}")).unwrap_or_default()
    }

    fn route_to(&self, release: &str) -> String {
        let namespace = &self.journal.namespace;
        let admin = self.journal.admin_namespace.as_deref().unwrap_or("ADMIN-NAMESPACE");
        let mut command = format!(
            "vulas-native route --core-namespace {namespace} --core-release {release} --admin-namespace {admin} --admin-release {}",
            self.admin_release
        );
        if let Some(route) = &self.journal.route {
            if route.release_value != super::RELEASE_VALUE {
                command.push_str(&format!(" --release-value {}", quoted(&route.release_value)));
            }
            if route.admin_chart != super::ADMIN_CHART {
                command.push_str(&format!(" --chart {}", quoted(&route.admin_chart)));
            }
        }
        command
    }

    /// Moves the traffic to beta.
    pub fn route(&self) -> String {
        self.route_to(&self.journal.beta)
    }

    /// Moves the traffic back to alpha.
    pub fn route_back(&self) -> String {
        self.route_to(&self.journal.alpha)
    }

    /// Gives beta up.
    pub fn retreat(&self) -> String {
        format!("vulas-native retreat --core-namespace {}{}", self.journal.namespace, self.admin())
    }

    /// Retires alpha.
    pub fn finish(&self) -> String {
        format!("vulas-native finish --core-namespace {}{}", self.journal.namespace, self.admin())
    }

    /// Goes on after an interruption.
    pub fn resume(&self) -> String {
        format!("vulas-native upgrade --resume --core-namespace {}{}", self.journal.namespace, self.admin())
    }

    /// Shows where it stands.
    pub fn status(&self) -> String {
        format!("vulas-native status --core-namespace {}", self.journal.namespace)
    }

    /// What can be done next, in every place that tells it.
    pub fn next(&self) -> Vec<Next> {
        let next = |what, command| Next { what, command };
        match self.journal.state {
            State::Up => vec![
                next("See where it stands", self.status()),
                next("Go over", self.route()),
                next("Give it up", self.retreat()),
            ],
            State::Routed => vec![
                next("Retire the former release", self.finish()),
                next("Go back", self.route_back()),
                next("Give it up", format!("{} --accept-loss", self.retreat())),
            ],
            State::Upgrading => vec![next("Go on", self.resume()), next("Take it back", self.retreat())],
            State::Retreating => vec![next("Go on", self.retreat())],
            State::Finishing => vec![next("Go on", self.finish())],
            State::Retreated | State::Finished => Vec::new(),
        }
    }
}
