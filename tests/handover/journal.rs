//! What the journal's Secret holds, and for whom.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::{Rng as _, distr::Alphanumeric};
use vulas_native::{cluster::Json, handover};

use super::{Journal, Sandbox, Stage, State};

fn secret(stage: &Stage) -> Json {
    stage.get(&stage.namespaced("v1", "Secret", handover::JOURNAL_NAME)).unwrap()
}

#[test]
fn a_plain_journal_of_an_older_version_is_gone_on_with() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    stage.upgrade(&[]).ended(0);
    let mut found = secret(stage);
    let packed = STANDARD.decode(found["data"]["journal"].as_str().unwrap()).unwrap();
    assert_eq!(packed[..2], [0x1f, 0x8b], "it is not compressed");
    let notes = found["metadata"]["annotations"].clone();
    assert_eq!((&notes["vulas-native/state"], &notes["vulas-native/to"]), (&"up".into(), &"beta".into()));
    assert!(notes["vulas-native/read-by"].as_str().unwrap().ends_with("| base64 -d | gunzip"), "{notes}");
    // As it was written before.
    let journal = stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    found["data"]["journal"] = STANDARD.encode(serde_json::to_vec(&journal).unwrap()).into();
    stage.runtime.block_on(stage.cluster.replace(&found, "test")).unwrap();
    stage.status().ended(0).said("beta is up beside alpha").said("fork at");
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
    let journal = stage.runtime.block_on(Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    assert_eq!(journal.state, State::Retreated);
}

#[test]
fn a_handover_that_could_not_be_recorded_does_not_begin() {
    let sandbox = Sandbox::small();
    let values = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let filler: String = rand::rng().sample_iter(Alphanumeric).take(1_300_000).map(char::from).collect();
    std::fs::write(values.path(), format!("restbackend:\n  env:\n    FILLER: {filler}\n")).unwrap();
    sandbox.refuses(
        &["-f", &values.path().display().to_string()],
        &[
            "the journal of this handover could not be written to its end",
            "a Secret holds 1048 kB",
            "give shorter values",
        ],
    );
}
