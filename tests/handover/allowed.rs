//! What a user may not do, and what a chart does not have, is found out before anything is changed.

use vulas_native::sandbox::{Config, Deny, Pace};

use super::Sandbox;

#[test]
fn what_only_the_way_back_needs_is_asked_for_before() {
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/values/database-only.yaml");
    let deny = vec![Deny::new("delete", "apps", "statefulsets"), Deny::new("delete", "", "services")];
    let mut sandbox = Sandbox::new(Config { pace: Pace::fast(), deny, ..Config::default() });
    sandbox.stage.core_values.push(values.into());
    sandbox.stage.install_alpha(&[]);
    sandbox.refuses(&[], &["no permission to delete statefulsets.apps", "no permission to delete services"]);
}

#[test]
fn a_fence_without_writers_is_refused_before_anything_is_changed() {
    let sandbox = Sandbox::small();
    sandbox.refuses(
        &["--fence", "scale"],
        &["release alpha has no Deployment labelled vulas-native/database-writer=true", "--fence=read-only"],
    );
}
