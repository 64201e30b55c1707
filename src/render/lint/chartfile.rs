//! Rules for `Chart.yaml`.

use super::{Linter, Severity, urls};
use crate::chart::notice::quote;
use crate::chart::{Metadata, goerr};
use crate::goyaml;
use crate::sprig::semver;

const FILE: &str = "Chart.yaml";

pub fn lint(linter: &mut Linter<'_>) {
    let path = linter.directory.join(FILE);
    if path.is_dir() {
        linter.add(Severity::Error, FILE, "should be a file, not a directory");
    }
    let mut metadata = Metadata::default();
    let data = goerr::read_file(&path).and_then(|data| metadata.read(&data).map(|()| data));
    let data = match data {
        Ok(data) => data,
        Err(error) => {
            linter.add(Severity::Error, FILE, format!("unable to parse YAML\n\t{error}"));
            return;
        }
    };
    let strict = Metadata::read_strictly(&data);
    linter.check(
        Severity::Warning,
        FILE,
        strict.map_err(|e| format!("failed to strictly parse chart metadata file\n\t{e}")),
    );
    for result in [
        name(&metadata),
        api_version(&metadata),
        is_string(&data, "version"),
        version(&metadata),
        is_string(&data, "appVersion"),
        maintainers(&metadata),
        sources(&metadata),
    ] {
        linter.check(Severity::Error, FILE, result);
    }
    if metadata.icon.is_empty() {
        linter.add(Severity::Info, FILE, "icon is recommended");
    } else if !urls::is_request_url(&metadata.icon) {
        linter.add(Severity::Error, FILE, format!("invalid icon URL '{}'", metadata.icon));
    }
    let (generation, second) = (&metadata.api_version, "v2");
    if !metadata.kind.is_empty() && generation != second {
        let text =
            format!("chart type is not valid in apiVersion '{generation}'. It is valid in apiVersion '{second}'");
        linter.add(Severity::Error, FILE, text);
    }
    if metadata.lists_dependencies() && generation != second {
        let text = format!(
            "dependencies are not valid in the Chart file with apiVersion '{generation}'. They are valid in apiVersion \
             '{second}'"
        );
        linter.add(Severity::Error, FILE, text);
    }
    if semver::Version::parse_strict(&metadata.version).is_none() {
        let text = format!("version '{}' is not a valid SemVerV2", metadata.version);
        linter.add(Severity::Warning, FILE, text);
    }
}

fn name(metadata: &Metadata) -> Result<(), String> {
    if metadata.name.is_empty() {
        return Err("name is required".into());
    }
    if metadata.name.contains('/') && metadata.name != "/" {
        return Err(format!("chart name {} is invalid", quote(&metadata.name)));
    }
    Ok(())
}

fn api_version(metadata: &Metadata) -> Result<(), String> {
    match metadata.api_version.as_str() {
        "v1" | "v2" => Ok(()),
        "" => Err("apiVersion is required. The value must be either \"v1\" or \"v2\"".into()),
        other => Err(format!("apiVersion '{other}' is not valid. The value must be either \"v1\" or \"v2\"")),
    }
}

/// YAML reads `1.0` as a number; Helm turns it into a string, but not always the one that was meant.
fn is_string(data: &[u8], key: &str) -> Result<(), String> {
    let read = goyaml::from_yaml_map(data).unwrap_or_default();
    match read.as_map().and_then(|map| map.get(key)) {
        Some(value) if value.as_str().is_none() => {
            Err(format!("{key} should be of type string but it's of type {}", value.type_name()))
        }
        _ => Ok(()),
    }
}

fn version(metadata: &Metadata) -> Result<(), String> {
    if metadata.version.is_empty() {
        return Err("version is required".into());
    }
    let Ok(version) = semver::Version::parse(&metadata.version) else {
        return Err(format!("version '{}' is not a valid SemVer", metadata.version));
    };
    // The least of all versions is the only one that is not above it.
    if (version.major, version.minor, version.patch, version.pre.as_str()) == (0, 0, 0, "0") {
        return Err(format!("version {} is less than or equal to \"0.0.0-0\"", quote(&version.to_string())));
    }
    Ok(())
}

fn maintainers(metadata: &Metadata) -> Result<(), String> {
    let null = metadata.null_maintainer();
    for maintainer in metadata.maintainers.iter().take(null.unwrap_or(usize::MAX)) {
        if maintainer.name.is_empty() {
            return Err("each maintainer requires a name".into());
        }
        if !maintainer.email.is_empty() && !urls::is_email(&maintainer.email) {
            return Err(format!("invalid email '{}' for maintainer '{}'", maintainer.email, maintainer.name));
        }
        if !maintainer.url.is_empty() && !urls::is_url(&maintainer.url) {
            return Err(format!("invalid url '{}' for maintainer '{}'", maintainer.url, maintainer.name));
        }
    }
    null.map_or(Ok(()), |_| Err("a maintainer entry is empty".into()))
}

fn sources(metadata: &Metadata) -> Result<(), String> {
    match metadata.sources.iter().find(|source| source.is_empty() || !urls::is_request_url(source)) {
        Some(source) => Err(format!("invalid source URL '{source}'")),
        None => Ok(()),
    }
}
