//! Where the chart of a command line comes from: a directory, an archive or the program itself.

use std::path::Path;

use crate::chart::gather::Gatherer;
use crate::chart::{self, Chart, Error, Location, Notices, goerr};

/// Helm's flags for charts of repositories and registries. Charts are local here: the flags that say how to fetch one are taken
/// without effect, so that command lines for Helm can be used; those that ask for more than a local chart can give are refused.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct ChartSource {
    #[arg(long, hide = true, default_value = "")]
    version: String,
    #[arg(long, hide = true)]
    devel: bool,
    #[arg(long, hide = true, default_value = "")]
    repo: String,
    #[arg(long, hide = true)]
    verify: bool,
    #[command(flatten)]
    access: Access,
    #[arg(long, hide = true)]
    pass_credentials: bool,
}

/// How to reach repositories and registries: taken without effect.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Access {
    #[arg(long, hide = true)]
    keyring: Option<String>,
    #[arg(long, hide = true)]
    username: Option<String>,
    #[arg(long, hide = true)]
    password: Option<String>,
    #[arg(long, hide = true)]
    cert_file: Option<String>,
    #[arg(long, hide = true)]
    key_file: Option<String>,
    #[arg(long, hide = true)]
    ca_file: Option<String>,
    #[arg(long, hide = true)]
    insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    plain_http: bool,
}

impl ChartSource {
    /// Finds the chart.
    ///
    /// # Errors
    /// Helm's texts for what is not there; what only a repository could give.
    pub fn locate(&self, reference: &str) -> Result<Location, Error> {
        if !self.repo.is_empty() {
            return Err(Error::new(format!(
                "--repo {} is not asked: charts come from directories, archives or the program itself; download the chart first",
                self.repo
            )));
        }
        let location = chart::locate(reference)?;
        if let (true, Location::Path(path)) = (self.verify, &location) {
            check_provenance(path)?;
        }
        Ok(location)
    }

    /// Notes what Helm says with `--debug` of the version that is asked for.
    pub fn note_version(&self, what: &str, notices: &Notices) {
        notices.debug(what, || vec![("version", self.version.clone())]);
        if self.version.is_empty() && self.devel {
            notices.debug("setting version to >0.0.0-0", Vec::new);
        }
    }
}

/// `--verify`: signatures are not read, so nothing is ever found to be genuine.
fn check_provenance(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Err(Error::new("unpacked charts cannot be verified"));
    }
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tgz")) {
        return Err(Error::new("chart must be a tgz file"));
    }
    let signature = format!("{}.prov", path.display());
    if let Err(error) = std::fs::metadata(&signature) {
        let reason = goerr::path_error("stat", Path::new(&signature), &error);
        return Err(Error::new(format!("could not load provenance file {signature}: {reason}")));
    }
    Err(Error::new(
        "--verify is not supported: signatures of charts are not read; check them with gpg, then leave it out",
    ))
}

/// Loads a chart and checks that it can be installed and that the charts it needs are there. With `update`, which says whether
/// each step is told, missing ones are gathered first. `load` reads what is no embedded chart.
///
/// # Errors
/// Helm's texts.
pub fn load_installable(
    location: &Location,
    load: fn(&Path, &Notices) -> Result<Chart, Error>,
    update: Option<bool>,
    notices: &Notices,
) -> Result<Chart, Error> {
    let load = || match location {
        Location::Path(path) => load(path, notices),
        Location::Embedded(name) => chart::load(name, notices),
    };
    let chart = load()?;
    if let (Some(verbose), Location::Path(path)) = (update, location)
        && chart.check_dependencies().is_err()
    {
        chart.check_installable_kind(notices)?;
        let mut gatherer = Gatherer::new(path, verbose, notices);
        let result = gatherer.update();
        // What was done is done, whoever hears of it.
        let _ = super::output::print(gatherer.told.as_bytes());
        result?;
        return load().map_err(|e| e.within("failed reloading chart after repo update"));
    }
    chart.check_installable(notices)?;
    Ok(chart)
}
