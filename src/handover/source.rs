//! Where a chart comes from, so that a later run, in another folder, finds it; and whether it is still what it was.

use sha2::{Digest as _, Sha256};

use super::{Commands, Error, Journal, Progress, Stage, releases};
use crate::{
    chart::{self, Chart, Location},
    release::chart::to_record,
};

/// The reference by which the same chart is found from every folder.
pub fn lasting(reference: &str) -> String {
    match chart::locate(reference) {
        Ok(Location::Path(path)) => std::fs::canonicalize(&path).unwrap_or(path).display().to_string(),
        _ => reference.into(),
    }
}

/// SHA-256 of all that a chart and its subcharts are made of, in hex.
pub fn digest(chart: &Chart) -> String {
    let mut hasher = Sha256::new();
    add(&mut hasher, chart);
    format!("{:x}", hasher.finalize())
}

fn add(hasher: &mut Sha256, chart: &Chart) {
    // Each part after its length, so that nothing can move from one to another unseen.
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(to_record(chart).to_string().as_bytes());
    for file in &chart.raw_values {
        part(file.name.as_bytes());
        part(file.data.as_bytes());
    }
    part(&(chart.dependencies.len() as u64).to_be_bytes());
    for subchart in &chart.dependencies {
        add(hasher, subchart);
    }
}

/// Refuses to go on with a chart that is gone, or is not the one that the handover was begun with, as long as it is needed.
///
/// # Errors
/// [`Error::Unfit`]
pub fn must_be_same(journal: &Journal) -> Result<(), Error> {
    if journal.progress(Stage::Install) == Progress::Done {
        return Ok(());
    }
    let (future, beta) = (&journal.future, &journal.beta);
    let retreat = Commands::of(journal).retreat();
    match releases::load(&future.chart) {
        Err(cause) => Err(Error::unfit(
            format!("{}, the chart of {beta}, can't be read any more at {}: {cause}", future.title, future.chart),
            format!("put it back there and go on, or take the handover back: {retreat}"),
        )),
        Ok(chart) if future.digest.as_ref().is_some_and(|known| *known != digest(&chart)) => Err(Error::unfit(
            format!(
                "chart {} is not the {} any more that {beta} was to be made from: its files have changed",
                future.chart, future.title
            ),
            format!(
                "put the former one back (an embedded one is in the version of this program that began) and go on, or take the handover back and begin anew: {retreat}"
            ),
        )),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::File;

    #[test]
    fn a_reference_lasts() {
        assert_eq!(lasting("core"), "core");
        let absolute = lasting("vendor-charts/core");
        assert!(absolute.starts_with('/') && absolute.ends_with("/vendor-charts/core"), "{absolute}");
        assert_eq!(lasting("not/there"), "not/there");
    }

    #[test]
    fn a_digest_tells_charts_apart_down_to_their_subcharts() {
        let chart = releases::load("core").unwrap();
        let same = digest(&chart);
        assert_eq!(same, digest(&releases::load("core").unwrap()));
        let changes: [fn(&mut Chart); 4] = [
            |chart| chart.metadata.app_version.push('x'),
            |chart| chart.templates.push(File::new("templates/more.yaml", "a: b")),
            |chart| chart.raw_values[0].data = "a: b".into(),
            |chart| drop(chart.dependencies[1].templates.pop()),
        ];
        for change in changes {
            let mut other = chart.clone();
            change(&mut other);
            assert_ne!(same, digest(&other));
        }
    }
}
