//! A run that goes on finds the chart that the first one had, and no other.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use super::{Sandbox, State, support::helm::copy};

#[test]
fn a_run_that_goes_on_finds_its_chart_from_another_folder_and_only_that() {
    let sandbox = Sandbox::small();
    let stage = &sandbox.stage;
    stage.sql("alpha-database-master-0", "CREATE TABLE visit (id bigint, note text);");
    // Named without a slash, as an embedded one is.
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("mychart");
    copy(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vendor-charts/core")), &chart);
    let command = stage.upgrade_command();
    let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    arguments.extend(["--chart", "mychart"]);
    let mut first = stage.command(&arguments);
    first.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = first.spawn().unwrap();
    let said = BufReader::new(first.stderr.take().unwrap()).lines();
    assert!(said.map_while(Result::ok).any(|line| line.contains("3 fork")), "it ended before");
    first.kill().unwrap();
    first.wait().unwrap();

    let resume = || stage.run(&["upgrade", "--resume", "--core-namespace", &stage.core]);
    let template = chart.join("templates/networkpolicy.yaml");
    let before = std::fs::read(&template).unwrap();
    std::fs::write(&template, [&before[..], b"\n# more\n"].concat()).unwrap();
    resume()
        .ended(1)
        .said("is not the core 3.2.0 any more that beta was to be made from")
        .said("vulas-native retreat")
        .said("Nothing has been changed.");
    let aside = folder.path().join("aside");
    std::fs::rename(&chart, &aside).unwrap();
    resume().ended(1).said("can't be read any more at /").said("Nothing has been changed.");
    let journal = stage.runtime.block_on(super::Journal::load(&stage.cluster, &stage.core)).unwrap().unwrap();
    assert_eq!(journal.state, State::Upgrading);
    std::fs::rename(&aside, &chart).unwrap();
    std::fs::write(&template, before).unwrap();
    resume().ended(0).said("beta is up");
    stage.retreat(&[]).ended(0);
    stage.replica_follows("visit");
}
